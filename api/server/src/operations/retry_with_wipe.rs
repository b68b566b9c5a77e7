//! The use case that wipes what is on the disk of a failed install, and installs again.
//!
//! Talos wipes what it takes for its own, and knows nothing of the disk that a permission names. So
//! a person asks for it by name, for the disk of the install that failed, and with a new permission
//! for that disk: the wipe is the first step of its first attempt.

use machine_core::allocation::{Allocation, allocate};
use machine_core::cluster::Cluster;
use machine_core::disk::DiskIdentity;
use machine_core::id::IntentId;
use machine_core::intent::{Actor, Assignment, Intent, IntentEnd, IntentKind};
use machine_core::lifecycle::{Input, Moving, State};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::change::{Change, ClusterWrite, IntentWrite, MachineWrite};
use machine_store::{attempts, clusters, intents};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::machines::{MachineView, event};
use crate::operations::retry::without_rule;
use crate::operations::{Operations, TRIES, Written};

impl Operations {
    /// Wipes the older install on the disk of a failed install, and installs again. `confirm` is
    /// the name once more.
    pub async fn retry_with_wipe(
        &self,
        (name, confirm): (&str, &str),
        asked: &Asked,
    ) -> Result<MachineView, UseCaseError> {
        self.permit(&asked.caller, Operation::RetryWithWipe)?;
        let what = ["retry with wipe", name];
        if self.carried_out(asked, &what).await?.is_some() {
            return self.view(self.machine(name).await?).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let mut change = self.wiped_retry(&machine, confirm, asked).await?;
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

    async fn wiped_retry(
        &self,
        machine: &Machine,
        confirm: &str,
        asked: &Asked,
    ) -> Result<Change, UseCaseError> {
        let failed = self.failed_install(machine).await?;
        let at = self.effects.now();
        let next = match machine.after(Input::Retry, at) {
            Ok(next) => next,
            Err(refused) => return Err(self.refusal(machine, refused).await),
        };
        let clusters = clusters::list(&self.db).await?;
        let assignment = assigned(&next, &clusters, &failed.assignment.disk)?;
        self.refuse_other_disks(machine, &assignment.disk).await?;
        confirmed(&machine.name, confirm, &assignment.disk)?;
        let detail = format!("{} -> {}: retry with wipe", machine.state, next.state);
        let wipes = format!(
            "installs as {}, and may erase {}; the older install on it is wiped first",
            assignment.role, assignment.disk
        );
        let told = [("state", detail), ("intent", wipes)];
        let told = told.map(|(kind, it)| {
            let detail = format!("{it}{}", asked.because());
            event(machine, asked, at, kind, detail)
        });
        let rule = clusters.iter().find(|it| it.id == assignment.cluster);
        // What an earlier version left open is in the way of another.
        let standing = failed.closed.is_none().then_some(IntentWrite::Close {
            id: failed.id,
            at,
            end: IntentEnd::Failed,
        });
        let permission = self.permitted_wipe(machine, (assignment, rule), at, asked)?;
        Ok(Change {
            machines: vec![MachineWrite::Update(next)],
            clusters: rule.map(hold).into_iter().collect(),
            intents: standing
                .into_iter()
                .chain([IntentWrite::Open(permission)])
                .collect(),
            events: told.into(),
            ..Change::default()
        })
    }

    /// The permission of the install that failed.
    async fn failed_install(&self, machine: &Machine) -> Result<Intent, UseCaseError> {
        let latest = intents::latest_of_machine(&self.db, machine.id).await?;
        match (machine.state, latest) {
            (State::Failed(Moving::Provisioning(_)), Some(intent)) => Ok(intent),
            (state, _) => Err(UseCaseError::Contradiction(format!(
                "{name}: wanted a machine whose install failed, to wipe what that left: it is \
                 {state}; drover machine show {name} says what it waits for",
                name = machine.name
            ))),
        }
    }

    /// Another disk to which Drover has installed would be wiped, too, and nobody permits that.
    async fn refuse_other_disks(
        &self,
        machine: &Machine,
        disk: &DiskIdentity,
    ) -> Result<(), UseCaseError> {
        let other = attempts::released_to_another_disk(&self.db, machine.id, disk).await?;
        let Some(other) = other else {
            return Ok(());
        };
        Err(UseCaseError::Contradiction(format!(
            "{name}: attempt {number} may have installed to {other}, which would be wiped with \
             {disk}, and only {disk} may be erased: take {other} out or erase the disks by hand, \
             then: drover machine retry {name}",
            name = machine.name,
            number = other.number,
            other = other.assignment.disk,
        )))
    }

    /// The permission comes from the cluster's rule, and ends with it.
    fn permitted_wipe(
        &self,
        machine: &Machine,
        (assignment, rule): (Assignment, Option<&Cluster>),
        at: Timestamp,
        asked: &Asked,
    ) -> Result<Intent, UseCaseError> {
        let rule = rule.map_or(String::new(), |it| format!("cluster {}", it.spec.name));
        Ok(Intent {
            id: IntentId::from_bytes(self.effects.draw()?),
            machine: machine.id,
            assignment,
            actor: Actor::Policy(rule),
            reason: format!("{} asked for the wipe: {}", asked.actor(), asked.reason),
            opened: at,
            expires: at.plus(Intent::LIFETIME),
            kind: IntentKind::Reimage,
            claims: 0,
            closed: None,
        })
    }
}

/// What the rules of today make of it, if that is still on the disk of the install that failed.
fn assigned(
    next: &Machine,
    clusters: &[Cluster],
    failed: &DiskIdentity,
) -> Result<Assignment, UseCaseError> {
    let refused = |why: String| {
        let name = &next.name;
        let why = format!("{name}: it can't be wiped and installed again: {why}");
        Err(UseCaseError::Contradiction(why))
    };
    match allocate(next, clusters) {
        Allocation::Take { assignment, .. } if assignment.disk == *failed => Ok(assignment),
        Allocation::Take { assignment, .. } => refused(format!(
            "its failed install was for {failed}, and the documents name {} now; correct them, or \
             drover machine retry {} without --wipe",
            assignment.disk, next.name
        )),
        why => refused(without_rule(&next.name, &why).unwrap_or_else(|| why.to_string())),
    }
}

/// The name once more: what is wiped can't be had back.
fn confirmed(name: &str, confirm: &str, disk: &DiskIdentity) -> Result<(), UseCaseError> {
    if name == confirm {
        return Ok(());
    }
    Err(UseCaseError::Invalid(format!(
        "this wipes {disk} of {name}, and every other disk of it that holds partitions of a Talos \
         (META, STATE, EPHEMERAL): wanted the machine's name once more (--confirm {name}), got \
         {confirm:?}"
    )))
}

/// The rule that permits it must still stand when it is written.
const fn hold(rule: &Cluster) -> ClusterWrite {
    ClusterWrite::Hold {
        id: rule.id,
        version: rule.version,
    }
}
