//! The one Bootstrap call of each cluster in a run: recorded, made, answered, in three moments.

use machine_core::bootstrap::{ClusterStep, EtcdState, Member, plan_cluster};
use machine_core::cluster::{Bootstrap, BootstrapOutcome, Cluster, Role};
use machine_core::id::MachineId;
use machine_core::lifecycle::State;

use crate::event::Event;
use crate::invariant::Violation;
use crate::records::Row;
use crate::scenario::Sabotage;
use crate::world::World;

impl World {
    pub(crate) fn reconcile_cluster(&mut self, index: usize) {
        let mut cluster = self.clusters[index].clone();
        if self.sabotaged(Sabotage::RepeatBootstrap)
            && let Some(call) = &mut cluster.bootstrap
        {
            call.outcome = BootstrapOutcome::NotReady;
        }
        let step = plan_cluster(&cluster, &self.members(&cluster));
        let now = self.now;
        self.ready[index] = step == ClusterStep::Ready;
        match step {
            ClusterStep::Wait(_) | ClusterStep::Ready => {}
            ClusterStep::RecordDone(machine) => {
                self.record_bootstrap(index, machine, BootstrapOutcome::Done);
            }
            ClusterStep::Bootstrap(machine) => {
                self.note(|| format!("cluster {index}: Bootstrap on {machine} at {now}"));
                self.record_bootstrap(index, machine, BootstrapOutcome::Unknown);
                let after = self.latency();
                self.schedule_inside(after, Event::CallBootstrap(index, machine));
            }
        }
    }

    fn members(&self, cluster: &Cluster) -> Vec<Member> {
        let of_cluster = |row: &&Row| {
            row.machine.state == State::Active
                && row
                    .intent
                    .as_ref()
                    .is_some_and(|it| it.assignment.cluster == cluster.id)
        };
        let member = |row: &Row| {
            let role = row
                .intent
                .as_ref()
                .map_or(Role::Worker, |it| it.assignment.role);
            let node = &self.nodes[self.owner_nodes[&row.machine.id]];
            let up = node
                .runs
                .is_some_and(|(attempt, _)| node.is_up(attempt, self.now));
            let done = self.ledger.is_bootstrapped(cluster.id, self.now);
            let etcd = if done {
                EtcdState::Running
            } else {
                EtcdState::Waiting
            };
            Member {
                machine: row.machine.id,
                name: row.machine.name.clone(),
                role,
                active: true,
                ready: up && done,
                etcd: (up && role == Role::ControlPlane).then_some(etcd),
            }
        };
        self.rows.values().filter(of_cluster).map(member).collect()
    }

    pub(crate) fn record_bootstrap(
        &mut self,
        index: usize,
        machine: MachineId,
        outcome: BootstrapOutcome,
    ) {
        let recorded = self.now;
        self.clusters[index].bootstrap = Some(Bootstrap {
            machine,
            recorded,
            outcome,
        });
        self.clusters[index].version += 1;
    }

    /// The call arrives: the node refuses it, or executes it; whether its answer is recorded is
    /// another matter.
    pub(crate) fn call_bootstrap(
        &mut self,
        index: usize,
        machine: MachineId,
    ) -> Result<(), Violation> {
        let node = &self.nodes[self.owner_nodes[&machine]];
        if node.runs.is_none() {
            return Ok(());
        }
        let refused = self.random.percent(20);
        let outcome = if refused {
            BootstrapOutcome::NotReady
        } else {
            BootstrapOutcome::Done
        };
        if !refused {
            self.ledger.bootstrap(self.clusters[index].id, self.now)?;
        }
        let after = self.latency();
        self.schedule_inside(after, Event::BootstrapAnswered(index, machine, outcome));
        Ok(())
    }
}
