//! The clusters' own loop: the one Bootstrap of each, and when it is ready.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use config_talos::api::{PORT, TalosApi};
use config_talos::api_error::BootstrapError;
use machine_core::allocation::awaited_as;
use machine_core::boot::BootOrigin;
use machine_core::bootstrap::{ClusterStep, EtcdState, Member, elected, plan_cluster};
use machine_core::cluster::{Bootstrap, BootstrapOutcome, Cluster};
use machine_core::id::MachineId;
use machine_core::lifecycle::{Moving, State};
use machine_store::change::{Change, ClusterWrite, Outcome, apply};
use machine_store::{boots, clusters, events, intents, machines};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::now;
use crate::cluster_secrets::api_credentials;
use crate::error::{StepError, chain};
use crate::records::{About, Records};
use crate::status::{ClusterStatus, Status};

/// How often clusters are looked at.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long a node's API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the one Bootstrap call may take.
const BOOTSTRAP_PATIENCE: Duration = Duration::from_secs(30);

/// The kind of the event that says that a cluster is ready.
const READY: &str = "ready";
/// How many events of a cluster are read at once.
const PAGE: u32 = 200;

/// The clusters' loop.
#[derive(Debug)]
pub struct Clusters {
    records: Arc<Records>,
    status: Arc<Status>,
}

/// A member, and where its system is.
struct Located {
    member: Member,
    address: Option<IpAddr>,
}

