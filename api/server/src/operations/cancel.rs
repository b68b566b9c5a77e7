//! The use case that takes back what is under way with a machine, or permitted: a person says no,
//! and it stays no until a person accepts the machine again.

use machine_core::intent::IntentEnd;
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::change::{Change, MachineWrite};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::endings::Thought;
use crate::operations::machines::event;
use crate::operations::withdrawal::{Ended, ended};

impl Operations {
    /// What a cancellation ends: the inspection, or the permission with its attempt.
    pub(super) async fn cancellation(
        &self,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        let at = self.effects.now();
        let permission = self.permission(machine).await?;
        let mut change = Change::default();
        let Ended {
            machine: next,
            told,
        } = match &permission {
            Some(permission) => {
                permission.close(&mut change, at, IntentEnd::Cancelled, asked);
                ended(machine, permission, at)
            }
            None => self.without_permission(machine, at).await?,
        };
        let (from, to) = (machine.state, next.state);
        let detail = format!("{from} -> {to}: cancel; {told}{}", asked.because());
        change
            .events
            .push(event(machine, asked, at, "state", detail));
        change.machines.push(MachineWrite::Update(next));
        Ok(Thought {
            change,
            notes: vec![format!("{}: {told}", machine.name)],
            ..Thought::default()
        })
    }

    /// Nothing is permitted: an inspection ends, and an install that was about to be permitted anew.
    async fn without_permission(
        &self,
        machine: &Machine,
        at: Timestamp,
    ) -> Result<Ended, UseCaseError> {
        let told = match machine.state {
            State::Inspecting => "its inspection ended, and nothing was written by it",
            State::Provisioning(_) => "no permission to install it was open, and none is opened",
            State::Discovered | State::Available | State::Active | State::Cleaning => {
                return Err(nothing_to_cancel(machine));
            }
            State::Failed(_) | State::Retired => return Err(nothing_to_cancel(machine)),
        };
        let cancel = Input::Cancel { released: false };
        match machine.after(cancel, at) {
            Ok(next) => Ok(Ended {
                machine: next,
                told: told.to_owned(),
            }),
            Err(refused) => Err(self.refusal(machine, refused).await),
        }
    }
}

/// What can be done with a machine of which nothing can be cancelled.
fn nothing_to_cancel(machine: &Machine) -> UseCaseError {
    let (name, state) = (&machine.name, machine.state);
    let way = match state {
        State::Discovered => format!("drover machine accept {name} begins its inspection"),
        State::Inspecting | State::Provisioning(_) => format!("drover machine show {name}"),
        State::Available => format!(
            "what a cluster's file says takes it; to keep it from that: drover machine retire {name}"
        ),
        State::Active => {
            format!(
                "its install is over; to leave it alone from now on: drover machine retire {name}"
            )
        }
        State::Cleaning => format!(
            "its disk is being erased, and that can't be undone: wait until it is available, or \
             drover machine retire {name}"
        ),
        State::Failed(_) => format!(
            "it boots its disk; drover machine show {name} says how it is tried again, drover \
             machine retire {name} leaves it alone"
        ),
        State::Retired => format!("drover machine accept {name} takes it back"),
    };
    UseCaseError::Contradiction(format!(
        "{name}: there is nothing to cancel: it is {state}, nothing is under way and no permission \
         to install it is open; {way}"
    ))
}
