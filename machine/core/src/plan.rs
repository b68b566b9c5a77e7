//! What to do next for a machine: one pure function of what is known and what was just observed.
//!
//! The reconcile loop loads, observes, asks [`plan`], performs the one step that comes back and
//! records it. Every wait has a reason, which is what a user reads when he asks why a machine is
//! waiting.

mod active;
mod asking;
pub mod deadline;
mod failure;
mod install;
mod netboot;
mod older_install;
pub(crate) mod pace;
mod released;
pub mod signs;
pub mod step;
mod unreleased;
mod verifying;
pub mod work;

use crate::allocation::Allocation;
use crate::boot::{BootOrigin, BootStep};
use crate::cluster::Acceptance;
use crate::intent::{Intent, IntentEnd};
use crate::lifecycle::{Input, Moving, State};
use crate::plan::active::plan_active;
use crate::plan::asking::{asked_first, proving};
use crate::plan::deadline::is_overdue;
use crate::plan::failure::{deadline_passed, power_used_up};
use crate::plan::install::{is_tried_again, plan_provisioning};
use crate::plan::netboot::{plan_without_bmc, progress};
use crate::plan::pace::{DISK_BOOT, command_since, is_netbooting, paused};
use crate::plan::step::{Action, Step};
use crate::plan::verifying::verify;
use crate::plan::work::Work;
use crate::power::{PowerObservation, PowerState};
use crate::time::Timestamp;

/// The next step for a machine. Nothing cuts a node off to which a config went, before its API was
/// asked.
pub fn plan(work: &Work<'_>, now: Timestamp) -> Step {
    asked_first(work, plan_step(work, now), now)
}

fn plan_step(work: &Work<'_>, now: Timestamp) -> Step {
    if let Some(step) = runs_from_disk(work, now) {
        return step;
    }
    let machine = &work.dossier.machine;
    if let Some(moving) = machine.state.moving()
        && is_overdue(work, now)
    {
        return Step::GiveUp(deadline_passed(work, moving));
    }
    if work.conflict.is_some() && may_be_installed(machine.state) {
        // What differs stands in its condition, beside this.
        return Step::wait(format!(
            "it gets nothing while it claims to be another: drover machine show {} says what to do",
            machine.name
        ));
    }
    match machine.state {
        State::Discovered => plan_discovered(work),
        State::Inspecting => plan_inspecting(work, now),
        State::Available => plan_available(work),
        State::Provisioning(_) => plan_provisioning(work, now),
        State::Active => plan_active(work, now),
        State::Cleaning => Step::wait("its disk is being cleaned"),
        State::Failed(_) => Step::wait("it failed: see the failure, then retry"),
        State::Retired => Step::wait("it is retired"),
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
    let name = &work.dossier.machine.name;
    if work.dossier.machine.cancelled.is_some() {
        return Step::wait(format!(
            "its inspection was cancelled: drover machine accept {name} lets it go on"
        ));
    }
    match work.allocation {
        Allocation::Take {
            acceptance: Acceptance::Auto,
            ..
        } => Step::Advance(Input::Accept),
        Allocation::Take {
            acceptance: Acceptance::Wait,
            ..
        }
        | Allocation::None => Step::wait(format!(
            "a person must accept it: drover machine accept {name}"
        )),
        Allocation::NoDisk { .. }
        | Allocation::UnusableDisk { .. }
        | Allocation::TwoDisks { .. }
        | Allocation::Ambiguous { .. } => Step::wait(work.allocation.to_string()),
    }
}

fn plan_inspecting(work: &Work<'_>, now: Timestamp) -> Step {
    if work.dossier.facts_complete() {
        return Step::Advance(Input::FactsComplete);
    }
    let since = work.dossier.machine.since;
    match work.power {
        PowerObservation::Is(PowerState::Off) => plan_start(work, now),
        PowerObservation::Is(PowerState::On) | PowerObservation::NoBmc
            if is_netbooting(work, since, now) =>
        {
            progress(work, now)
        }
        PowerObservation::Is(PowerState::On) => Step::wait(format!(
            "it is on, but has not asked for its boot script: let it boot from the network \
             (drover machine power cycle {} starts it anew)",
            work.dossier.machine.name
        )),
        PowerObservation::NoBmc => plan_without_bmc(work, since, now),
        PowerObservation::Unreachable(why) => Step::wait(format!("its BMC does not answer: {why}")),
    }
}

/// Switches on a machine that is inspected. No attempt counts that, so what was told since it came
/// into this state does.
fn plan_start(work: &Work<'_>, now: Timestamp) -> Step {
    let since = work.dossier.machine.since;
    let count = command_since(work, since).map_or(0, |command| command.count);
    if count >= Intent::MAX_POWER_COMMANDS {
        return Step::GiveUp(power_used_up(work, since, "inspection"));
    }
    paused(work, since, now).unwrap_or(Step::Act(Action::StartFromNetwork))
}

fn plan_available(work: &Work<'_>) -> Step {
    match work.allocation {
        Allocation::Take { .. } if is_taken_back(work) => Step::wait(format!(
            "its install was cancelled: drover machine accept {} lets its cluster's rule take it \
             again",
            work.dossier.machine.name
        )),
        Allocation::Take { assignment, .. } => Step::Allocate(assignment.clone()),
        other => Step::wait(other.to_string()),
    }
}

/// Whether a person cancelled its last install, and has not accepted it again since: the rule that
/// took it would take it at once.
fn is_taken_back(work: &Work<'_>) -> bool {
    // Records of before the machine itself kept that have it in their permission only.
    let closed = work
        .dossier
        .intent
        .as_ref()
        .and_then(|intent| intent.closed);
    work.dossier.machine.cancelled.is_some()
        || closed.is_some_and(|(at, end)| {
            end == IntentEnd::Cancelled && at >= work.dossier.machine.since
        })
}

/// It shows that it runs from its disk on the config that was released last. In a
/// machine that is not being provisioned this changes nothing. Asking its API ends with the
/// machine's deadline, and soon after its power went off: otherwise it would be asked for ever.
fn runs_from_disk(work: &Work<'_>, now: Timestamp) -> Option<Step> {
    match work.dossier.machine.state {
        State::Provisioning(_) | State::Failed(Moving::Provisioning(_)) => {}
        State::Discovered | State::Inspecting | State::Available | State::Active => return None,
        State::Cleaning | State::Retired => return None,
        State::Failed(Moving::Inspecting | Moving::Cleaning) => return None,
    }
    let attempt = proving(work)?;
    // Nothing but the config of this attempt has its tag: it can't be from before the release.
    let boot = work
        .dossier
        .boots
        .iter()
        .find(|boot| boot.origin == BootOrigin::Disk && boot.attempt == Some(attempt.id))?;
    if boot.step == BootStep::Joined {
        return Some(Step::Advance(Input::RunsFromDisk));
    }
    let is_off = *work.power == PowerObservation::Is(PowerState::Off);
    let went_off = is_off && now.since(boot.opened) >= DISK_BOOT;
    // What is tried again is observed first: a live member is not installed anew. That ends, also
    // once a new permission is open: what never answers would be asked until its deadline.
    let is_of_before = work
        .dossier
        .intent
        .as_ref()
        .is_some_and(|intent| intent.id != attempt.intent);
    let is_given_up_on = (is_tried_again(work) || is_of_before)
        && now.since(work.dossier.machine.since) >= DISK_BOOT;
    if went_off || is_given_up_on || is_overdue(work, now) {
        return None;
    }
    verify(work, boot, now)
}

#[cfg(test)]
mod tests;
