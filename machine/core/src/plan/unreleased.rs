//! An attempt whose config was not released: the machine has to boot from the network, started by
//! us where it has a BMC.

use crate::attempt::{Attempt, AttemptEnd};
use crate::boot::{BootOrigin, BootStep};
use crate::claimant::follows_power_on;
use crate::plan::deadline::waits_for_switch;
use crate::plan::failure::{allowed_commands, power_used_up};
use crate::plan::netboot::{plan_without_bmc, progress};
use crate::plan::older_install::{plan_older_install, unasked};
use crate::plan::pace::{RESTART_GRACE, SCRIPT_SILENCE, is_netbooting, paused, self_test};
use crate::plan::step::{Action, Step};
use crate::plan::work::Work;
use crate::power::{PowerObservation, PowerState};
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// The next step of an attempt whose config was not released.
pub(crate) fn plan_unreleased(work: &Work<'_>, attempt: &Attempt, now: Timestamp) -> Step {
    if let Some(hindrance) = work.hindrance {
        return hindered(hindrance, plan_network_boot(work, attempt, now));
    }
    if now >= attempt.ends_by() && !waits_for_switch(work, attempt) {
        return Step::Act(Action::CloseAttempt(AttemptEnd::TimedOut));
    }
    plan_older_install(work, attempt, now).unwrap_or_else(|| plan_network_boot(work, attempt, now))
}

/// What stands against the install is for a person to mend: until then nothing is done, and no try
/// is used up.
fn hindered(hindrance: &str, step: Step) -> Step {
    match step {
        Step::Wait { until, why } => Step::Wait {
            until,
            why: format!("it can't be installed: {hindrance}; {why}"),
        },
        Step::Act(_) | Step::Advance(_) | Step::Allocate(_) | Step::Permit(_) | Step::GiveUp(_) => {
            Step::wait(format!("it can't be installed: {hindrance}"))
        }
    }
}

fn plan_network_boot(work: &Work<'_>, attempt: &Attempt, now: Timestamp) -> Step {
    let since = attempt.power_at.unwrap_or(attempt.opened);
    let netboots = is_netbooting(work, since, now);
    match work.power {
        PowerObservation::Unreachable(why) => Step::wait(format!("its BMC does not answer: {why}")),
        PowerObservation::NoBmc if waits_for_wipe(work, attempt) => Step::wait(format!(
            "restart it: its next boot from the network wipes the older install on {}",
            attempt.assignment.disk
        )),
        PowerObservation::NoBmc if netboots && is_left_over(work, attempt) => Step::wait(
            "it runs what it was given for an attempt that is over: restart it, to boot from the \
             network",
        ),
        PowerObservation::NoBmc if netboots => progress(work, now),
        PowerObservation::NoBmc => plan_without_bmc(work, since, now),
        PowerObservation::Is(PowerState::Off) => {
            switch(work, attempt, Action::StartFromNetwork, now)
        }
        PowerObservation::Is(PowerState::On) if netboots => {
            if is_somebody(work, attempt) || waits_for_wipe(work, attempt) {
                switch(work, attempt, Action::PowerOff, now)
            } else if is_left_over(work, attempt) {
                left_over(work, now)
            } else {
                progress(work, now)
            }
        }
        PowerObservation::Is(PowerState::On) => plan_silence(work, attempt, since, now),
    }
}

/// It is on, and does not ask: it tests its memory, or has lost its way.
fn plan_silence(work: &Work<'_>, attempt: &Attempt, since: Timestamp, now: Timestamp) -> Step {
    let after_another = work.dossier.attempts.len() > 1 || serves_another(work, attempt);
    let lost = after_another && attempt.power_at.is_none();
    let until = since.plus(if lost {
        RESTART_GRACE
    } else {
        self_test(commands(work))
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

/// Whether what runs was started for an attempt that is over, such as that of a permission which was
/// taken back: it asks for a config that nobody gives it any more.
fn serves_another(work: &Work<'_>, attempt: &Attempt) -> bool {
    work.dossier.boots.first().is_some_and(|boot| {
        boot.origin == BootOrigin::Network && boot.attempt.is_some_and(|it| it != attempt.id)
    })
}

/// Whether it runs the installer of an attempt that is over: it does not ask for its script any
/// more, and is no boot of this attempt.
fn is_left_over(work: &Work<'_>, attempt: &Attempt) -> bool {
    let newest = work.dossier.boots.first();
    serves_another(work, attempt) && newest.is_some_and(|boot| boot.step > BootStep::Script)
}

/// It has a BMC, and is started anew as soon as it is silent.
fn left_over(work: &Work<'_>, now: Timestamp) -> Step {
    let last = work.dossier.boots.first().map_or(now, |boot| boot.step_at);
    Step::Wait {
        until: Some(last.plus(SCRIPT_SILENCE)),
        why:
            "it runs what it was given for an attempt that is over, and is started anew when that \
              is silent"
                .to_owned(),
    }
}

/// Whether somebody waits in our script, or runs our installer, whom we did not switch on in this
/// attempt. It gets no config: it may be another machine with a copied card. The machine's own
/// power tells them apart. What it said before our last command is over.
fn is_somebody(work: &Work<'_>, attempt: &Attempt) -> bool {
    work.dossier.boots.first().is_some_and(|boot| {
        let last = attempt.power_at.map(|at| at.plus(RESTART_GRACE));
        let still_asks = last.is_none_or(|last| boot.step_at >= last);
        let is_ours =
            follows_power_on(boot, work.dossier.powered_on) || attempt.has_accepted(boot.id);
        boot.step >= BootStep::Script && still_asks && !is_ours
    })
}

/// Whether the system that runs has to be started anew, for a boot that wipes.
fn waits_for_wipe(work: &Work<'_>, attempt: &Attempt) -> bool {
    attempt.wipe.is_some_and(|wipe| wipe.boot.is_none()) && unasked(work, attempt).is_some()
}

/// How many power commands were given under the intent.
fn commands(work: &Work<'_>) -> u32 {
    work.dossier
        .attempts
        .iter()
        .map(|attempt| attempt.power_actions)
        .sum()
}

/// Switches power, unless that was done often enough, or its BMC needs a pause. What may not be
/// switched on again is not switched off.
fn switch(work: &Work<'_>, attempt: &Attempt, action: Action, now: Timestamp) -> Step {
    let needs = if action == Action::PowerOff { 2 } else { 1 };
    let are_used_up = commands(work).saturating_add(needs) > allowed_commands(work);
    if are_used_up && !Sabotage::PowerUncounted.is_on() {
        return Step::GiveUp(power_used_up(work, attempt.opened, "network boot"));
    }
    paused(work, attempt.opened, now).unwrap_or(Step::Act(action))
}
