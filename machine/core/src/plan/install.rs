//! The way of a machine through an install: attempts, network boot, config, disk.

use crate::allocation::Allocation;
use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{Boot, BootOrigin};
use crate::intent::Intent;
use crate::plan::failure::{attempts_used_up, failure, power_used_up};
use crate::plan::pace::{
    COME_BACK, DISK_BOOT, POWER_ON_SELF_TEST, RESTART_GRACE, is_netbooting, paused,
};
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::power::{PowerObservation, PowerState};
use crate::time::Timestamp;

/// How many attempts one intent may have, whether or not they come to claim it.
const MAX_ATTEMPTS: usize = 8;

/// The next step of an install.
pub(crate) fn plan_provisioning(work: &Work<'_>, now: Timestamp) -> Step {
    let Some(intent) = work.intent.filter(|intent| intent.is_open(now)) else {
        return plan_without_intent(work);
    };
    match work.attempts.first() {
        Some(attempt) if attempt.is_open() => match attempt.release {
            None => plan_unreleased(work, attempt, now),
            Some(release) => plan_released(work, attempt, release.at, now),
        },
        Some(_) | None
            if work.attempts.len() < MAX_ATTEMPTS && intent.claims < Intent::MAX_CLAIMS =>
        {
            Step::Act(Action::OpenAttempt)
        }
        Some(_) | None => Step::GiveUp(attempts_used_up(work)),
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
        _ => Step::GiveUp(failure(
            "install",
            "no open intent permits it any more",
            "look at its timeline, then retry",
        )),
    }
}

/// Whether a person has said to try again, and no intent was opened for it yet.
pub(crate) fn is_tried_again(work: &Work<'_>) -> bool {
    let closed = work.intent.and_then(|intent| intent.closed);
    let is_moving = work.machine.state.moving().is_some();
    is_moving && closed.is_some_and(|(at, _)| at <= work.machine.since)
}

/// Its config was not released: get the machine to boot from the network.
fn plan_unreleased(work: &Work<'_>, attempt: &Attempt, now: Timestamp) -> Step {
    if now >= attempt.deadline {
        return Step::Act(Action::CloseAttempt(AttemptEnd::TimedOut));
    }
    let step = plan_network_boot(work, attempt, now);
    match (step, work.hindrance) {
        (Step::Wait { until, why }, Some(hindrance)) => Step::Wait {
            until,
            why: format!("it can't be installed: {hindrance}; {why}"),
        },
        (step, _) => step,
    }
}

fn plan_network_boot(work: &Work<'_>, attempt: &Attempt, now: Timestamp) -> Step {
    let since = attempt.power_at.unwrap_or(attempt.opened);
    match work.power {
        PowerObservation::Unreachable(why) => Step::wait(format!("its BMC does not answer: {why}")),
        PowerObservation::NoBmc | PowerObservation::Is(PowerState::On)
            if is_netbooting(work, since, now) =>
        {
            Step::wait(netboot_progress(work))
        }
        PowerObservation::NoBmc => {
            Step::wait("it has no BMC: switch it on, to boot from the network")
        }
        PowerObservation::Is(PowerState::Off) => {
            switch(work, attempt, Action::StartFromNetwork, now)
        }
        PowerObservation::Is(PowerState::On) => {
            let lost = attempt.number > 1 && attempt.power_at.is_none();
            let until = since.plus(if lost {
                RESTART_GRACE
            } else {
                POWER_ON_SELF_TEST
            });
            if now >= until {
                switch(work, attempt, Action::PowerOff, now)
            } else {
                Step::Wait {
                    until: Some(until),
                    why: "it is on: its firmware should ask soon".to_owned(),
                }
            }
        }
    }
}

/// Switches power, unless that was done often enough, or its BMC needs a pause.
fn switch(work: &Work<'_>, attempt: &Attempt, action: Action, now: Timestamp) -> Step {
    if attempt.power_actions >= Attempt::MAX_POWER_ACTIONS {
        return Step::GiveUp(power_used_up(work, attempt.opened, "network boot"));
    }
    paused(work, attempt.opened, now).unwrap_or(Step::Act(action))
}

/// Its config was released: it installs, or it was cut off in the middle.
fn plan_released(work: &Work<'_>, attempt: &Attempt, released: Timestamp, now: Timestamp) -> Step {
    let interrupted = Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted));
    if *work.power == PowerObservation::Is(PowerState::Off) {
        return interrupted;
    }
    let later: Vec<&Boot> = work
        .boots
        .iter()
        .filter(|boot| {
            let is_other = attempt.boot != Some(boot.id);
            boot.origin == BootOrigin::Network && boot.opened > released && is_other
        })
        .collect();
    let newest = later.first();
    let too_long = newest.is_some_and(|boot| now.since(boot.opened) >= DISK_BOOT);
    if too_long || came_back_again(&later) {
        return interrupted;
    }
    if now >= attempt.deadline {
        return Step::Act(Action::CloseAttempt(AttemptEnd::TimedOut));
    }
    Step::wait(match newest {
        Some(_) => {
            "it came back to the network after its config was released: its disk should boot"
        }
        None => "it has its config and installs",
    })
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

fn netboot_progress(work: &Work<'_>) -> String {
    let step = work
        .boots
        .first()
        .map_or("nothing", |boot| boot.step.as_str());
    format!("it boots from the network (last step: {step})")
}
