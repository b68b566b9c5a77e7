//! The one Bootstrap of a cluster: what its control planes say, and the call.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use config_talos::api_error::BootstrapError;
use config_talos::credentials::Credentials;
use machine_core::bootstrap::{ClusterStep, ControlPlaneState};
use machine_core::bootstrap_pace::BootstrapPace;
use machine_core::cluster::{Cluster, Role};
use machine_core::id::{MachineId, OperationId};
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::change::{Change, ClusterWrite, OperationWrite, Outcome};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::clusters::secrets::{admin_credentials, reader_credentials};
use crate::clusters::{Clusters, Located};
use crate::error::{StepError, chain};
use crate::nodes::{NodeApi, Nodes};
use crate::site::About;
use machine_core::sabotage::Sabotage;

/// How long a node's API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the one Bootstrap call may take.
const BOOTSTRAP_PATIENCE: Duration = Duration::from_secs(30);

impl Clusters {
    /// A step, put off while the pause after a refusal lasts. Without a record there was none, or a
    /// person ended it.
    pub(super) fn paced(&self, cluster: &Cluster, step: ClusterStep) -> ClusterStep {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if cluster.bootstrap.is_none() {
            paces.remove(&cluster.id);
        }
        match paces.get(&cluster.id) {
            Some(pace) => pace.paced(step, self.site.now()),
            None => step,
        }
    }

    /// Asks every control plane that runs from its disk, all at once.
    pub(super) async fn ask_control_planes(
        &self,
        cluster: &Cluster,
        located: &mut [Located],
    ) -> Result<(), StepError> {
        let of_control_plane = |it: &Located| {
            let is_control_plane = it.member.role == Role::ControlPlane;
            it.address.filter(|_| is_control_plane)
        };
        if !located.iter().any(|it| of_control_plane(it).is_some()) {
            return Ok(());
        }
        let credentials = reader_credentials(&self.site, cluster.id).await?;
        let mut asked = JoinSet::new();
        for it in located.iter() {
            if let Some(address) = of_control_plane(it) {
                let (machine, credentials) = (it.member.machine, credentials.clone());
                let nodes = Arc::clone(&self.site.nodes);
                asked.spawn(async move {
                    let state = control_plane_of(&*nodes, address, &credentials).await;
                    (machine, state)
                });
            }
        }
        while let Some(answer) = asked.join_next().await {
            let Ok((machine, state)) = answer else {
                continue;
            };
            if let Some(it) = located.iter_mut().find(|it| it.member.machine == machine) {
                it.member.control_plane = state;
            }
        }
        Ok(())
    }

    /// Recorded first, called after: a call that was recorded is made again only if the node said
    /// that it did nothing.
    pub(super) async fn bootstrap(
        &self,
        cluster: &Cluster,
        machine: MachineId,
        located: &[Located],
    ) -> Result<(), StepError> {
        let node = located.iter().find(|it| it.member.machine == machine);
        let Some(address) = node.and_then(|it| it.address) else {
            return Ok(());
        };
        let api = self.admin_api(cluster, address).await?;
        let told = self
            .is_first_call(cluster, machine)
            .then_some("Bootstrap is called");
        let recorded = if Sabotage::BootstrapRecordedLate.is_on() {
            Some(cluster.clone())
        } else {
            self.record(cluster, machine, OperationOutcome::Unknown, told)
                .await?
        };
        let Some(recorded) = recorded else {
            return Ok(());
        };
        match api.bootstrap(BOOTSTRAP_PATIENCE).await {
            Ok(()) => {
                let told = Some("Bootstrap was accepted");
                self.record(&recorded, machine, OperationOutcome::Done, told)
                    .await
                    .map(|_| ())
            }
            Err(error) => self.record_failure(&recorded, machine, &error).await,
        }
    }

