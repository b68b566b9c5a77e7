//! Use cases of clusters: apply, look.

use machine_core::cluster::{Cluster, ClusterSpec};
use machine_core::id::ClusterId;
use machine_store::change::{Change, ClusterWrite};
use machine_store::events::Event;
use machine_store::{clusters, machines};

use crate::document::cluster::parse;
use crate::effects::SeenCluster;
use crate::error::UseCaseError;
use crate::operations::machines::MachineView;
use crate::operations::{Asked, Operations, TRIES, because};

/// A cluster, and what was last seen of it.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// Its record.
    pub cluster: Cluster,
    /// What was last seen of it.
    pub seen: SeenCluster,
}

impl Operations {
    /// Every cluster, by name.
    pub async fn list_clusters(&self) -> Result<Vec<ClusterView>, UseCaseError> {
        let mut clusters = clusters::list(&self.db).await?;
        clusters.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(clusters
            .into_iter()
            .map(|cluster| self.cluster_view(cluster))
            .collect())
    }

    /// One cluster and its members.
    pub async fn show_cluster(
        &self,
        name: &str,
    ) -> Result<(ClusterView, Vec<MachineView>), UseCaseError> {
        let cluster = self.cluster(name).await?;
        let members = self.list_machines().await?.into_iter().filter(|view| {
            view.assignment()
                .is_some_and(|(intent, _)| intent.assignment.cluster == cluster.id)
        });
        let members = members.collect();
        Ok((self.cluster_view(cluster), members))
    }

    /// Makes a cluster, or changes it. Its secrets are made once: when it is made.
    pub async fn apply_cluster(
        &self,
        file: &str,
        document: &str,
        asked: &Asked,
    ) -> Result<(ClusterView, bool), UseCaseError> {
        let spec = parse(file, document)?;
        self.effects.check_cluster(&spec.talos)?;
        for _ in 0..TRIES {
            let known = clusters::find_by_name(&self.db, &spec.name).await?;
            let created = known.is_none();
            let change = match known {
                Some(known) => self.changed(&known, &spec, document, asked)?,
                None => self.made(&spec, document, asked).await?,
            };
            if self.write(&change).await? {
                for machine in machines::list(&self.db).await? {
                    self.effects.wake(machine.id);
                }
                let cluster = self.cluster(&spec.name).await?;
                return Ok((self.cluster_view(cluster), created));
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn made(
        &self,
        spec: &ClusterSpec,
        document: &str,
        asked: &Asked,
    ) -> Result<Change, UseCaseError> {
        let id = ClusterId::from_bytes(self.effects.draw()?);
        let secrets = self.effects.make_cluster_secrets(id, &spec.talos).await?;
        let cluster = Cluster {
            id,
            spec: spec.clone(),
            bootstrap: None,
            version: 0,
        };
        let mut change = self.change(&cluster, "made, with its secrets", document, asked);
        change.clusters.push(ClusterWrite::Insert(cluster));
        change.secrets.push(secrets);
        Ok(change)
    }

    fn changed(
        &self,
        known: &Cluster,
        spec: &ClusterSpec,
        document: &str,
        asked: &Asked,
    ) -> Result<Change, UseCaseError> {
        if known.spec.endpoint != spec.endpoint {
            return Err(UseCaseError::Contradiction(format!(
                "{}: its endpoint is {}, and its members have it in their configs: it can't be \
                 changed to {}",
                spec.name, known.spec.endpoint, spec.endpoint
            )));
        }
        let cluster = Cluster {
            spec: spec.clone(),
            ..known.clone()
        };
        let mut change = self.change(&cluster, "changed", document, asked);
        change.clusters.push(ClusterWrite::Update(cluster));
        Ok(change)
    }

    fn change(&self, cluster: &Cluster, what: &str, document: &str, asked: &Asked) -> Change {
        let event = Event {
            at: self.effects.now(),
            boot: None,
            machine: None,
            cluster: Some(cluster.id),
            actor: asked.actor.clone(),
            kind: "cluster".to_owned(),
            detail: format!("{} was {what}{}", cluster.spec.name, because(&asked.reason)),
        };
        Change {
            request: self.request(asked, &["apply cluster", document]),
            events: vec![event],
            ..Change::default()
        }
    }

    async fn cluster(&self, name: &str) -> Result<Cluster, UseCaseError> {
        let found = clusters::find_by_name(&self.db, name).await?;
        found.ok_or_else(|| UseCaseError::NotFound {
            what: "cluster",
            name: name.to_owned(),
        })
    }

    fn cluster_view(&self, cluster: Cluster) -> ClusterView {
        let seen = self.effects.seen_cluster(cluster.id);
        ClusterView { cluster, seen }
    }
}
