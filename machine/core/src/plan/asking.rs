//! The question before the cut: a node to which a config went may run from its disk, and nobody
//! has heard of it.
//!
//! One lost log line must not cost a member. So whatever ends an attempt whose config was released,
//! and whatever switches its machine off, waits until the node's API was asked at every address that
//! the machine had since, and did not answer at any. An answer keeps it alive; that it runs from its disk becomes a boot.

use std::time::Duration;

use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::BootStep;
use crate::plan::pace::SILENCE;
use crate::plan::signs::{Asked, Reply};
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// How old an answer may be that something is cut off by.
const FRESH: Duration = Duration::from_mins(1);
/// How soon after its release an install is asked for, if nothing tells that it ended: downloads
/// and copying take as long.
const FIRST: Duration = Duration::from_mins(5);
/// The longest pause between two questions. The first pause is [`FRESH`], and each doubles.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// The attempt whose system, running from disk, ends the work that is under way: the newest of the
/// machine whose config was released. One of an earlier permission counts if it was for the same
/// disk, cluster and role, and did not end well: a member that is installed anew still runs on the
/// config of before.
pub(crate) fn proving<'a>(work: &Work<'a>) -> Option<&'a Attempt> {
    let attempt = work.dossier.released.as_ref()?;
    let Some(intent) = work.dossier.intent.as_ref() else {
        return Some(attempt);
    };
    let ended_well = matches!(attempt.closed, Some((_, AttemptEnd::Installed)));
    let is_same = intent.assignment == attempt.assignment
        && !ended_well
        && !Sabotage::OlderAttemptIgnored.is_on();
    (attempt.intent == intent.id || is_same).then_some(attempt)
}

/// This step, or the question that has to come before it. It goes to the newest attempt that was
/// released, whatever it was for: a member of another assignment lives as well.
pub(crate) fn asked_first(work: &Work<'_>, step: Step, now: Timestamp) -> Step {
    let Some(attempt) = work
        .dossier
        .released
        .as_ref()
        .filter(|it| cuts_off(&step, it))
    else {
        return step;
    };
    if Sabotage::CutOffUnasked.is_on() {
        return step;
    }
    let Some(asked) = asked(work, attempt) else {
        return Step::Act(Action::Ask(attempt.id));
    };
    let may_go_on = may_go_on(attempt, &step, &asked.reply, now);
    let again = asked.at.plus(if may_go_on { FRESH } else { pause(asked) });
    match (may_go_on, now < again) {
        (_, false) => Step::Act(Action::Ask(attempt.id)),
        (true, true) => step,
        (false, true) => Step::Wait {
            until: Some(again),
            why: lives(work, attempt),
        },
    }
}

/// Whether a step would cut off the system of this attempt, if that lives.
fn cuts_off(step: &Step, attempt: &Attempt) -> bool {
    match step {
        Step::Act(Action::CloseAttempt(_)) | Step::GiveUp(_) => attempt.is_open(),
        Step::Act(Action::PowerOff) => true,
        Step::Act(_) | Step::Advance(_) | Step::Allocate(_) | Step::Permit(_) => false,
        Step::Wait { .. } => false,
    }
}

/// The wait of a machine whose node answers. Nothing but a person ends one whose attempt is over.
fn lives(work: &Work<'_>, attempt: &Attempt) -> String {
    let lives = "the API of its node still answers: it is not cut off";
    if attempt.is_open() {
        return lives.to_owned();
    }
    format!(
        "{lives}; if what it got in attempt {} is not to live on, switch it off: drover machine \
         power off {}",
        attempt.number, work.dossier.machine.name
    )
}

/// Whether a step may be taken after this reply.
fn may_go_on(attempt: &Attempt, step: &Step, reply: &Reply, now: Timestamp) -> bool {
    let is_believed = attempt.verdict.as_ref().is_some_and(|verdict| {
        verdict.end == AttemptEnd::InstallerFailed && now.since(verdict.at) >= SILENCE
    });
    match reply {
        Reply::Silence(_) => true,
        // In memory, of an attempt that is over: nothing is installed by it any more.
        Reply::FromNetwork => match step {
            Step::Act(Action::PowerOff) => !attempt.is_open(),
            Step::Act(Action::CloseAttempt(_)) => is_believed,
            _ => true,
        },
        Reply::FromDisk => false,
        Reply::Unclear => matches!(step, Step::GiveUp(_)),
    }
}

/// When the API of an install is to be asked next, without anything that makes it urgent.
pub(crate) fn next_question(work: &Work<'_>, attempt: &Attempt, released: Timestamp) -> Timestamp {
    if Sabotage::CutOffUnasked.is_on() {
        return attempt.ends_by();
    }
    if let Some(asked) = asked(work, attempt) {
        return asked.at.plus(pause(asked));
    }
    let served = work
        .dossier
        .boots
        .iter()
        .find(|boot| attempt.boot == Some(boot.id) && boot.step >= BootStep::Installed);
    match served {
        Some(boot) => boot.step_at.plus(FRESH),
        None => released.plus(FIRST),
    }
}

/// How long is waited after an answer, before the next question without anything urgent.
pub(crate) fn pause(asked: &Asked) -> Duration {
    let doublings = asked.count.saturating_sub(1).min(8);
    (FRESH * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// What came of asking for this attempt.
pub(crate) fn asked<'a>(work: &Work<'a>, attempt: &Attempt) -> Option<&'a Asked> {
    let asked = work.signs.asked.as_ref();
    asked.filter(|asked| asked.attempt == attempt.id)
}
