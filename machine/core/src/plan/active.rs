//! An active machine: nothing is done to it. Its node is asked if nobody heard that it came up.

use std::time::Duration;

use crate::boot::{Boot, BootOrigin, BootStep};
use crate::plan::asking::{asked, pause};
use crate::plan::pace::DISK_BOOT;
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::time::Timestamp;

/// For how long a machine that was sent to its disk and not heard of is asked. Later its silence is
/// a matter for people.
const ASKED_FOR: Duration = Duration::from_hours(24);

/// The next step for an active machine. One that came by over the network was sent to its disk: if
/// its system was not heard there, its words may be lost, or have come over a card that nobody had
/// registered yet, and its API can still say that it runs.
pub(crate) fn plan_active(work: &Work<'_>, now: Timestamp) -> Step {
    let nothing = Step::wait("it is active: nothing to do");
    let (Some(attempt), Some(boot)) = (work.dossier.released.as_ref(), unheard(work)) else {
        return nothing;
    };
    if now.since(boot.step_at) >= ASKED_FOR {
        return nothing;
    }
    let asked = asked(work, attempt).filter(|it| it.at >= boot.step_at);
    let due = asked.map_or_else(|| boot.step_at.plus(DISK_BOOT), |it| it.at.plus(pause(it)));
    if now >= due {
        return Step::Act(Action::Ask(attempt.id));
    }
    Step::Wait {
        until: Some(due),
        why: "it is active, and was sent to its disk; its system has not been heard of since"
            .to_owned(),
    }
}

/// The newest boot of which more was seen than a DISCOVER, if it was sent to the disk and no system
/// was heard of since.
fn unheard<'a>(work: &Work<'a>) -> Option<&'a Boot> {
    let mut seen = work.dossier.boots.iter();
    let newest = seen.find(|boot| boot.step >= BootStep::Script || boot.sent_to_disk)?;
    (newest.origin == BootOrigin::Network && newest.sent_to_disk).then_some(newest)
}