impl Clusters {
    /// Over these records.
    pub const fn new(records: Arc<Records>, status: Arc<Status>) -> Self {
        Self { records, status }
    }

    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.look().await {
                warn!(error = error.chain(), "the clusters were not looked at");
            }
        }
    }

    async fn look(&self) -> Result<(), StepError> {
        for cluster in clusters::list(&self.records.db).await? {
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
            .is_some_and(|it| it.outcome == BootstrapOutcome::Done);
        if !is_done {
            self.ask_etcd(cluster, &mut located).await?;
        }
        let members: Vec<Member> = located.iter().map(|it| it.member.clone()).collect();
        match plan_cluster(cluster, &members) {
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
                    let event =
                        About::cluster(cluster.id).event(now(), READY, "every member is ready");
                    self.records.commit.try_event(event);
                }
                Ok(())
            }
            ClusterStep::RecordDone(machine) => self
                .record(cluster, machine, BootstrapOutcome::Done, "etcd runs")
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
        let clusters = clusters::list(db).await?;
        let mut members = Vec::new();
        for machine in machines::list(db).await? {
            if let Some(role) = awaited_as(&machine, cluster.id, &clusters) {
                let member = Member {
                    machine: machine.id,
                    name: machine.name,
                    role,
                    active: false,
                    ready: false,
                    etcd: None,
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
            let intent = intents::latest_of_machine(db, machine.id).await?;
            let of_cluster = intent.filter(|it| it.assignment.cluster == cluster.id);
            let (true, Some(intent)) = (is_member, of_cluster) else {
                continue;
            };
            let boot = boots::latest_seen(db, machine.id).await?;
            let from_disk = boot.filter(|boot| boot.origin == BootOrigin::Disk);
            let member = Member {
                machine: machine.id,
                name: machine.name,
                role: intent.assignment.role,
                active: machine.state == State::Active,
                ready: from_disk.as_ref().and_then(|boot| boot.ready) == Some(true),
                etcd: None,
            };
            members.push(Located {
                member,
                address: from_disk.and_then(|boot| boot.address),
            });
        }
        Ok(members)
    }

    async fn ask_etcd(&self, cluster: &Cluster, located: &mut [Located]) -> Result<(), StepError> {
        let members: Vec<Member> = located.iter().map(|it| it.member.clone()).collect();
        let Some(node) = elected(cluster, &members).map(|node| node.machine) else {
            return Ok(());
        };
        let Some(asked) = located.iter_mut().find(|it| it.member.machine == node) else {
            return Ok(());
        };
        let Some(address) = asked.address else {
            return Ok(());
        };
        let credentials = api_credentials(&self.records, cluster.id).await?;
        let address = SocketAddr::new(address, PORT);
        let Ok(api) = TalosApi::connect(address, &credentials, PATIENCE).await else {
            return Ok(());
        };
        let Ok(services) = api.services().await else {
            return Ok(());
        };
        let etcd = services.iter().find(|service| service.id == "etcd");
        asked.member.etcd = etcd.map(|etcd| etcd_state(&etcd.state, etcd.healthy));
        Ok(())
    }

    /// Recorded first, called after: a call that was recorded is never made again.
    async fn bootstrap(
        &self,
        cluster: &Cluster,
        machine: MachineId,
        located: &[Located],
    ) -> Result<(), StepError> {
        let node = located.iter().find(|it| it.member.machine == machine);
        let Some(address) = node.and_then(|it| it.address) else {
            return Ok(());
        };
        let credentials = api_credentials(&self.records, cluster.id).await?;
        let outside = |why: String| StepError::Outside(why);
        let api = TalosApi::connect(SocketAddr::new(address, PORT), &credentials, PATIENCE)
            .await
            .map_err(|error| outside(chain(&error)))?;
        api.version()
            .await
            .map_err(|error| outside(chain(&error)))?;
        let recorded = self
            .record(
                cluster,
                machine,
                BootstrapOutcome::Unknown,
                "Bootstrap is called",
            )
            .await?;
        let Some(recorded) = recorded else {
            return Ok(());
        };
        let (outcome, detail) = match api.with_patience(BOOTSTRAP_PATIENCE).bootstrap().await {
            Ok(()) => (BootstrapOutcome::Done, "Bootstrap was accepted".to_owned()),
            Err(BootstrapError::AlreadyDone) => (
                BootstrapOutcome::Done,
                "etcd was bootstrapped already".to_owned(),
            ),
            Err(error @ (BootstrapError::NotReady { .. } | BootstrapError::Refused { .. })) => (
                BootstrapOutcome::NotReady,
                format!("Bootstrap was refused: {}", chain(&error)),
            ),
            Err(error @ BootstrapError::Unknown { .. }) => {
                let why = chain(&error);
                warn!(cluster = %cluster.spec.name, why, "the outcome of Bootstrap is not known");
                return Ok(());
            }
        };
        self.record(&recorded, machine, outcome, &detail)
            .await
            .map(|_| ())
    }

    /// The cluster after the record was written; `None` if somebody was faster.
    async fn record(
        &self,
        cluster: &Cluster,
        machine: MachineId,
        outcome: BootstrapOutcome,
        detail: &str,
    ) -> Result<Option<Cluster>, StepError> {
        let at = now();
        let bootstrap = Some(Bootstrap {
            machine,
            recorded: at,
            outcome,
        });
        let next = Cluster {
            bootstrap,
            ..cluster.clone()
        };
        let about = About {
            machine: Some(machine),
            ..About::cluster(cluster.id)
        };
        let change = Change {
            clusters: vec![ClusterWrite::Update(next.clone())],
            events: vec![about.event(at, "bootstrap", detail)],
            ..Change::default()
        };
        if apply(&self.records.db, &change).await? != Outcome::Applied {
            return Ok(None);
        }
        info!(cluster = %cluster.spec.name, outcome = outcome.as_str(), detail, "bootstrap");
        Ok(Some(Cluster {
            version: next.version + 1,
            ..next
        }))
    }
}

/// Talos shows an etcd that waits for Bootstrap as `Preparing`.
fn etcd_state(state: &str, healthy: Option<bool>) -> EtcdState {
    match (state, healthy) {
        ("Running", Some(true)) => EtcdState::Running,
        ("Preparing" | "Waiting", _) => EtcdState::Waiting,
        _ => EtcdState::Other,
    }
}
