//! What to do next for a machine: one pure function of what is known and what was just observed.
//!
//! The reconcile loop loads, observes, asks [`plan`], performs the one step that comes back and
//! records it. Every wait has a reason, which is what a user reads when he asks why a machine is
//! waiting.

use std::time::Duration;

use crate::allocation::Allocation;
use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{Boot, BootOrigin, BootStep};
use crate::cluster::Acceptance;
use crate::id::BootId;
use crate::intent::{Assignment, Intent};
use crate::lifecycle::{Input, Moving, State};
use crate::machine::{Failure, Machine};
use crate::power::PowerState;
use crate::time::Timestamp;

/// What the machine's BMC said when it was asked for this plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PowerObservation {
    /// There is no BMC to ask.
    NoBmc,
    /// It said this.
    Is(PowerState),
    /// It did not answer, or not usefully: what it said instead.
    Unreachable(String),
}

/// What is known of a machine and its work.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What the clusters' rules say of it.
    pub allocation: &'a Allocation,
    /// Whether all is known that an allocation needs.
    pub facts_complete: bool,
    /// Its latest intent.
    pub intent: Option<&'a Intent>,
    /// The attempts of that intent, newest first.
    pub attempts: &'a [Attempt],
    /// Its recent boots, newest first.
    pub boots: &'a [Boot],
    /// What its BMC said.
    pub power: &'a PowerObservation,
    /// Whose identity it claims, and what differs, if it is in conflict.
    pub conflict: Option<&'a str>,
}

/// What is done for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open the next attempt of the standing intent.
    OpenAttempt,
    /// Close the open attempt.
    CloseAttempt(AttemptEnd),
    /// Set the boot override to the network, once, and switch power on.
    StartFromNetwork,
    /// Switch power off, to start it anew.
    PowerOff,
    /// Ask the API of the system that runs from disk in this boot for its version: only a member
    /// of the cluster can answer.
    Verify(BootId),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Do this.
    Act(Action),
    /// Move the machine on.
    Advance(Input),
    /// Move it on to Provisioning, with an intent for this, opened by the cluster's rule.
    Allocate(Assignment),
    /// Open an intent for this, by the cluster's rule: a person has said to try again what failed,
    /// and the earlier intent was closed with the failure.
    Permit(Assignment),
    /// Give its moving state up.
    GiveUp(Failure),
    /// Nothing to do before something happens, or before `until`.
    Wait {
        /// When to look again at the latest; `None` for the next sweep.
        until: Option<Timestamp>,
        /// What is waited for.
        why: String,
    },
}

/// How long firmware may take from power on to its first DISCOVER: servers test their memory.
pub const POWER_ON_SELF_TEST: Duration = Duration::from_mins(15);
/// How long a machine that lost its way may stay silent before it is started anew.
pub const RESTART_GRACE: Duration = Duration::from_secs(20);
/// How long a machine that was sent to its disk may take to show that it runs from it.
pub const DISK_BOOT: Duration = Duration::from_mins(10);
/// How long firmware may try one card, before a request of that card means that the machine has
/// started anew: over IPv4 and IPv6, by PXE and HTTP, each for a minute. A restart of a server
/// takes as long.
pub const COME_BACK: Duration = Duration::from_mins(5);
/// How long a boot that waits in its script may be silent: it asks again every few seconds.
pub const SCRIPT_SILENCE: Duration = Duration::from_mins(1);

/// The next step for a machine.
pub fn plan(work: &Work<'_>, now: Timestamp) -> Step {
    if let Some(step) = runs_from_disk(work, now) {
        return step;
    }
    let machine = work.machine;
    if let Some(moving) = machine.state.moving()
        && is_overdue(machine, now)
    {
        return Step::GiveUp(deadline_passed(work, moving));
    }
    if let Some(conflict) = work.conflict
        && may_be_installed(machine.state)
    {
        return wait(format!(
            "it gets nothing while it claims to be another: {conflict}"
        ));
    }
    match machine.state {
        State::Discovered => plan_discovered(work),
        State::Inspecting => plan_inspecting(work, now),
        State::Available => plan_available(work),
        State::Provisioning(_) => plan_provisioning(work, now),
        State::Active => wait("it is active: nothing to do"),
        State::Cleaning => wait("its disk is being cleaned"),
        State::Failed(_) => wait("it failed: see the failure, then retry or release it"),
        State::Retired => wait("it is retired"),
    }
}

