//! The use case that gives a cluster the secrets of a file, while no machine has those that it has.

use machine_core::cluster::Cluster;
use machine_store::change::{Change, ClusterWrite};
use machine_store::{attempts, clusters, machines};

use crate::caller::Asked;
use crate::cluster_vault::{SecretsLikeness, VaultError};
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::access::confirmed;
use crate::operations::apply_result::ApplyResult;
use crate::operations::clusters::ClusterView;
use crate::operations::{Operations, TRIES, Written};

/// A cluster that was given secrets.
#[derive(Debug, Clone)]
pub struct ImportedSecrets {
    /// The cluster.
    pub view: ClusterView,
    /// Unchanged if it had these secrets already.
    pub result: ApplyResult,
}

impl Operations {
    /// Gives a cluster other secrets, while no machine has a config with those that it has.
    pub async fn import_secrets(
        &self,
        (name, confirm): (&str, &str),
        document: &str,
        asked: &Asked,
    ) -> Result<ImportedSecrets, UseCaseError> {
        self.permit(&asked.caller, Operation::ImportSecrets)?;
        confirmed(name, confirm, "replace all keys of it")?;
        let what = ["import secrets", name, document];
        if let Some(result) = self.carried_out(asked, &what).await? {
            return self.imported(name, &result).await;
        }
        for _ in 0..TRIES {
            let cluster = self.cluster(name).await?;
            let (mut change, result) = self.import(&cluster, document, asked).await?;
            change.request = Some(self.request(asked, &what, result.as_str().to_owned()));
            match self.write(&change).await? {
                Written::Now => return self.imported(name, result.as_str()).await,
                Written::Before(result) => return self.imported(name, &result).await,
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn imported(&self, name: &str, result: &str) -> Result<ImportedSecrets, UseCaseError> {
        Ok(ImportedSecrets {
            view: self.cluster_view(self.cluster(name).await?),
            result: ApplyResult::kept(result),
        })
    }

    /// What is written, and the result.
    async fn import(
        &self,
        cluster: &Cluster,
        document: &str,
        asked: &Asked,
    ) -> Result<(Change, ApplyResult), UseCaseError> {
        // First: what is wrong with the file itself is said of the file alone.
        let secrets = self.effects.seal_cluster_secrets(cluster.id, document)?;
        if self.likeness(cluster, document).await? == SecretsLikeness::Same {
            return Ok((Change::default(), ApplyResult::Unchanged));
        }
        self.refuse_if_used(cluster).await?;
        self.refuse_secrets_of_another(cluster, document).await?;
        let mut change = self.change(cluster, "given imported secrets", asked);
        change.clusters.push(ClusterWrite::HoldUnused {
            id: cluster.id,
            version: cluster.version,
        });
        change.secrets.push(secrets);
        Ok((change, ApplyResult::Configured))
    }

    async fn likeness(
        &self,
        cluster: &Cluster,
        document: &str,
    ) -> Result<SecretsLikeness, UseCaseError> {
        let likeness = self.effects.compare_cluster_secrets(cluster.id, document);
        let name = &cluster.spec.name;
        Ok(likeness
            .await
            .map_err(|why| VaultError(format!("compared with the secrets of {name}: {why}")))?)
    }

    /// Two clusters with one identity would be one to their machines: they would find each other,
    /// and whoever may enter the one may enter the other.
    async fn refuse_secrets_of_another(
        &self,
        cluster: &Cluster,
        document: &str,
    ) -> Result<(), UseCaseError> {
        let clusters = clusters::list(&self.db).await?;
        for other in clusters.iter().filter(|it| it.id != cluster.id) {
            if self.likeness(other, document).await? != SecretsLikeness::Other {
                let (name, other) = (&cluster.spec.name, &other.spec.name);
                return Err(UseCaseError::Contradiction(format!(
                    "wanted secrets of its own for {name}, got those of the cluster {other} (its \
                     cluster.id, or its authority of the Talos API): their machines would take \
                     each other for members. Nothing was changed; talosctl gen secrets makes \
                     others"
                )));
            }
        }
        Ok(())
    }

    async fn refuse_if_used(&self, cluster: &Cluster) -> Result<(), UseCaseError> {
        let name = &cluster.spec.name;
        if cluster.bootstrap.is_some() {
            return Err(UseCaseError::Contradiction(format!(
                "{name} was bootstrapped with the secrets that it has: they can't be replaced"
            )));
        }
        let Some(attempt) = attempts::with_secrets_of(&self.db, cluster.id).await? else {
            return Ok(());
        };
        let machine = machines::find(&self.db, attempt.machine).await?;
        let machine = machine.map_or_else(|| attempt.machine.to_string(), |it| it.name);
        Err(UseCaseError::Contradiction(match attempt.release {
            Some(release) => format!(
                "{machine} got a config with the secrets of {name} at {}: they can't be replaced \
                 any more. Keep them; or make the cluster anew: take its machines out (drover \
                 machine retire NAME), delete it (drover cluster delete {name} --confirm {name}), \
                 apply its file again, and import before its machines are accepted again",
                release.at
            ),
            None => format!(
                "{machine} is being installed for {name} and may get its secrets at any moment: \
                 take that back first (drover machine cancel {machine}), and import before its \
                 machines are accepted"
            ),
        }))
    }
}
