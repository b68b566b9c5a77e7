//! The clusters' own loop: the one Bootstrap of each, and when it is ready.

pub mod access;
mod bootstrapping;
pub mod check;
pub mod reader_credentials;
mod readiness;
pub mod secrets;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config_render::os::Need;
use config_render::oses::os_of;
use machine_core::allocation::awaited_as;
use machine_core::boot::{Boot, BootOrigin};
use machine_core::bootstrap::{ClusterStep, Member, plan_cluster, plan_members};
use machine_core::bootstrap_pace::BootstrapPace;
use machine_core::cluster::Cluster;
use machine_core::id::{BootId, ClusterId};
use machine_core::lifecycle::{Moving, State};
use machine_core::machine::Machine;
use machine_core::operation::OperationOutcome;
use machine_store::membership::Membership;
use machine_store::read_model::{ReadModel, Revision};
use machine_store::{boots, clusters, events, machines, members};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clusters::readiness::Questions;
use crate::error::StepError;
use crate::site::{About, Site};
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
    site: Arc<Site>,
    status: Arc<Status>,
    paces: Mutex<BTreeMap<ClusterId, BootstrapPace>>,
    /// What was on record when clusters were looked at that wait for their records alone.
    rests: Mutex<BTreeMap<ClusterId, Revision>>,
    questions: Questions,
}

/// A member, and where its system is.
struct Located {
    member: Member,
    address: Option<IpAddr>,
    /// The boot in which it runs from its disk.
    boot: Option<BootId>,
}

impl Clusters {
    /// Over these records.
    pub fn new(site: Arc<Site>, status: Arc<Status>) -> Self {
        Self {
            site,
            status,
            paces: Mutex::new(BTreeMap::new()),
            rests: Mutex::new(BTreeMap::new()),
            questions: Questions::default(),
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
            if self.site.db.safe_mode().is_some() {
                continue;
            }
            if let Err(error) = self.look().await {
                warn!(error = error.chain(), "the clusters were not looked at");
            }
        }
    }

    async fn look(&self) -> Result<(), StepError> {
        let readable = clusters::readable(&self.site.db).await?;
        for cluster in readable.clusters {
            let changed = self.site.db.model().read(ReadModel::changed);
            if changed.is_some() && self.rests_since(cluster.id) == changed {
                continue;
            }
            self.rest(cluster.id, changed.filter(|_| is_founded(&cluster)));
            let stepped = self.step(&cluster).await;
            if self.questions.are_open(cluster.id) {
                // Who is asked again is waited for, and not for a change of the records.
                self.rest(cluster.id, None);
            }
            if let Err(error) = stepped {
                self.rest(cluster.id, None);
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

    /// The revision of the records at which a cluster was left alone.
    fn rests_since(&self, cluster: ClusterId) -> Option<Revision> {
        let rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.get(&cluster).copied()
    }

    fn rest(&self, cluster: ClusterId, seen: Option<Revision>) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Some(seen) => _ = rests.insert(cluster, seen),
            None => _ = rests.remove(&cluster),
        }
    }

    async fn step(&self, cluster: &Cluster) -> Result<(), StepError> {
        let mut located = self.members(cluster).await?;
        if is_founded(cluster) {
            self.ask_readiness(cluster, &located).await?;
        } else {
            self.ask_control_planes(cluster, &mut located).await?;
        }
        let members: Vec<Member> = located.iter().map(|it| it.member.clone()).collect();
        let step = if is_founded(cluster) {
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
                        self.site.now(),
                        READY,
                        "every member is ready",
                    );
                    self.site.commit.try_event(event);
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
            let told = events::of_cluster(&self.site.db, cluster.id, after, PAGE).await?;
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
        let db = &self.site.db;
        let clusters = clusters::readable(db).await?.clusters;
        let held = db.model().read(|held| {
            let machines = held.machines().map(|(_, held)| &held.dossier.work);
            let located = machines.filter_map(|work| {
                let machine = &work.standing.machine;
                let known = (work.membership.as_ref(), work.seen.as_ref());
                located(cluster, &clusters, machine, known)
            });
            located.collect::<Vec<Located>>()
        });
        if let Some(mut members) = held {
            members.sort_by(|one, other| one.member.name.cmp(&other.member.name));
            return Ok(members);
        }
        let memberships = members::of_cluster(db, cluster.id).await?;
        let mut members = Vec::new();
        for machine in machines::readable(db).await? {
            let membership = memberships.iter().find(|it| it.machine == machine.id);
            let seen = boots::latest_seen(db, machine.id).await?;
            let known = (membership, seen.as_ref());
            members.extend(located(cluster, &clusters, &machine, known));
        }
        Ok(members)
    }
}

/// Whether its etcd was started, or needs nobody to start it: from then on only its records say how
/// it is.
fn is_founded(cluster: &Cluster) -> bool {
    let bootstrap = cluster.bootstrap;
    let is_done = bootstrap.is_some_and(|it| it.outcome == OperationOutcome::Done);
    is_done || !os_of(&cluster.spec.os).needs().contains(&Need::Bootstrap)
}

/// A machine as a member of a cluster, if it is one: with its membership, and its latest boot of
/// which more was seen than a DISCOVER.
fn located(
    cluster: &Cluster,
    clusters: &[Cluster],
    machine: &Machine,
    (membership, seen): (Option<&Membership>, Option<&Boot>),
) -> Option<Located> {
    let member = |role| Member {
        machine: machine.id,
        name: machine.name.clone(),
        role,
        active: false,
        ready: false,
        control_plane: None,
    };
    if let Some(role) = awaited_as(machine, cluster.id, clusters) {
        return Some(Located {
            member: member(role),
            address: None,
            boot: None,
        });
    }
    let is_member = matches!(
        machine.state,
        State::Provisioning(_) | State::Active | State::Failed(Moving::Provisioning(_))
    );
    let membership = membership.filter(|it| is_member && it.cluster == cluster.id)?;
    let from_disk = seen.filter(|boot| boot.origin == BootOrigin::Disk);
    Some(Located {
        member: Member {
            active: machine.state == State::Active,
            ready: from_disk.and_then(|boot| boot.ready) == Some(true),
            ..member(membership.role)
        },
        address: from_disk.and_then(|boot| boot.address),
        boot: from_disk.map(|boot| boot.id),
    })
}

#[cfg(test)]
mod tests;
