//! When a system that runs from its disk is asked again whose API did not answer: soon after its
//! start, and more and more seldom as time goes on.

use std::time::Duration;

use crate::boot::Boot;
use crate::plan::signs::Unanswered;
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::time::Timestamp;

/// What part of the time since the start of the system passes before it is asked again. An API that
/// comes up after two minutes is noticed ten seconds later, and a dead one is asked about a hundred
/// times in a day.
const SHARE: u32 = 12;
/// The shortest pause between two questions.
const SHORTEST: Duration = Duration::from_secs(2);
/// The longest pause while the machine is being installed.
const LONGEST_MOVING: Duration = Duration::from_mins(10);
/// The longest pause of a machine that was given up.
const LONGEST_FAILED: Duration = Duration::from_hours(24);

/// The question to the API of the system that runs from disk in this boot; or, of a machine on the
/// move, the wait until the next one.
pub(crate) fn verify(work: &Work<'_>, boot: &Boot, now: Timestamp) -> Option<Step> {
    let unanswered = work.signs.unanswered.as_ref();
    let Some(unanswered) = unanswered.filter(|it| it.boot == boot.id) else {
        return Some(Step::Act(Action::Verify(boot.id)));
    };
    let is_moving = work.dossier.machine.state.moving().is_some();
    let next = next_question(boot, unanswered, is_moving);
    if now >= next {
        return Some(Step::Act(Action::Verify(boot.id)));
    }
    is_moving.then(|| Step::Wait {
        until: Some(next),
        why: format!(
            "it runs from its disk, but its API does not answer: {}",
            unanswered.why
        ),
    })
}

fn next_question(boot: &Boot, unanswered: &Unanswered, is_moving: bool) -> Timestamp {
    let longest = if is_moving {
        LONGEST_MOVING
    } else {
        LONGEST_FAILED
    };
    let share = unanswered.at.since(boot.opened) / SHARE;
    unanswered.at.plus(share.clamp(SHORTEST, longest))
}
