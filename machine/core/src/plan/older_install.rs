//! A disk that holds an install already: Talos that finds its STATE partition uses the config in
//! it, and never asks for another.
//!
//! `talos.experimental.wipe=system` on the kernel line wipes what Talos takes for its own: the disk
//! with the first META partition, and those with STATE and EPHEMERAL, whichever disks these are. It
//! knows nothing of the disk that a permission names. So it is sent by itself only where what is
//! found there is known to be our own, on that very disk; else a person is asked, and may ask for it.

use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{Boot, BootOrigin, BootStep};
use crate::intent::IntentKind;
use crate::machine::Failure;
use crate::plan::failure::failure;
use crate::plan::pace::POWER_ON_SELF_TEST;
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// The step that an older install on the disk calls for.
pub(crate) fn plan_older_install(
    work: &Work<'_>,
    attempt: &Attempt,
    now: Timestamp,
) -> Option<Step> {
    if attempt.wipe.is_none() && (is_asked_for(work) || has_failed_before(work)) {
        return Some(Step::Act(Action::PlanWipe));
    }
    let boot = unasked(work, attempt)?;
    if attempt.wipe.is_some_and(|wipe| wipe.boot == Some(boot.id)) {
        return wait_for_wipe(attempt, boot, now);
    }
    if now.since(boot.step_at) < work.config_request_timeout {
        return None;
    }
    match attempt.wipe {
        None if is_ours(work, attempt) => Some(Step::Act(Action::PlanWipe)),
        None => Some(Step::GiveUp(foreign_install(work, attempt))),
        // The next boot wipes: it is started for that.
        Some(wipe) if wipe.boot.is_none() => None,
        Some(_) => Some(Step::GiveUp(wiped_in_vain(work, attempt))),
    }
}

/// The step of a system that has its config and does not begin to install, after an attempt that
/// did: what that one left makes Talos take itself for installed. Whether another disk holds data
/// that Talos takes for its own is not known, so a person is asked.
pub(crate) fn plan_leftover(
    work: &Work<'_>,
    attempt: &Attempt,
    released: Timestamp,
    now: Timestamp,
) -> Option<Step> {
    let boot = work
        .dossier
        .boots
        .iter()
        .find(|it| attempt.boot == Some(it.id))?;
    let stands_still = attempt.wipe.is_none()
        && boot.step < BootStep::Installing
        && now.since(released) >= work.config_request_timeout
        && was_cut_off_before(work);
    stands_still.then(|| Step::GiveUp(leftover(work, attempt)))
}

/// The wait for a boot that wipes. It asks for no config: Talos wipes and restarts, and firmware may
/// test itself for longer than a system may take to ask. Only the boot after it shows whether the
/// wipe helped. One that is silent for longer than firmware may be is started anew as any other.
fn wait_for_wipe(attempt: &Attempt, boot: &Boot, now: Timestamp) -> Option<Step> {
    let until = boot.step_at.plus(POWER_ON_SELF_TEST);
    (now < until).then(|| Step::Wait {
        until: Some(until),
        why: format!(
            "it wipes the older install on {}, then restarts by itself",
            attempt.assignment.disk
        ),
    })
}

/// Whether a person asked for a wipe with this permission, and no boot of it has wiped yet.
fn is_asked_for(work: &Work<'_>) -> bool {
    let has_wiped = |it: &Attempt| it.wipe.is_some_and(|wipe| wipe.boot.is_some());
    work.dossier
        .intent
        .as_ref()
        .is_some_and(|it| it.kind == IntentKind::Reimage || Sabotage::WipedUnasked.is_on())
        && !work.dossier.attempts.iter().any(has_wiped)
}

/// The boot of this attempt whose system has started, and has not fetched its config.
pub(crate) fn unasked<'a>(work: &Work<'a>, attempt: &Attempt) -> Option<&'a Boot> {
    work.dossier.boots.first().filter(|boot| {
        boot.origin == BootOrigin::Network
            && boot.step == BootStep::System
            && attempt.boot == Some(boot.id)
    })
}

/// Whether the installer of the attempt before ended with an error. Talos keeps its config then, in
/// a STATE that it makes on this very disk. It had found nothing installed before, or it would not
/// have asked: so the install that is found now is known to be ours.
fn has_failed_before(work: &Work<'_>) -> bool {
    let end = released_before(work).and_then(|it| it.closed);
    matches!(end, Some((_, AttemptEnd::InstallerFailed)))
}

/// Whether the attempt before began to write, and was cut off. What it left is not known: all, a
/// part, or nothing.
fn was_cut_off_before(work: &Work<'_>) -> bool {
    let Some(last) = released_before(work) else {
        return false;
    };
    let mut boots = work.dossier.boots.iter();
    boots.any(|boot| last.boot == Some(boot.id) && boot.step >= BootStep::Installing)
}

/// The attempt before the newest whose config was released, under this permission.
fn released_before<'a>(work: &Work<'a>) -> Option<&'a Attempt> {
    let mut earlier = work.dossier.attempts.iter().skip(1);
    earlier.find(|attempt| attempt.release.is_some())
}

/// Whether the system that was found says that it runs on a config of ours for this machine and
/// this disk.
fn is_ours(work: &Work<'_>, attempt: &Attempt) -> bool {
    let is_ours = work.signs.found_on_disk.as_ref().is_some_and(|found| {
        found.machine == work.dossier.machine.id && found.assignment.disk == attempt.assignment.disk
    });
    is_ours || Sabotage::ForeignInstallWiped.is_on()
}

fn foreign_install(work: &Work<'_>, attempt: &Attempt) -> Failure {
    let (name, disk) = (&work.dossier.machine.name, &attempt.assignment.disk);
    let (found, advice) = match &work.signs.found_on_disk {
        Some(found) => (
            format!("it was installed by Drover on {}", found.assignment.disk),
            format!(
                "take that disk out or erase it by hand, or name it in the machine's document; \
                 then: drover machine retry {name}"
            ),
        ),
        None => (
            "it does not say that Drover installed it".to_owned(),
            wipe_advice(name),
        ),
    };
    failure(
        "install",
        &format!(
            "its system started from the network and asked for no config: a disk of it holds an \
             older Talos (a STATE partition), which goes before every other config; {found}, and \
             only {disk} may be erased"
        ),
        &advice,
    )
}

fn wiped_in_vain(work: &Work<'_>, attempt: &Attempt) -> Failure {
    failure(
        "install",
        &format!(
            "the older install on {} was to be wiped in this attempt, and its system still asks \
             for no config",
            attempt.assignment.disk
        ),
        &format!(
            "look at its console; to wipe and install once more: {}",
            wipe_command(&work.dossier.machine.name)
        ),
    )
}

fn leftover(work: &Work<'_>, attempt: &Attempt) -> Failure {
    failure(
        "install",
        &format!(
            "it has its config and does not begin to install: an attempt before was cut off while \
             it wrote {}, and Talos takes what that left for an install",
            attempt.assignment.disk
        ),
        &wipe_advice(&work.dossier.machine.name),
    )
}

/// Talos wipes whatever it takes for its own, so a person has to know the other disks.
fn wipe_advice(name: &str) -> String {
    format!(
        "if no other disk of it holds data of a Talos, have it wiped and installed: {}; else erase \
         the disk by hand, then: drover machine retry {name}",
        wipe_command(name)
    )
}

fn wipe_command(name: &str) -> String {
    format!("drover machine retry {name} --wipe --confirm {name}")
}
