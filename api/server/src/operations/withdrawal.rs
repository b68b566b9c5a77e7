//! A permission that came from a document ends when the document does not say so any more.

use machine_core::allocation::{Allocation, allocate};
use machine_core::attempt::{Attempt, AttemptEnd, Verdict};
use machine_core::cluster::Cluster;
use machine_core::intent::{Actor, Intent, IntentEnd};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::{Failure, Machine};
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::{attempts, clusters, intents, machines};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operations::machines::event;
use crate::operations::{Operations, TRIES, Written};

/// The open permission of a machine, and the attempts that it has had.
#[derive(Debug, Clone)]
pub(super) struct Permission {
    pub(super) intent: Intent,
    attempts: Vec<Attempt>,
}

/// An end of a permission, and what becomes of its machine.
#[derive(Debug)]
pub(super) struct Ended {
    /// The machine.
    pub(super) machine: Machine,
    /// What happened, as its timeline and the person who asked read it.
    pub(super) told: String,
}

impl Permission {
    /// The attempt whose config was released and that is open: an install may run.
    pub(super) fn under_way(&self) -> Option<&Attempt> {
        let open = self.attempts.iter().find(|it| it.is_open());
        open.filter(|it| it.release.is_some())
    }

    /// Whether an attempt that is over may have begun to write the disk.
    pub(super) fn may_have_written(&self) -> bool {
        self.attempts.iter().any(|it| it.release.is_some())
    }

    /// The writes that close it, and the attempt that is open.
    pub(super) fn close(&self, change: &mut Change, at: Timestamp, end: IntentEnd, asked: &Asked) {
        let id = self.intent.id;
        change.intents.push(IntentWrite::Close { id, at, end });
        let open = self.attempts.iter().filter(|it| it.is_open());
        change
            .attempts
            .extend(open.flat_map(|it| taken_back(it, at, asked)));
    }
}

/// The writes that end an open attempt, and say who took it back, and why.
pub(super) fn taken_back(attempt: &Attempt, at: Timestamp, asked: &Asked) -> Vec<AttemptWrite> {
    let (id, end) = (attempt.id, AttemptEnd::Cancelled);
    let why = format!("{}: {}", asked.actor(), asked.reason);
    // What its node said before stands.
    let said = attempt.verdict.is_none().then_some(AttemptWrite::Judge {
        id,
        verdict: Verdict { at, end, why },
    });
    let close = AttemptWrite::Close { id, at, end };
    said.into_iter().chain([close]).collect()
}

impl Operations {
    /// The open permission of a machine.
    pub(super) async fn permission(
        &self,
        machine: &Machine,
    ) -> Result<Option<Permission>, UseCaseError> {
        let latest = intents::latest_of_machine(&self.db, machine.id).await?;
        let Some(intent) = latest.filter(|it| it.closed.is_none()) else {
            return Ok(None);
        };
        let attempts = attempts::of_intent(&self.db, intent.id).await?;
        Ok(Some(Permission { intent, attempts }))
    }

    /// The end of a machine's permission, if the documents as they will be do not say any more what
    /// it was made of. `machine` is as it will be; so is what comes back, one step further.
    pub(super) async fn withdrawn(
        &self,
        change: &mut Change,
        machine: &Machine,
        clusters: &[Cluster],
        asked: &Asked,
    ) -> Result<Option<Ended>, UseCaseError> {
        let Some(permission) = self.permission(machine).await? else {
            return Ok(None);
        };
        if is_still_said(machine, clusters, &permission.intent) {
            return Ok(None);
        }
        let at = self.effects.now();
        permission.close(change, at, IntentEnd::Withdrawn, asked);
        let mut ended = ended(machine, &permission, at);
        // No person said no to the machine: what the documents say now may take it.
        ended.machine.cancelled = None;
        let detail = format!("{}{}", ended.told, asked.because());
        change
            .events
            .push(event(machine, asked, at, "intent", detail));
        if ended.machine.state != machine.state {
            let (from, to) = (machine.state, ended.machine.state);
            let detail = format!("{from} -> {to}: its permission was withdrawn");
            change
                .events
                .push(event(machine, asked, at, "state", detail));
        }
        Ok(Some(ended))
    }
}

