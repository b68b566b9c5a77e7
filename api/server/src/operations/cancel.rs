//! The use case that takes an install back: a person says no, and it stays no until a person
//! accepts the machine again.

use machine_core::intent::IntentEnd;
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};

use crate::error::UseCaseError;
use crate::operations::machines::{MachineView, event};
use crate::operations::withdrawal::Permission;
use crate::operations::{Asked, Operations, TRIES, Written};

impl Operations {
    /// Cancels the install of a machine, as long as none can be under way.
    pub async fn cancel(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        let what = ["cancel", name];
        if self.carried_out(asked, &what).await?.is_some() {
            return self.view(self.machine(name).await?).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let mut change = self.cancellation(&machine, asked).await?;
            change.request = Some(self.request(asked, &what, String::new()));
            match self.write(&change).await? {
                Written::Now | Written::Before(_) => {
                    self.effects.wake(machine.id);
                    return self.view(self.machine(name).await?).await;
                }
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn cancellation(&self, machine: &Machine, asked: &Asked) -> Result<Change, UseCaseError> {
        let at = self.effects.now();
        let permission = self.permission(machine).await?;
        refuse_under_way(machine, permission.as_ref())?;
        let next = match machine.after(Input::Cancel { released: false }, at) {
            Ok(next) => next,
            Err(refused) => return Err(self.refusal(machine, refused).await),
        };
        let mut change = Change::default();
        let mut detail = format!("{} -> {}: cancel", machine.state, next.state);
        if let Some(permission) = permission {
            permission.close(&mut change, at, IntentEnd::Cancelled);
            let disk = &permission.intent.assignment.disk;
            detail = format!("{detail}; it may not erase {disk} any more");
            if permission.may_have_written() {
                detail.push_str(", but an earlier attempt may have begun to write it");
            }
        }
        let detail = format!("{detail}{}", asked.because());
        change
            .events
            .push(event(machine, asked, at, "state", detail));
        change.machines.push(MachineWrite::Update(next));
        Ok(change)
    }
}

/// What was released can't be called back: the node may be writing its disk.
fn refuse_under_way(
    machine: &Machine,
    permission: Option<&Permission>,
) -> Result<(), UseCaseError> {
    let Some(permission) = permission.filter(|_| matches!(machine.state, State::Provisioning(_)))
    else {
        return Ok(());
    };
    let Some(attempt) = permission.under_way() else {
        return Ok(());
    };
    let released = attempt.release.map_or(attempt.opened, |it| it.at);
    Err(UseCaseError::Contradiction(format!(
        "{name}: its install can't be cancelled: attempt {} has had its config since {released} \
         and may be writing {}. Wait until it is active or has failed (this attempt ends by {}), \
         or drover machine retire {name}",
        attempt.number,
        attempt.assignment.disk,
        attempt.deadline,
        name = machine.name,
    )))
}
