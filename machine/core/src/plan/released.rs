//! An attempt whose config was released: it installs, it was cut off, or its node says how it
//! ended.
//!
//! Anybody can send a DISCOVER with a machine's hardware address. So a network boot interrupts an
//! install only while its node is silent, and its API does not answer.

use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{Boot, BootOrigin, BootStep};
use crate::plan::asking::next_question;
use crate::plan::netboot::overdue;
use crate::plan::older_install::plan_leftover;
use crate::plan::pace::{COME_BACK, DISK_BOOT, OFF_CONFIRMED, SILENCE};
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::power::{PowerObservation, PowerState};
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// The next step of an attempt whose config was released.
pub(crate) fn plan_released(
    work: &Work<'_>,
    attempt: &Attempt,
    released: Timestamp,
    now: Timestamp,
) -> Step {
    let close = |end| Step::Act(Action::CloseAttempt(end));
    if let Some(verdict) = &attempt.verdict
        && !Sabotage::RefusalIgnored.is_on()
    {
        return close(verdict.end);
    }
    if *work.power == PowerObservation::Is(PowerState::Off) {
        return match work.signs.off_since.map(|at| at.plus(OFF_CONFIRMED)) {
            Some(until) if now >= until => close(AttemptEnd::Interrupted),
            until => Step::Wait {
                until,
                why: "its BMC says that it is off: it is asked once more".to_owned(),
            },
        };
    }
    let later = later_boots(work, attempt, released);
    if has_come_back(work, &later, released, now) {
        return close(AttemptEnd::Interrupted);
    }
    if now >= attempt.ends_by() {
        return close(AttemptEnd::TimedOut);
    }
    if later.is_empty()
        && let Some(step) = plan_leftover(work, attempt, released, now)
    {
        return step;
    }
    let question = next_question(work, attempt, released);
    if now >= question {
        return Step::Act(Action::Ask(attempt.id));
    }
    Step::Wait {
        until: Some(question),
        why: progress(work, attempt, &later, now),
    }
}

/// What is to be said of an install that nothing was decided about. A boot of which no more came
/// than a DISCOVER says nothing of the machine.
fn progress(work: &Work<'_>, attempt: &Attempt, later: &[&Boot], now: Timestamp) -> String {
    if later.iter().any(|boot| boot.step >= BootStep::Script) {
        return "it came back to the network after its config was released: its disk should boot"
            .to_owned();
    }
    if has_started_from_disk(work, attempt) {
        return format!(
            "its system runs from its disk; it counts once it shows that it runs on the config of \
             attempt {}",
            attempt.number
        );
    }
    let own = work
        .dossier
        .boots
        .iter()
        .find(|boot| attempt.boot == Some(boot.id));
    let is_silent = |boot: &&Boot| work.signs.heard.is_none_or(|at| at <= boot.step_at);
    let overdue = own.filter(is_silent).and_then(|boot| overdue(boot, now));
    match (overdue, later.is_empty()) {
        (Some(Step::Wait { why, .. }), _) => why,
        (_, true) => "it has its config and installs".to_owned(),
        (_, false) => "it has its config and installs; its card asked for an address since, and \
                       nothing followed: anybody can send that"
            .to_owned(),
    }
}

/// Whether a boot from disk was seen after the one that fetched. Until its node has named its config,
/// it may be of an older install.
fn has_started_from_disk(work: &Work<'_>, attempt: &Attempt) -> bool {
    let is_own = |boot: &&Boot| attempt.boot == Some(boot.id);
    let mut after = work.dossier.boots.iter().take_while(|boot| !is_own(boot));
    after.any(|boot| boot.origin == BootOrigin::Disk)
}

/// The network boots after the one that fetched, newest first. Both the order of the records and
/// the clock have to say so: a clock that was wrong makes it wait longer, and interrupts nothing.
fn later_boots<'a>(work: &Work<'a>, attempt: &Attempt, released: Timestamp) -> Vec<&'a Boot> {
    work.dossier
        .boots
        .iter()
        .take_while(|boot| attempt.boot != Some(boot.id))
        .filter(|boot| boot.origin == BootOrigin::Network && boot.opened > released)
        .collect()
}

/// Whether the machine has started anew, and its disk had its chance. A boot that came to its
/// script was seen by iPXE; of one that only asked for an address nobody knows who it was, so the
/// node has to be silent for as long as a start from disk may take.
fn has_come_back(work: &Work<'_>, later: &[&Boot], released: Timestamp, now: Timestamp) -> bool {
    let Some(newest) = later.first() else {
        return false;
    };
    let heard = work.signs.heard.map_or(released, |at| at.max(released));
    let came_to_script = later.iter().any(|boot| boot.step >= BootStep::Script);
    let silence = if came_to_script { SILENCE } else { DISK_BOOT };
    let had_its_time = now.since(newest.opened) >= DISK_BOOT;
    now.since(heard) >= silence && (had_its_time || came_back_again(later))
}

/// Whether a card asked for a boot file, and much later asked again: its machine has started anew
/// after its disk was given a chance. Other cards, and the same one soon after, are firmware that
/// goes on through its list of what to boot.
fn came_back_again(later: &[&Boot]) -> bool {
    later.iter().any(|boot| {
        let is_much_earlier =
            |it: &&Boot| it.mac == boot.mac && boot.opened.since(it.opened) >= COME_BACK;
        later.iter().copied().any(|it| is_much_earlier(&it))
    })
}