impl Operations {
    /// Ends the permissions that a cluster as it will be does not give any more; a sentence for
    /// each.
    pub(super) async fn withdraw_members(
        &self,
        change: &mut Change,
        cluster: &Cluster,
        asked: &Asked,
    ) -> Result<Vec<String>, UseCaseError> {
        let clusters = std::slice::from_ref(cluster);
        let mut notes = Vec::new();
        for intent in intents::standing_of_cluster(&self.db, cluster.id).await? {
            let Some(machine) = machines::find(&self.db, intent.machine).await? else {
                continue;
            };
            let ended = self.withdrawn(change, &machine, clusters, asked).await?;
            if let Some(ended) = ended {
                notes.push(format!("{}: {}", machine.name, ended.told));
                change.machines.push(MachineWrite::Update(ended.machine));
            }
        }
        Ok(notes)
    }
}

impl Operations {
    /// Ends what was permitted by the rules as they were while they were changed: the reconciler
    /// may have read them before. Later it can't, for it opens an intent only under the rules that
    /// stand ([`ClusterWrite::Hold`]).
    ///
    /// [`ClusterWrite::Hold`]: machine_store::change::ClusterWrite::Hold
    pub(super) async fn withdraw_late(
        &self,
        cluster: &str,
        asked: &Asked,
    ) -> Result<Vec<String>, UseCaseError> {
        for _ in 0..TRIES {
            let Some(cluster) = clusters::find_by_name(&self.db, cluster).await? else {
                return Ok(Vec::new());
            };
            let mut change = Change::default();
            let notes = self.withdraw_members(&mut change, &cluster, asked).await?;
            if notes.is_empty() {
                return Ok(notes);
            }
            if let Written::Now = self.write(&change).await? {
                return Ok(notes);
            }
        }
        Err(UseCaseError::Overtaken)
    }
}

/// Whether the rule of the intent's cluster still makes the same of the machine. What other
/// clusters say since then ends no permission.
fn is_still_said(machine: &Machine, clusters: &[Cluster], intent: &Intent) -> bool {
    if let Actor::Person(_) = intent.actor {
        return true;
    }
    let own: Vec<Cluster> = clusters
        .iter()
        .filter(|it| it.id == intent.assignment.cluster)
        .cloned()
        .collect();
    match allocate(machine, &own) {
        Allocation::Take { assignment, .. } => assignment == intent.assignment,
        Allocation::None | Allocation::NoDisk { .. } => false,
        Allocation::UnusableDisk { .. } | Allocation::TwoDisks { .. } => false,
        Allocation::Ambiguous { .. } => false,
    }
}

/// What becomes of a machine whose permission ends, and what is said of that.
pub(super) fn ended(machine: &Machine, permission: &Permission, at: Timestamp) -> Ended {
    let disk = &permission.intent.assignment.disk;
    let unmoved = || Ended {
        machine: machine.clone(),
        told: format!("the permission to erase {disk} was withdrawn"),
    };
    if !matches!(machine.state, State::Provisioning(_)) {
        return unmoved();
    }
    let Some(attempt) = permission.under_way() else {
        let Ok(machine) = machine.after(Input::Cancel { released: false }, at) else {
            return unmoved();
        };
        let written = if permission.may_have_written() {
            "; an earlier attempt may have begun to write it"
        } else {
            "; nothing was written by it"
        };
        return Ended {
            machine,
            told: format!("the permission to erase {disk} was withdrawn{written}"),
        };
    };
    let number = attempt.number;
    let failure = Failure {
        step: "install".to_owned(),
        why: format!(
            "its permission to erase {disk} was withdrawn after attempt {number} had its config: \
             the install may have begun"
        ),
        advice: format!(
            "if it comes up from its disk it becomes active all the same; otherwise drover machine \
             retry {} installs it as the documents say now",
            machine.name
        ),
    };
    let told = format!(
        "the permission to erase {disk} was withdrawn, but attempt {number} has its config \
         already, and the install may have begun: that can't be undone; no further attempt is made"
    );
    match machine.given_up(failure, at) {
        Ok(machine) => Ended { machine, told },
        Err(_) => unmoved(),
    }
}
