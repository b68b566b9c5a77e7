//! Use cases of clusters: apply, look.

use machine_core::awaited::{Awaited, awaited};
use machine_core::cluster::{Cluster, ClusterSpec};
use machine_core::condition::Condition;
use machine_core::id::ClusterId;
use machine_core::machine::Machine;
use machine_store::change::{Change, ClusterWrite};
use machine_store::events::{self, Event, RecordedEvent};
use machine_store::{clusters, machines, members};

use crate::caller::{Asked, Caller};
use crate::document::cluster::{ClusterFault, ClusterField, parse, with_line};
use crate::effects::attention::SeenCluster;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::apply_result::ApplyResult;
use crate::operations::cluster_change::is_changed;
use crate::operations::machines::MachineView;
use crate::operations::page::{Page, Paged};
use crate::operations::{Operations, TRIES, Written};
use crate::similar::similar;

/// A cluster, and what was last seen of it.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// Its record.
    pub cluster: Cluster,
    /// What was last seen of it.
    pub seen: SeenCluster,
}

/// A cluster that was applied.
#[derive(Debug, Clone)]
pub struct AppliedCluster {
    /// The cluster.
    pub view: ClusterView,
    /// What became of it.
    pub result: ApplyResult,
    /// What hinders its machines as things stand, a sentence each.
    pub notes: Vec<String>,
}

/// How many events of a cluster are shown: those of a few weeks.
const EVENTS: u32 = 50;

impl Operations {
    /// The clusters, by name.
    pub async fn list_clusters(
        &self,
        caller: &Caller,
        page: &Page,
    ) -> Result<Paged<ClusterView>, UseCaseError> {
        self.permit(caller, Operation::ListClusters)?;
        self.effects.settled().await;
        let clusters = clusters::readable(&self.db).await?.clusters;
        let machines = machines::readable(&self.db).await?;
        let listed = page.cut(clusters.iter().collect(), |it| &it.spec.name);
        let views = listed.items.into_iter();
        let views = views.map(|cluster| self.cluster_listed(cluster, &clusters, &machines));
        Ok(Paged {
            items: views.collect(),
            next: listed.next,
        })
    }

