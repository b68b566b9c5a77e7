//! The clusters' own loop: the one Bootstrap of each, and when it is ready.

mod bootstrapping;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use config_render::os::Need;
use config_render::oses::os_of;
use machine_core::allocation::awaited_as;
use machine_core::boot::BootOrigin;
use machine_core::bootstrap::{ClusterStep, Member, plan_cluster, plan_members};
use machine_core::bootstrap_pace::BootstrapPace;
use machine_core::cluster::Cluster;
use machine_core::id::ClusterId;
use machine_core::lifecycle::{Moving, State};
use machine_core::operation::OperationOutcome;
use machine_store::{boots, clusters, events, machines, members};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::StepError;
use crate::records::{About, Records};
use crate::status::{ClusterStatus, Status};

/// How often clusters are looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// The kind of the event that says that a cluster is ready.
const READY: &str = "ready";
/// How many events of a cluster are read at once.
const PAGE: u32 = 200;

/// The clusters' loop.
#[derive(Debug)]
pub struct Clusters {
    records: Arc<Records>,
    status: Arc<Status>,
    paces: Mutex<BTreeMap<ClusterId, BootstrapPace>>,
}

/// A member, and where its system is.
struct Located {
    member: Member,
    address: Option<IpAddr>,
}

impl Clusters {
    /// Over these records.
    pub const fn new(records: Arc<Records>, status: Arc<Status>) -> Self {
        Self {
            records,
            status,
            paces: Mutex::new(BTreeMap::new()),
        }
    }

    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            // A Bootstrap that an older record knows nothing of is never called again.
            if self.records.db.safe_mode().is_some() {
                continue;
            }
            if let Err(error) = self.look().await {
                warn!(error = error.chain(), "the clusters were not looked at");
            }
        }
    }

    async fn look(&self) -> Result<(), StepError> {
        let readable = clusters::readable(&self.records.db).await?;
        for cluster in readable.clusters {
            if let Err(error) = self.step(&cluster).await {
                let why = error.chain();
                warn!(cluster = %cluster.spec.name, error = why, "a step failed; it is tried again");
                self.tell(
                    &cluster,
                    ClusterStatus {
                        waiting: why,
                        ready: false,
                    },
                );
            }
        }
        Ok(())
    }

    async fn step(&self, cluster: &Cluster) -> Result<(), StepError> {
        let mut located = self.members(cluster).await?;
        let is_done = cluster
            .bootstrap
            .is_some_and(|it| it.outcome == OperationOutcome::Done);
        let is_founded = is_done || !os_of(&cluster.spec.os).needs().contains(&Need::Bootstrap);
        if !is_founded {
            self.ask_control_planes(cluster, &mut located).await?;
        }
        let members: Vec<Member> = located.iter().map(|it| it.member.clone()).collect();
        let step = if is_founded {
            plan_members(cluster, &members)
        } else {
            plan_cluster(cluster, &members)
        };
        match self.paced(cluster, step) {
            ClusterStep::Wait(waiting) => {
                self.tell(
                    cluster,
                    ClusterStatus {
                        waiting,
                        ready: false,
                    },
                );
                Ok(())
            }
            ClusterStep::Ready => {
                let ready = ClusterStatus {
                    waiting: String::new(),
                    ready: true,
                };
                let is_news = match self.tell(cluster, ready) {
                    Some(before) => !before.ready,
                    None => !self.was_told_ready(cluster).await?,
                };
                if is_news {
                    info!(cluster = %cluster.spec.name, "ready");
                    let event = About::cluster(cluster.id).event(
                        self.records.now(),
                        READY,
                        "every member is ready",
                    );
                    self.records.commit.try_event(event);
                }
                Ok(())
            }
            ClusterStep::RecordDone(machine) => self
                .record(cluster, machine, OperationOutcome::Done, Some("etcd runs"))
                .await
                .map(|_| ()),
            ClusterStep::Bootstrap(machine) => self.bootstrap(cluster, machine, &located).await,
        }
    }

    fn tell(&self, cluster: &Cluster, status: ClusterStatus) -> Option<ClusterStatus> {
        self.status.set_cluster(cluster.id, status)
    }

    /// Whether an earlier process has told that the cluster is ready.
    async fn was_told_ready(&self, cluster: &Cluster) -> Result<bool, StepError> {
        let mut after = 0;
        loop {
            let told = events::of_cluster(&self.records.db, cluster.id, after, PAGE).await?;
            if told.iter().any(|it| it.event.kind == READY) {
                return Ok(true);
            }
            match told.last() {
                Some(last) => after = last.seq,
                None => return Ok(false),
            }
        }
    }

    async fn members(&self, cluster: &Cluster) -> Result<Vec<Located>, StepError> {
        let db = &self.records.db;
        let clusters = clusters::readable(db).await?.clusters;
        let memberships = members::of_cluster(db, cluster.id).await?;
        let mut members = Vec::new();
        for machine in machines::readable(db).await? {
            if let Some(role) = awaited_as(&machine, cluster.id, &clusters) {
                let member = Member {
                    machine: machine.id,
                    name: machine.name,
                    role,
                    active: false,
                    ready: false,
                    control_plane: None,
                };
                members.push(Located {
                    member,
                    address: None,
                });
                continue;
            }
            let is_member = matches!(
                machine.state,
                State::Provisioning(_) | State::Active | State::Failed(Moving::Provisioning(_))
            );
            let of_cluster = memberships.iter().find(|it| it.machine == machine.id);
            let (true, Some(membership)) = (is_member, of_cluster) else {
                continue;
            };
            let boot = boots::latest_seen(db, machine.id).await?;
            let from_disk = boot.filter(|boot| boot.origin == BootOrigin::Disk);
            let member = Member {
                machine: machine.id,
                name: machine.name,
                role: membership.role,
                active: machine.state == State::Active,
                ready: from_disk.as_ref().and_then(|boot| boot.ready) == Some(true),
                control_plane: None,
            };
            members.push(Located {
                member,
                address: from_disk.and_then(|boot| boot.address),
            });
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests;
