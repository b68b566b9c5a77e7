//! The use case that tries again what a machine failed at.
//!
//! This permits nothing: the plan first looks whether the machine runs from its disk after all, and
//! then opens a new intent by its cluster's rule. What no rule would permit is refused here.

use machine_core::allocation::{Allocation, allocate};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::clusters;

use crate::error::UseCaseError;
use crate::operations::machines::{MachineView, event};
use crate::operations::{Asked, Operations, TRIES, Written};

impl Operations {
    /// Tries again what a machine failed at.
    pub async fn retry(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        let what = ["retry", name];
        if self.carried_out(asked, &what).await?.is_some() {
            return self.view(self.machine(name).await?).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let mut change = self.retried(&machine, asked).await?;
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

    async fn retried(&self, machine: &Machine, asked: &Asked) -> Result<Change, UseCaseError> {
        let at = self.effects.now();
        let next = machine.after(Input::Retry, at);
        let next = next.map_err(|refused| UseCaseError::Lifecycle {
            name: machine.name.clone(),
            refused,
        })?;
        let (from, to) = (machine.state, next.state);
        let detail = format!("{from} -> {to}: retry{}", asked.because());
        if let State::Provisioning(_) = next.state {
            self.refuse_without_rule(machine).await?;
        }
        Ok(Change {
            machines: vec![MachineWrite::Update(next)],
            events: vec![event(machine, asked, at, "state", detail)],
            ..Change::default()
        })
    }

    /// An install needs one cluster's rule of today, and a disk.
    async fn refuse_without_rule(&self, machine: &Machine) -> Result<(), UseCaseError> {
        let why = match allocate(machine, &clusters::list(&self.db).await?) {
            Allocation::Take { .. } => return Ok(()),
            Allocation::None => "no cluster's rule takes it".to_owned(),
            Allocation::NoDisk { cluster } => format!(
                "cluster {cluster} takes it, but neither its rule nor the machine's record names \
                 the disk"
            ),
            Allocation::Ambiguous { clusters } => {
                format!("rules of several clusters take it: {}", clusters.join(", "))
            }
        };
        let name = &machine.name;
        Err(UseCaseError::Contradiction(format!(
            "{name}: its install can't be tried again: {why}"
        )))
    }
}
