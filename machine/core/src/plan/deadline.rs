//! When a moving state is given up. The time of an install counts while something is under way, and
//! not while it waits for a person: a permission stands over a weekend, and ends by itself.

use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{BootOrigin, BootStep};
use crate::lifecycle::State;
use crate::plan::work::Work;
use crate::power::PowerObservation;
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// Whether the deadline of the machine's moving state has passed.
pub fn is_overdue(work: &Work<'_>, now: Timestamp) -> bool {
    let is_over = deadline(work).is_some_and(|deadline| now >= deadline);
    is_over && !Sabotage::DeadlineIgnored.is_on()
}

fn deadline(work: &Work<'_>) -> Option<Timestamp> {
    let deadline = work.dossier.machine.deadline?;
    let State::Provisioning(_) = work.dossier.machine.state else {
        return Some(deadline);
    };
    let whole = deadline.since(work.dossier.machine.since);
    begun(work).map(|begun| begun.plus(whole))
}

/// Since when the install is under way; nothing while it waits for a person.
fn begun(work: &Work<'_>) -> Option<Timestamp> {
    let tried = tried_since_refusal(work)?;
    if !has_no_bmc(work) {
        return Some(tried);
    }
    // What went out before a person tried it again is not of this install.
    let released = work.dossier.attempts.iter().filter_map(|it| it.release);
    let released = released.map(|release| release.at);
    let first_release = released.filter(|at| *at >= tried).min();
    let first_boot = first_boot(work, tried);
    first_release.into_iter().chain(first_boot).min()
}

/// Since when it is tried to install it: since it came into this state, or since the first attempt
/// after the last one whose config was refused. Nothing while its file is not corrected.
fn tried_since_refusal(work: &Work<'_>) -> Option<Timestamp> {
    let since = work.dossier.machine.since;
    let mut newer: Option<&Attempt> = None;
    for attempt in &work.dossier.attempts {
        if matches!(attempt.closed, Some((_, AttemptEnd::Refused))) {
            return newer.map(|newer| newer.opened.max(since));
        }
        newer = Some(attempt);
    }
    Some(since)
}

/// Whether this attempt waits for a person who switches the machine on: it has no BMC, and has not
/// come to its script since.
pub(crate) fn waits_for_switch(work: &Work<'_>, attempt: &Attempt) -> bool {
    has_no_bmc(work) && first_boot(work, attempt.opened).is_none()
}

fn has_no_bmc(work: &Work<'_>) -> bool {
    work.dossier.machine.bmc.is_none() && *work.power == PowerObservation::NoBmc
}

/// When the first boot began that was seen since this moment. Who only asks for an address may be
/// anybody.
fn first_boot(work: &Work<'_>, since: Timestamp) -> Option<Timestamp> {
    let seen = work.dossier.boots.iter().filter(|boot| {
        boot.origin == BootOrigin::Network && boot.step >= BootStep::Script && boot.step_at >= since
    });
    seen.map(|boot| boot.opened.max(since)).min()
}
