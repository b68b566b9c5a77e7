//! A disk that holds an install already: Talos that finds its STATE partition uses the config in
//! it, and never asks for another.
//!
//! `talos.experimental.wipe=system` on the kernel line wipes what Talos takes for its own: the disk
//! with the first META partition, and those with STATE and EPHEMERAL, whichever disks these are. It
//! knows nothing of the disk that a permission names. So it is sent only where what is found there
//! is known to be our own, on that very disk; else a person is asked.

use std::time::Duration;

use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{Boot, BootOrigin, BootStep};
use crate::machine::Failure;
use crate::plan::failure::failure;
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::time::Timestamp;

/// How long a system that was started from the network may take to ask for its config. Talos asks
/// within seconds; with a card that gets no address or a parameter that can't be filled in within
/// two minutes.
pub(crate) const UNASKED: Duration = Duration::from_mins(5);

/// The step that an older install on the disk calls for.
pub(crate) fn plan_older_install(
    work: &Work<'_>,
    attempt: &Attempt,
    now: Timestamp,
) -> Option<Step> {
    if attempt.wipe.is_none() && was_begun_before(work) {
        return Some(Step::Act(Action::PlanWipe));
    }
    let boot = unasked(work, attempt)?;
    if now.since(boot.step_at) < UNASKED {
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

/// The boot of this attempt whose system has started, and has not fetched its config.
pub(crate) fn unasked<'a>(work: &Work<'a>, attempt: &Attempt) -> Option<&'a Boot> {
    work.boots.first().filter(|boot| {
        boot.origin == BootOrigin::Network
            && boot.step == BootStep::System
            && attempt.boot == Some(boot.id)
    })
}

/// Whether an earlier attempt of this permission has begun to write, and did not come to its end.
/// It had fetched its config and found nothing installed: so there was neither STATE nor META on
/// any disk then, and what is there now was written by it, on the disk that this permission names.
fn was_begun_before(work: &Work<'_>) -> bool {
    let mut earlier = work.attempts.iter().skip(1);
    let Some(last) = earlier.find(|attempt| attempt.release.is_some()) else {
        return false;
    };
    let end = last.closed.map(|(_, end)| end);
    let began = work
        .boots
        .iter()
        .any(|boot| last.boot == Some(boot.id) && boot.step >= BootStep::Installing);
    end == Some(AttemptEnd::InstallerFailed) || began
}

/// Whether the system that was found says that it runs on a config of ours for this machine and
/// this disk.
fn is_ours(work: &Work<'_>, attempt: &Attempt) -> bool {
    work.signs.found_on_disk.as_ref().is_some_and(|found| {
        found.machine == work.machine.id && found.assignment.disk == attempt.assignment.disk
    })
}

fn foreign_install(work: &Work<'_>, attempt: &Attempt) -> Failure {
    let disk = &attempt.assignment.disk;
    let found = match &work.signs.found_on_disk {
        Some(found) => format!("it was installed by Drover on {}", found.assignment.disk),
        None => "it does not say that Drover installed it".to_owned(),
    };
    failure(
        "install",
        &format!(
            "its system started from the network and asked for no config: a disk of it holds an \
             older Talos (a STATE partition), which goes before every other config; {found}, and \
             only {disk} may be erased"
        ),
        &format!(
            "erase the disk with the older Talos (talosctl reset; or one boot with \
             talos.experimental.wipe=system on the kernel line), then: drover machine retry {}",
            work.machine.name
        ),
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
            "look at its console; erase the disk, then: drover machine retry {}",
            work.machine.name
        ),
    )
}
