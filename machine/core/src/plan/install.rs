//! The way of a machine through an install: which attempt is next, if one is.

use std::time::Duration;

use crate::allocation::Allocation;
use crate::attempt::{Attempt, AttemptEnd};
use crate::intent::Intent;
use crate::plan::failure::{attempts_used_up, failure, not_permitted};
use crate::plan::released::plan_released;
use crate::plan::step::{Action, Step};
use crate::plan::unreleased::plan_unreleased;
use crate::plan::work::Work;
use crate::time::Timestamp;

/// How many attempts one intent may have, whether or not they come to claim it.
const MAX_ATTEMPTS: usize = 8;

/// The next step of an install.
pub(crate) fn plan_provisioning(work: &Work<'_>, now: Timestamp) -> Step {
    let Some(intent) = work
        .dossier
        .intent
        .as_ref()
        .filter(|intent| intent.is_open(now))
    else {
        return plan_without_intent(work);
    };
    match work.dossier.attempts.first() {
        Some(attempt) if attempt.is_open() => match attempt.release {
            None => plan_unreleased(work, attempt, now),
            Some(release) => plan_released(work, attempt, release.at, now),
        },
        last => plan_next_attempt(work, intent, last, now),
    }
}

/// After an attempt that ended, or before the first.
fn plan_next_attempt(
    work: &Work<'_>,
    intent: &Intent,
    last: Option<&Attempt>,
    now: Timestamp,
) -> Step {
    if let Some(refused) = last.filter(|attempt| is_refused_still(work, attempt)) {
        return Step::wait(format!(
            "its node refused the config: {}; correct its file or its cluster's, and another \
             attempt follows (or: drover machine retry {})",
            words(refused),
            work.dossier.machine.name
        ));
    }
    if work.dossier.attempts.len() >= MAX_ATTEMPTS || intent.claims >= Intent::MAX_CLAIMS {
        return Step::GiveUp(attempts_used_up(work));
    }
    let pause = pause(intent.claims);
    match last.and_then(|attempt| attempt.closed) {
        Some((at, _)) if now.since(at) < pause => Step::Wait {
            until: Some(at.plus(pause)),
            why: "the next attempt follows in a moment".to_owned(),
        },
        _ => Step::Act(Action::OpenAttempt),
    }
}

/// Whether the same config would only be refused again.
fn is_refused_still(work: &Work<'_>, attempt: &Attempt) -> bool {
    let is_refused = matches!(attempt.closed, Some((_, AttemptEnd::Refused)));
    is_refused && attempt.basis.is_some() && attempt.basis == work.signs.basis
}

/// The node's own words on how an attempt ended.
fn words(attempt: &Attempt) -> &str {
    attempt
        .verdict
        .as_ref()
        .map_or("it did not say why", |verdict| &verdict.why)
}

/// How long the next attempt waits, after so many releases: what failed at once may need a moment,
/// and more each time.
fn pause(claims: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(15);
    match claims {
        0 => Duration::ZERO,
        claims => FIRST * 4_u32.pow((claims - 1).min(Intent::MAX_CLAIMS)),
    }
}

/// A closed intent never serves again. One that was closed before the machine came into this state
/// belongs to the install that failed: trying again needs a new one, and new attempts of it.
fn plan_without_intent(work: &Work<'_>) -> Step {
    match work.allocation {
        Allocation::Take { assignment, .. } if is_tried_again(work) => {
            Step::Permit(assignment.clone())
        }
        _ if is_tried_again(work) => Step::GiveUp(failure(
            "install",
            &format!("it is tried again, but {}", work.allocation),
            "say in a cluster's file what it becomes and on which disk, then retry",
        )),
        _ => Step::GiveUp(not_permitted(work)),
    }
}

/// Whether a person has said to try again, and no intent was opened for it yet.
pub(crate) fn is_tried_again(work: &Work<'_>) -> bool {
    let closed = work
        .dossier
        .intent
        .as_ref()
        .and_then(|intent| intent.closed);
    let is_moving = work.dossier.machine.state.moving().is_some();
    is_moving && closed.is_some_and(|(at, _)| at <= work.dossier.machine.since)
}