    async fn record_failure(
        &self,
        cluster: &Cluster,
        machine: MachineId,
        error: &BootstrapError,
    ) -> Result<(), StepError> {
        let words = chain(error);
        let (outcome, told) = match error {
            BootstrapError::AlreadyDone => (
                OperationOutcome::Done,
                Some("etcd was bootstrapped already".to_owned()),
            ),
            BootstrapError::NotReady { .. } => {
                let is_news = self.refuse(cluster, &words);
                let told = is_news.then(|| format!("Bootstrap came too early: {words}"));
                (OperationOutcome::NotReady, told)
            }
            BootstrapError::Refused { .. } => (OperationOutcome::Refused, Some(words)),
            BootstrapError::Unknown { .. } => {
                let name = &cluster.spec.name;
                warn!(cluster = %name, why = words, "the outcome of Bootstrap is not known");
                (OperationOutcome::Unknown, Some(words))
            }
        };
        self.record(cluster, machine, outcome, told.as_deref())
            .await
            .map(|_| ())
    }

    /// A node whose API has answered to our certificate.
    async fn admin_api(
        &self,
        cluster: &Cluster,
        address: IpAddr,
    ) -> Result<Box<dyn NodeApi>, StepError> {
        let credentials = admin_credentials(&self.site, cluster.id).await?;
        let outside = |why: String| StepError::Outside(why);
        let nodes = &self.site.nodes;
        let api = nodes
            .connect(address, &credentials, PATIENCE)
            .await
            .map_err(|error| outside(chain(&error)))?;
        api.version()
            .await
            .map_err(|error| outside(chain(&error)))?;
        Ok(api)
    }

    /// Whether nobody was told yet that this machine is called.
    fn is_first_call(&self, cluster: &Cluster, machine: MachineId) -> bool {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let was_called_there = cluster.bootstrap.is_some_and(|it| it.machine == machine);
        let pace = paces.get(&cluster.id);
        pace.is_none_or(BootstrapPace::is_first) || !was_called_there
    }

    fn refuse(&self, cluster: &Cluster, words: &str) -> bool {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces
            .entry(cluster.id)
            .or_default()
            .refuse(words, self.site.now())
    }

    /// Writes the record of the call, and tells it if it is news. The cluster after that; `None` if
    /// somebody was faster.
    pub(super) async fn record(
        &self,
        cluster: &Cluster,
        machine: MachineId,
        outcome: OperationOutcome,
        told: Option<&str>,
    ) -> Result<Option<Cluster>, StepError> {
        let at = self.site.now();
        let known = cluster.bootstrap;
        let id = match known {
            Some(known) => known.id,
            None => OperationId::from_bytes(self.site.draw()?),
        };
        let operation = Operation {
            outcome,
            ..Operation::bootstrap(id, cluster.id, machine, at)
        };
        let write = match known {
            Some(_) => OperationWrite::Record(operation),
            None => OperationWrite::Begin(operation),
        };
        let next = Cluster {
            bootstrap: Some(operation),
            ..cluster.clone()
        };
        let about = About {
            machine: Some(machine),
            ..About::cluster(cluster.id)
        };
        let told_event = told.map(|told| about.event(at, "bootstrap", told));
        let change = Change {
            clusters: vec![ClusterWrite::Update(next.clone())],
            operations: vec![write],
            events: told_event.into_iter().collect(),
            ..Change::default()
        };
        if self.site.commit.submit(change).await? != Outcome::Applied {
            return Ok(None);
        }
        if let Some(detail) = told {
            let name = &cluster.spec.name;
            info!(cluster = %name, outcome = outcome.as_str(), detail, "bootstrap");
        }
        Ok(Some(Cluster {
            version: next.version + 1,
            ..next
        }))
    }
}

/// What a node says of the store of its cluster's state; `None` if it does not answer.
pub(super) async fn control_plane_of(
    nodes: &dyn Nodes,
    address: IpAddr,
    credentials: &Credentials,
) -> Option<ControlPlaneState> {
    let api = nodes.connect(address, credentials, PATIENCE).await.ok()?;
    api.control_plane().await.ok()?
}