/// The states on the way to an install.
fn may_be_installed(state: State) -> bool {
    match state {
        State::Discovered | State::Inspecting | State::Available | State::Provisioning(_) => true,
        State::Active | State::Cleaning | State::Failed(_) | State::Retired => false,
    }
}

fn plan_discovered(work: &Work<'_>) -> Step {
    let name = &work.machine.name;
    match work.allocation {
        Allocation::Take {
            acceptance: Acceptance::Auto,
            ..
        } => Step::Advance(Input::Accept),
        Allocation::Take {
            acceptance: Acceptance::Wait,
            ..
        }
        | Allocation::None
        | Allocation::NoDisk { .. }
        | Allocation::Ambiguous { .. } => wait(format!(
            "a person must accept it: drover machine accept {name}"
        )),
    }
}

fn plan_inspecting(work: &Work<'_>, now: Timestamp) -> Step {
    if work.facts_complete {
        return Step::Advance(Input::FactsComplete);
    }
    match work.power {
        PowerObservation::Is(PowerState::Off) => Step::Act(Action::StartFromNetwork),
        PowerObservation::Is(PowerState::On) if is_netbooting(work, work.machine.since, now) => {
            wait("it boots from the network and will tell its facts")
        }
        PowerObservation::Is(PowerState::On) => wait(format!(
            "it is on, but has not asked for its boot script: let it boot from the network \
             (drover machine power cycle {} starts it anew)",
            work.machine.name
        )),
        PowerObservation::NoBmc => wait("it has no BMC: switch it on, to boot from the network"),
        PowerObservation::Unreachable(why) => wait(format!("its BMC does not answer: {why}")),
    }
}

fn plan_available(work: &Work<'_>) -> Step {
    match work.allocation {
        Allocation::Take { assignment, .. } => Step::Allocate(assignment.clone()),
        other => wait(why_not_allocated(other)),
    }
}

/// Why the clusters' rules give a machine nothing to become.
fn why_not_allocated(allocation: &Allocation) -> String {
    match allocation {
        Allocation::Take { .. } => "a cluster's rule takes it".to_owned(),
        Allocation::None => "no cluster's rule takes it".to_owned(),
        Allocation::NoDisk { cluster } => format!(
            "cluster {cluster} takes it, but neither its rule nor the machine's record names the \
             disk: nothing is installed without"
        ),
        Allocation::Ambiguous { clusters } => {
            format!("rules of several clusters take it: {}", clusters.join(", "))
        }
    }
}

