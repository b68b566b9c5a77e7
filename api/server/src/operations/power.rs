//! The use case that switches a machine's power.

use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_store::change::Change;
use machine_store::power_on::PowerSwitch;

use crate::caller::Asked;
use crate::effects::power::{PowerOff, PowerRequest};
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::machines::{MachineView, event};
use crate::operations::{Operations, TRIES, Written};

/// Power that was switched.
#[derive(Debug, Clone)]
pub struct Switched {
    /// What it is now, as the BMC says.
    pub power: PowerState,
    /// The machine.
    pub view: MachineView,
    /// What a person should know beside, a sentence each.
    pub notes: Vec<String>,
}

impl Operations {
    /// Switches a machine's power, through its BMC. That it was asked for is recorded before it is
    /// done, and what became of it after: a repetition can't know whether it was done, and a level
    /// does no harm twice, but a cycle does. `confirm` is the name once more, for a member of a
    /// cluster that is to go off.
    pub async fn power(
        &self,
        (name, confirm): (&str, &str),
        request: PowerRequest,
        asked: &Asked,
    ) -> Result<Switched, UseCaseError> {
        self.permit(&asked.caller, Operation::SetPower)?;
        let machine = self.machine(name).await?;
        refuse_if_retired(&machine)?;
        refuse_without_bmc(&machine)?;
        refuse_unless_confirmed(&machine, confirm, request)?;
        let what = verb(request);
        let detail = format!("asked for: {what}{}", asked.because());
        let at = self.effects.now();
        let change = Change {
            request: Some(self.request(asked, &["power", name, what], String::new())),
            events: vec![event(&machine, asked, at, "power", detail)],
            power: vec![PowerSwitch {
                machine: machine.id,
                on: (!matches!(request, PowerRequest::Off(_))).then_some(at),
            }],
            ..Change::default()
        };
        for _ in 0..TRIES {
            match (self.write(&change).await?, request) {
                (Written::Now, _)
                | (Written::Before(_), PowerRequest::On | PowerRequest::Off(_)) => {
                    return self.switch(&machine, request, asked).await;
                }
                (Written::Before(_), PowerRequest::Cycle(_)) => {
                    return Err(UseCaseError::Contradiction(format!(
                        "{name}: this cycle was asked for before, and its outcome is not known: \
                         to cycle the power again, use another idempotency key"
                    )));
                }
                (Written::Overtaken, _) => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    /// Switches it, and records what became of it.
    async fn switch(
        &self,
        machine: &Machine,
        request: PowerRequest,
        asked: &Asked,
    ) -> Result<Switched, UseCaseError> {
        let what = verb(request);
        let switched = self.effects.switch_power(machine, request).await;
        let detail = match &switched {
            Ok(power) => format!("power {what} was done: its BMC says that it is {power}"),
            Err(why) => format!("power {what} failed: {why}"),
        };
        let outcome = Change {
            events: vec![event(machine, asked, self.effects.now(), "power", detail)],
            ..Change::default()
        };
        // What the BMC said counts more than whether that could be written down.
        let written = self.write(&outcome).await;
        self.effects.wake(machine.id);
        let power = switched?;
        written?;
        let notes = note_on_plan(machine, power).into_iter().collect();
        let mut view = self.view(machine.clone()).await?;
        // The last look may be older than the command.
        view.seen.power = Some(power);
        Ok(Switched { power, view, notes })
    }
}

const fn verb(request: PowerRequest) -> &'static str {
    match request {
        PowerRequest::On => "on",
        PowerRequest::Off(PowerOff::Graceful) => "off",
        PowerRequest::Off(PowerOff::Forced) => "off by force",
        PowerRequest::Cycle(PowerOff::Graceful) => "cycle",
        PowerRequest::Cycle(PowerOff::Forced) => "cycle by force",
    }
}

/// A mistyped name must not take a member out of its cluster.
fn refuse_unless_confirmed(
    machine: &Machine,
    confirm: &str,
    request: PowerRequest,
) -> Result<(), UseCaseError> {
    let goes_off = request != PowerRequest::On;
    if machine.state != State::Active || !goes_off || confirm == machine.name {
        return Ok(());
    }
    Err(UseCaseError::Invalid(format!(
        "{name} is active, and what runs on it stops: wanted its name once more (--confirm {name}), \
         got {confirm:?}",
        name = machine.name
    )))
}

fn refuse_if_retired(machine: &Machine) -> Result<(), UseCaseError> {
    if machine.state != State::Retired {
        return Ok(());
    }
    Err(UseCaseError::Contradiction(format!(
        "{name} is retired: Drover does not switch its power (drover machine accept {name} takes \
         it back)",
        name = machine.name
    )))
}

/// A power-on that nothing carries out must not be on record as one of ours.
fn refuse_without_bmc(machine: &Machine) -> Result<(), UseCaseError> {
    if machine.bmc.is_some() {
        return Ok(());
    }
    Err(UseCaseError::Contradiction(format!(
        "{} has no BMC: register one in its document (drover machine apply --file FILE)",
        machine.name
    )))
}

/// A machine that is on the move is switched on again by its plan.
fn note_on_plan(machine: &Machine, power: PowerState) -> Option<String> {
    if power == PowerState::On {
        return None;
    }
    let name = &machine.name;
    match machine.state {
        State::Provisioning(_) => Some(format!(
            "{name} is being installed: its disk may be half written, and Drover switches it on \
             again to go on; to end that: drover machine retire {name}"
        )),
        State::Inspecting => Some(format!(
            "{name} is being inspected: Drover switches it on again; to end that: drover machine \
             retire {name}"
        )),
        State::Discovered | State::Available | State::Active => None,
        State::Cleaning | State::Failed(_) | State::Retired => None,
    }
}
