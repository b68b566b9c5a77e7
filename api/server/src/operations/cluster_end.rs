//! Use cases that end a story: what became of a Bootstrap, and a cluster that is deleted.

use machine_core::bootstrap::resolve;
use machine_core::cluster::Cluster;
use machine_core::intent::{Intent, IntentEnd};
use machine_core::lifecycle::{Input, Moving, State};
use machine_core::machine::Machine;
use machine_core::membership::holding;
use machine_core::operation::{Resolution, Resolved};
use machine_core::time::Timestamp;
use machine_store::change::{Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite};
use machine_store::{attempts, intents, machines};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::access::confirmed;
use crate::operations::clusters::ClusterView;
use crate::operations::machines::event;
use crate::operations::withdrawal::taken_back;
use crate::operations::{Operations, TRIES, Written};

/// What the machines of a cluster mean for its deletion.
#[derive(Default)]
struct Leaving {
    /// Those that have, or may have, its config; each with its state, and since when.
    members: Vec<String>,
    /// Those whose permission is taken back.
    released: Vec<Machine>,
    change: Change,
}

impl Operations {
    /// Records what a person knows of a cluster's one Bootstrap call.
    pub async fn resolve_bootstrap(
        &self,
        name: &str,
        resolution: Resolution,
        asked: &Asked,
    ) -> Result<ClusterView, UseCaseError> {
        self.permit(&asked.caller, Operation::ResolveBootstrap)?;
        let (word, detail) = match resolution {
            Resolution::Done => ("done", "a person says that it was carried out"),
            Resolution::NotDone => (
                "not-done",
                "a person says that it was not carried out: it is called again",
            ),
        };
        let what = ["resolve bootstrap", name, word];
        if self.carried_out(asked, &what).await?.is_some() {
            return Ok(self.cluster_view(self.cluster(name).await?));
        }
        for _ in 0..TRIES {
            let cluster = self.cluster(name).await?;
            let resolved = resolve(cluster.bootstrap, resolution)
                .map_err(|why| UseCaseError::Contradiction(format!("{name}: {why}")))?;
            let mut change = self.change(&cluster, "", asked);
            for event in &mut change.events {
                "bootstrap".clone_into(&mut event.kind);
                event.detail = format!("{detail}{}", asked.because());
            }
            change.request = Some(self.request(asked, &what, String::new()));
            change.operations.push(match resolved {
                Resolved::Done(done) => OperationWrite::Record(done),
                Resolved::Withdrawn(id) => {
                    let at = self.effects.now();
                    OperationWrite::Withdraw { id, at }
                }
            });
            change.clusters.push(ClusterWrite::Update(cluster));
            match self.write(&change).await? {
                Written::Now | Written::Before(_) => {
                    return Ok(self.cluster_view(self.cluster(name).await?));
                }
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    /// Deletes a cluster that no machine is a member of, and its secrets; the machines whose
    /// permission to be installed was taken back. What happened is kept.
    pub async fn delete_cluster(
        &self,
        name: &str,
        confirm: &str,
        asked: &Asked,
    ) -> Result<Vec<String>, UseCaseError> {
        self.permit(&asked.caller, Operation::DeleteCluster)?;
        let what = ["delete cluster", name];
        if let Some(result) = self.carried_out(asked, &what).await? {
            return Ok(names(&result));
        }
        confirmed(name, confirm, "delete it with its secrets")?;
        for _ in 0..TRIES {
            let cluster = self.cluster(name).await?;
            let leaving = self.leaving(&cluster, asked).await?;
            if !leaving.members.is_empty() {
                return Err(has_members(name, &leaving.members));
            }
            let released: Vec<String> = leaving.released.iter().map(|it| it.name.clone()).collect();
            let mut change = leaving.change;
            let told = self.change(&cluster, "deleted, with its secrets", asked);
            change.events.extend(told.events);
            change.request = Some(self.request(asked, &what, released.join(" ")));
            change.clusters.push(ClusterWrite::Delete {
                id: cluster.id,
                version: cluster.version,
                at: self.effects.now(),
            });
            change
                .secrets
                .push(self.effects.drop_cluster_secrets(cluster.id));
            match self.write(&change).await? {
                Written::Now => {
                    self.wake_after(&change).await?;
                    return Ok(released);
                }
                Written::Before(result) => return Ok(names(&result)),
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn leaving(&self, cluster: &Cluster, asked: &Asked) -> Result<Leaving, UseCaseError> {
        let mut leaving = Leaving::default();
        for machine in machines::list(&self.db).await? {
            if let Some(since) = self.has_config_since(&machine, cluster).await? {
                let (name, state) = (&machine.name, machine.state);
                let member = format!("{name} ({state}; got its config at {since})");
                leaving.members.push(member);
                continue;
            }
            let intent = intents::latest_of_machine(&self.db, machine.id).await?;
            let of_cluster = intent.filter(|it| it.assignment.cluster == cluster.id);
            if let Some(intent) = of_cluster {
                self.leave(machine, &intent, asked, &mut leaving).await?;
            }
        }
        Ok(leaving)
    }

    /// Since when a machine may hold a config of a cluster. Looked for under whatever permission: a
    /// config that went out stays out when its install is cancelled, and when the machine is
    /// installed on another disk.
    pub(super) async fn has_config_since(
        &self,
        machine: &Machine,
        cluster: &Cluster,
    ) -> Result<Option<Timestamp>, UseCaseError> {
        let released = attempts::released(&self.db, machine.id).await?;
        let held = holding(machine.state, &released, cluster.id);
        Ok(held.and_then(|it| it.release).map(|it| it.at))
    }

    /// A machine that runs in the cluster is a member; what is only permitted is taken back.
    async fn leave(
        &self,
        machine: Machine,
        intent: &Intent,
        asked: &Asked,
        leaving: &mut Leaving,
    ) -> Result<(), UseCaseError> {
        let attempts = attempts::of_intent(&self.db, intent.id).await?;
        let is_member = matches!(
            machine.state,
            State::Active | State::Cleaning | State::Failed(Moving::Cleaning)
        );
        if is_member {
            let member = format!("{} ({})", machine.name, machine.state);
            leaving.members.push(member);
            return Ok(());
        }
        if intent.closed.is_some() {
            return Ok(());
        }
        let at = self.effects.now();
        let cancel = Input::Cancel { released: false };
        leaving
            .change
            .machines
            .push(match machine.after(cancel, at) {
                Ok(next) => MachineWrite::Update(next),
                Err(_) => MachineWrite::Hold {
                    id: machine.id,
                    version: machine.version,
                },
            });
        leaving.change.intents.push(IntentWrite::Close {
            id: intent.id,
            at,
            end: IntentEnd::Cancelled,
        });
        let open = attempts.iter().filter(|it| it.closed.is_none());
        leaving
            .change
            .attempts
            .extend(open.flat_map(|attempt| taken_back(attempt, at, asked)));
        let detail = format!(
            "it may not erase {} any more: its cluster is deleted{}",
            intent.assignment.disk,
            asked.because()
        );
        let told = event(&machine, asked, at, "intent", detail);
        leaving.change.events.push(told);
        leaving.released.push(machine);
        Ok(())
    }
}

fn has_members(name: &str, members: &[String]) -> UseCaseError {
    UseCaseError::Contradiction(format!(
        "{name} has members: {}. Deleting it would take away the keys that they can be reached \
         with. Take each of them out first: drover machine retire NAME (it leaves the disk alone, \
         and drover machine accept NAME takes the machine back later)",
        members.join(", ")
    ))
}

fn names(result: &str) -> Vec<String> {
    result.split_whitespace().map(str::to_owned).collect()
}