fn plan_provisioning(work: &Work<'_>, now: Timestamp) -> Step {
    let Some(intent) = work.intent.filter(|intent| intent.is_open(now)) else {
        return plan_without_intent(work);
    };
    match work.attempts.first() {
        Some(attempt) if attempt.is_open() => match attempt.release {
            None => plan_unreleased(work, attempt, now),
            Some(release) => plan_released(work, attempt, release.at, now),
        },
        Some(_) | None
            if work.attempts.len() < max_attempts() && intent.claims < Intent::MAX_CLAIMS =>
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
            &format!(
                "it is tried again, but {}",
                why_not_allocated(work.allocation)
            ),
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
fn is_tried_again(work: &Work<'_>) -> bool {
    let closed = work.intent.and_then(|intent| intent.closed);
    let is_moving = work.machine.state.moving().is_some();
    is_moving && closed.is_some_and(|(at, _)| at <= work.machine.since)
}

/// Its config was not released: get the machine to boot from the network.
fn plan_unreleased(work: &Work<'_>, attempt: &Attempt, now: Timestamp) -> Step {
    if now >= attempt.deadline {
        return Step::Act(Action::CloseAttempt(AttemptEnd::TimedOut));
    }
    let used_up = attempt.power_actions >= Attempt::MAX_POWER_ACTIONS;
    let since = attempt.power_at.unwrap_or(attempt.opened);
    match work.power {
        PowerObservation::NoBmc if is_netbooting(work, since, now) => wait(netboot_progress(work)),
        PowerObservation::NoBmc => wait("it has no BMC: switch it on, to boot from the network"),
        PowerObservation::Unreachable(why) => wait(format!("its BMC does not answer: {why}")),
        PowerObservation::Is(PowerState::On) if is_netbooting(work, since, now) => {
            wait(netboot_progress(work))
        }
        PowerObservation::Is(_) if used_up => Step::GiveUp(failure(
            "network boot",
            &format!(
                "power was switched {} times and it did not fetch its config",
                attempt.power_actions
            ),
            "look at its console: is the network first, or the boot override honoured?",
        )),
        PowerObservation::Is(PowerState::Off) => Step::Act(Action::StartFromNetwork),
        PowerObservation::Is(PowerState::On) => {
            let lost = attempt.number > 1 && attempt.power_at.is_none();
            let until = since.plus(if lost {
                RESTART_GRACE
            } else {
                POWER_ON_SELF_TEST
            });
            if now >= until {
                Step::Act(Action::PowerOff)
            } else {
                Step::Wait {
                    until: Some(until),
                    why: "it is on: its firmware should ask soon".to_owned(),
                }
            }
        }
    }
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
    wait(match newest {
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

/// It shows that it runs from its disk on the config of the latest attempt that was released. In a
/// machine that is not being provisioned this changes nothing. Asking its API ends with the
/// machine's deadline, and soon after its power went off: otherwise it would be asked for ever.
fn runs_from_disk(work: &Work<'_>, now: Timestamp) -> Option<Step> {
    match work.machine.state {
        State::Provisioning(_) | State::Failed(Moving::Provisioning(_)) => {}
        State::Discovered | State::Inspecting | State::Available | State::Active => return None,
        State::Cleaning | State::Retired => return None,
        State::Failed(Moving::Inspecting | Moving::Cleaning) => return None,
    }
    let attempt = work
        .attempts
        .iter()
        .find(|attempt| attempt.release.is_some())?;
    let released = attempt.release?.at;
    let boot = work.boots.iter().find(|boot| {
        boot.origin == BootOrigin::Disk
            && boot.attempt == Some(attempt.id)
            && boot.opened >= released
    })?;
    if boot.step == BootStep::Joined {
        return Some(Step::Advance(Input::RunsFromDisk));
    }
    let is_off = *work.power == PowerObservation::Is(PowerState::Off);
    let went_off = is_off && now.since(boot.opened) >= DISK_BOOT;
    // What is tried again is observed first: a live member is not installed anew.
    let is_given_up_on = is_tried_again(work) && now.since(work.machine.since) >= DISK_BOOT;
    let may_ask = !went_off && !is_given_up_on && !is_overdue(work.machine, now);
    may_ask.then_some(Step::Act(Action::Verify(boot.id)))
}

/// Whether the deadline of its moving state has passed.
fn is_overdue(machine: &Machine, now: Timestamp) -> bool {
    machine.deadline.is_some_and(|deadline| now >= deadline)
}

/// Whether the newest boot is a network boot that began after `since`, or one that still asks.
fn is_netbooting(work: &Work<'_>, since: Timestamp, now: Timestamp) -> bool {
    work.boots.first().is_some_and(|boot| {
        let fresh = boot.opened >= since && now.since(boot.step_at) < POWER_ON_SELF_TEST;
        let asks = now.since(boot.step_at) < SCRIPT_SILENCE;
        boot.origin == BootOrigin::Network && !boot.sent_to_disk && (fresh || asks)
    })
}

fn netboot_progress(work: &Work<'_>) -> String {
    let step = work
        .boots
        .first()
        .map_or("nothing", |boot| boot.step.as_str());
    format!("it boots from the network (last step: {step})")
}

/// How many attempts one intent may have, whether or not they come to claim it.
const fn max_attempts() -> usize {
    8
}

fn deadline_passed(work: &Work<'_>, moving: Moving) -> Failure {
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

fn attempts_used_up(work: &Work<'_>) -> Failure {
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

fn failure(step: &str, why: &str, advice: &str) -> Failure {
    Failure {
        step: step.to_owned(),
        why: why.to_owned(),
        advice: advice.to_owned(),
    }
}

fn wait(why: impl Into<String>) -> Step {
    Step::Wait {
        until: None,
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
