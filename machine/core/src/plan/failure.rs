//! Why a machine is given up: the step, what was seen last, and what to do.

use crate::attempt::{AttemptEnd, Verdict};
use crate::intent::Intent;
use crate::lifecycle::Moving;
use crate::machine::Failure;
use crate::plan::pace::command_since;
use crate::plan::work::Work;
use crate::time::Timestamp;

pub(crate) fn deadline_passed(work: &Work<'_>, moving: Moving) -> Failure {
    let step = match moving {
        Moving::Inspecting => "inspection",
        Moving::Provisioning(_) => "install",
        Moving::Cleaning => "cleaning",
    };
    failure(
        step,
        &format!("it took longer than it may; {}", last_seen(work)),
        "look at its timeline and its console, then retry",
    )
}

pub(crate) fn attempts_used_up(work: &Work<'_>) -> Failure {
    let last = work.dossier.attempts.first();
    let ended = last
        .and_then(|attempt| attempt.closed)
        .map_or("did not end", |(_, end)| end.as_str());
    failure(
        "install",
        &format!(
            "{} attempts, the last one {ended}; {}",
            work.dossier.attempts.len(),
            last_seen(work)
        ),
        "look at its timeline and its console, then retry",
    )
}

/// No open intent permits the install any more: it was closed, or its time has run out.
pub(crate) fn not_permitted(work: &Work<'_>) -> Failure {
    let is_expired = |it: &&Intent| it.closed.is_none() && it.assignment.disk.is_usable();
    let expired = work.dossier.intent.as_ref().filter(is_expired);
    let why = match expired {
        Some(intent) => format!(
            "its permission has expired at {}; {}",
            intent.expires,
            last_seen(work)
        ),
        None => "no open intent permits it any more".to_owned(),
    };
    failure("install", &why, "look at its timeline, then retry")
}

/// What is known of why nothing came of it: what stands against an install, else how far it came.
fn last_seen(work: &Work<'_>) -> String {
    if let Some(conflict) = work.conflict {
        return format!("it claims to be another: {conflict}");
    }
    if let Some(hindrance) = work.hindrance {
        return format!("it could not be installed: {hindrance}");
    }
    let said = work
        .dossier
        .attempts
        .first()
        .and_then(|it| it.verdict.as_ref());
    if let Some(Verdict { end, why, .. }) = said {
        match end {
            AttemptEnd::Refused | AttemptEnd::InstallerFailed => {
                return format!("its node said: {why}");
            }
            AttemptEnd::Interrupted => return why.clone(),
            AttemptEnd::Installed | AttemptEnd::TimedOut => {}
            AttemptEnd::Cancelled | AttemptEnd::GivenUp => {}
        }
    }
    work.dossier.boots.first().map_or_else(
        || "it was never seen booting".to_owned(),
        |boot| format!("last seen at step {} at {}", boot.step, boot.step_at),
    )
}

/// How many power commands may be given under the intent.
pub(crate) fn allowed_commands(work: &Work<'_>) -> u32 {
    let wipes = work.dossier.attempts.iter().any(|it| it.wipe.is_some());
    let for_wipe = if wipes {
        Intent::WIPE_POWER_COMMANDS
    } else {
        0
    };
    Intent::MAX_POWER_COMMANDS + for_wipe
}

/// Power was switched as often as it may be; `since` is when the first time was.
pub(crate) fn power_used_up(work: &Work<'_>, since: Timestamp, step: &str) -> Failure {
    let times = allowed_commands(work);
    let refused = command_since(work, since).and_then(|command| command.refused.as_ref());
    match refused {
        Some(error) => failure(
            step,
            &format!(
                "its BMC was told to switch its power as often as it may be ({times} times), and refused: {error}"
            ),
            "look at its BMC: its user may lack the right, or the board does not obey it",
        ),
        None => failure(
            step,
            &format!(
                "power may be switched {times} times, off and on together, and nothing came of it; {}",
                last_seen(work)
            ),
            "look at its console: is the network first, or the boot override honoured?",
        ),
    }
}

pub(crate) fn failure(step: &str, why: &str, advice: &str) -> Failure {
    Failure {
        step: step.to_owned(),
        why: why.to_owned(),
        advice: advice.to_owned(),
    }
}
