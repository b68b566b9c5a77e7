//! Why a machine is given up: the step, what was seen last, and what to do.

use crate::lifecycle::Moving;
use crate::machine::Failure;
use crate::plan::work::Work;

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
    let ended = work
        .attempts
        .first()
        .and_then(|attempt| attempt.closed)
        .map_or("did not end", |(_, end)| end.as_str());
    failure(
        "install",
        &format!(
            "{} attempts, the last one {ended}; {}",
            work.attempts.len(),
            last_seen(work)
        ),
        "look at its timeline and its console, then retry",
    )
}

fn last_seen(work: &Work<'_>) -> String {
    work.boots.first().map_or_else(
        || "it was never seen booting".to_owned(),
        |boot| format!("last seen at step {} at {}", boot.step, boot.step_at),
    )
}

pub(crate) fn failure(step: &str, why: &str, advice: &str) -> Failure {
    Failure {
        step: step.to_owned(),
        why: why.to_owned(),
        advice: advice.to_owned(),
    }
}