    /// One cluster, its members, and the machines that it waits for.
    pub async fn show_cluster(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(ClusterView, Vec<MachineView>), UseCaseError> {
        self.permit(caller, Operation::GetCluster)?;
        let cluster = self.cluster(name).await?;
        let clusters = clusters::readable(&self.db).await?.clusters;
        let listed = self.listed_machines(&Page::default()).await?.items;
        let machines: Vec<Machine> = listed.iter().map(|it| it.machine.clone()).collect();
        let memberships = members::of_cluster(&self.db, cluster.id).await?;
        let members = listed.into_iter().filter_map(|mut view| {
            let works = view.assignment().is_some();
            if !works
                && let Some(Awaited { role, why }) = awaited(&view.machine, &cluster, &clusters)
            {
                view.conditions.push(Condition::Awaited { role, why });
                return Some(view);
            }
            let is_member = memberships.iter().any(|it| it.machine == view.machine.id);
            (works && is_member).then_some(view)
        });
        let members = members.collect();
        let view = self.cluster_shown(&cluster, &clusters, &machines);
        Ok((view, members))
    }

    /// The last of what happened to a cluster, oldest first.
    pub async fn cluster_events(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Vec<RecordedEvent>, UseCaseError> {
        self.permit(caller, Operation::GetCluster)?;
        let cluster = self.cluster(name).await?;
        Ok(events::tail_of_cluster(&self.db, cluster.id, EVENTS).await?)
    }

    /// Makes a cluster, or changes it. Its secrets are made once: when it is made.
    pub async fn apply_cluster(
        &self,
        file: &str,
        document: &str,
        asked: &Asked,
    ) -> Result<AppliedCluster, UseCaseError> {
        self.permit(&asked.caller, Operation::ApplyCluster)?;
        let spec = parse(file, document)?;
        let fault = |fault: ClusterFault| with_line(file, document, &fault);
        if let Some(wrong) = self.effects.check_cluster(&spec).err()
            && !self.stands_already(&wrong, &spec).await?
        {
            return Err(fault(wrong).into());
        }
        let what = ["apply cluster", document];
        if let Some(result) = self.carried_out(asked, &what).await? {
            let before = ApplyResult::kept(&result);
            return self.applied(&spec.name, before, Vec::new()).await;
        }
        for _ in 0..TRIES {
            self.shared_endpoint(&spec)
                .await?
                .map_or(Ok(()), |it| Err(fault(it)))?;
            let known = clusters::find_by_name(&self.db, &spec.name).await?;
            let result = match &known {
                None => ApplyResult::Created,
                Some(known) if known.spec == spec => ApplyResult::Unchanged,
                Some(_) => ApplyResult::Configured,
            };
            let (mut change, notes) = match known {
                Some(known) => {
                    let fixed = self.fixed_facts(&known, &spec).await?;
                    fixed.map_or(Ok(()), |it| Err(fault(it)))?;
                    self.changed(&known, &spec, asked).await?
                }
                None => (self.made(&spec, asked).await?, Vec::new()),
            };
            change.request = Some(self.request(asked, &what, result.as_str().to_owned()));
            match self.write(&change).await? {
                Written::Now => {
                    let late = self.withdraw_late(&spec.name, asked).await?;
                    self.wake_after(&change).await?;
                    let notes = notes.into_iter().chain(late).collect();
                    return self.applied(&spec.name, result, notes).await;
                }
                Written::Before(result) => {
                    let before = ApplyResult::kept(&result);
                    return self.applied(&spec.name, before, Vec::new()).await;
                }
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    /// Whether a fault is of networks that the cluster has already: machines run with them, and
    /// nothing else of the file should wait for that.
    async fn stands_already(
        &self,
        wrong: &ClusterFault,
        spec: &ClusterSpec,
    ) -> Result<bool, UseCaseError> {
        let known = clusters::find_by_name(&self.db, &spec.name).await?;
        let is_same = known.is_some_and(|it| it.spec.os.networks() == spec.os.networks());
        Ok(wrong.field == ClusterField::Networks && is_same)
    }

    /// An endpoint that is another cluster's already: their machines would join each other's.
    async fn shared_endpoint(
        &self,
        spec: &ClusterSpec,
    ) -> Result<Option<ClusterFault>, UseCaseError> {
        let wanted = spec.endpoint.place();
        let clusters = clusters::list(&self.db).await?;
        let other = clusters
            .iter()
            .find(|it| it.spec.name != spec.name && it.spec.endpoint.place() == wanted);
        Ok(other.map(|other| ClusterFault {
            field: ClusterField::Endpoint,
            why: format!(
                "wanted an endpoint of its own, got {}, which is that of the cluster {}",
                spec.endpoint, other.spec.name
            ),
        }))
    }

    async fn applied(
        &self,
        name: &str,
        result: ApplyResult,
        mut notes: Vec<String>,
    ) -> Result<AppliedCluster, UseCaseError> {
        let cluster = self.cluster(name).await?;
        notes.extend(self.hindrances(&cluster).await?);
        let view = self.cluster_view(cluster);
        Ok(AppliedCluster {
            view,
            result,
            notes,
        })
    }

    async fn made(&self, spec: &ClusterSpec, asked: &Asked) -> Result<Change, UseCaseError> {
        let id = ClusterId::from_bytes(self.effects.draw()?);
        let secrets = self.effects.make_cluster_secrets(id, &spec.os).await?;
        let cluster = Cluster {
            id,
            spec: spec.clone(),
            bootstrap: None,
            version: 0,
        };
        let mut change = self.change(&cluster, "made, with its secrets", asked);
        change.clusters.push(ClusterWrite::Insert(cluster));
        change.secrets.extend(secrets);
        Ok(change)
    }

    /// The change of a cluster, with the permissions that its rules do not give any more.
    async fn changed(
        &self,
        known: &Cluster,
        spec: &ClusterSpec,
        asked: &Asked,
    ) -> Result<(Change, Vec<String>), UseCaseError> {
        let mut cluster = Cluster {
            spec: spec.clone(),
            ..known.clone()
        };
        if known.spec == *spec {
            let note = format!("unchanged: {}", spec.name);
            return Ok((Change::default(), vec![note]));
        }
        let mut change = self.change(&cluster, "changed", asked);
        let mut notes = self.withdraw_members(&mut change, &cluster, asked).await?;
        notes.extend(self.kept_versions(known, spec).await?);
        if is_changed(&known.spec, spec) {
            let (id, version) = (known.id, known.version);
            change
                .clusters
                .push(ClusterWrite::HoldUnused { id, version });
            // The write before counts it up.
            cluster.version = version + 1;
        }
        change.clusters.push(ClusterWrite::Update(cluster));
        Ok((change, notes))
    }

    pub(super) fn change(&self, cluster: &Cluster, what: &str, asked: &Asked) -> Change {
        let event = Event {
            at: self.effects.now(),
            boot: None,
            machine: None,
            cluster: Some(cluster.id),
            actor: asked.actor(),
            kind: "cluster".to_owned(),
            detail: format!("{} was {what}{}", cluster.spec.name, asked.because()),
        };
        Change {
            events: vec![event],
            ..Change::default()
        }
    }

    pub(super) async fn cluster(&self, name: &str) -> Result<Cluster, UseCaseError> {
        if let Some(found) = clusters::find_by_name(&self.db, name).await? {
            return Ok(found);
        }
        let all = clusters::list(&self.db).await?;
        let similar = similar(name, all.iter().map(|it| it.spec.name.as_str()));
        Err(UseCaseError::NotFound {
            what: "cluster",
            name: name.to_owned(),
            similar: similar.map(str::to_owned),
        })
    }

    pub(super) fn cluster_view(&self, cluster: Cluster) -> ClusterView {
        let mut seen = self.effects.seen_cluster(cluster.id);
        // Nobody looks at clusters then: what was seen before is old.
        if let Some(safe_mode) = self.db.safe_mode() {
            seen.waiting = safe_mode.to_string();
        }
        ClusterView { cluster, seen }
    }
}
