//! What is made of a cluster's secrets for people: [`api_server::cluster_vault::ClusterVault`] on the
//! real ones.

use api_server::cluster_vault::{
    AccessOrder, AccessRole, ClusterVault, SecretsLikeness, VaultError,
};
use config_render::talos::admin::{ApiRole, credentials, talosconfig};
use config_render::talos::cluster::ClusterError;
use config_render::talos::kubeconfig::{KubeCluster, KubeRole, kubeconfig};
use config_render::talos::secrets::SecretsBundle;
use machine_core::cluster::Cluster;
use machine_core::id::ClusterId;
use machine_core::os::OsSpec;
use machine_core::time::Timestamp;
use machine_store::change::SecretWrite;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::clusters::secrets::{make_secrets, open_secrets, place, read_file, seal_file};
use crate::error::{StepError, chain};
use crate::use_cases::UseCaseEffects;

#[async_trait::async_trait]
impl ClusterVault for UseCaseEffects {
    async fn make_cluster_secrets(
        &self,
        cluster: ClusterId,
        os: &OsSpec,
    ) -> Result<Option<SecretWrite>, VaultError> {
        let at = self.site.clock.wall();
        let sealed = make_secrets(&self.site.seal, cluster, os, at)
            .await
            .map_err(|error| closed(&error))?;
        Ok(sealed.map(|sealed| SecretWrite::PutIfAbsent {
            place: place(cluster),
            sealed,
            at: self.site.now(),
        }))
    }

    fn seal_cluster_secrets(
        &self,
        cluster: ClusterId,
        document: &str,
    ) -> Result<SecretWrite, VaultError> {
        let sealed =
            seal_file(&self.site.seal, cluster, document).map_err(|error| closed(&error))?;
        Ok(SecretWrite::Replace {
            place: place(cluster),
            sealed,
            at: self.site.now(),
        })
    }

    async fn compare_cluster_secrets(
        &self,
        cluster: ClusterId,
        document: &str,
    ) -> Result<SecretsLikeness, VaultError> {
        let wanted = read_file(document).map_err(|error| closed(&error))?;
        let known = open_secrets(&self.site, cluster)
            .await
            .map_err(|error| closed(&error))?;
        Ok(if wanted == known {
            SecretsLikeness::Same
        } else if wanted.has_identity_of(&known) {
            SecretsLikeness::OneIdentity
        } else {
            SecretsLikeness::Other
        })
    }

    async fn open_cluster_secrets(
        &self,
        cluster: ClusterId,
    ) -> Result<Zeroizing<String>, VaultError> {
        let secrets = open_secrets(&self.site, cluster).await;
        secrets
            .map(|secrets| secrets.to_yaml())
            .map_err(|error| closed(&error))
    }

    fn drop_cluster_secrets(&self, cluster: ClusterId) -> SecretWrite {
        SecretWrite::Remove {
            place: place(cluster),
        }
    }

    async fn make_access(
        &self,
        cluster: &Cluster,
        order: &AccessOrder,
    ) -> Result<Zeroizing<String>, VaultError> {
        let secrets = open_secrets(&self.site, cluster.id)
            .await
            .map_err(|error| closed(&error))?;
        // Whoever checks the certificate has a clock of his own.
        let made_of = (&secrets, self.site.clock.wall());
        match order.role {
            AccessRole::TalosAdmin => talos(cluster, order, ApiRole::Admin, made_of),
            AccessRole::TalosOperator => talos(cluster, order, ApiRole::Operator, made_of),
            AccessRole::TalosReader => talos(cluster, order, ApiRole::Reader, made_of),
            AccessRole::KubeAdmin => kube(cluster, order, KubeRole::Admin, made_of),
            AccessRole::KubeViewer => kube(cluster, order, KubeRole::Viewer, made_of),
        }
    }
}

fn talos(
    cluster: &Cluster,
    order: &AccessOrder,
    role: ApiRole,
    (secrets, at): (&SecretsBundle, Timestamp),
) -> Result<Zeroizing<String>, VaultError> {
    let rng = &mut UnwrapErr(SysRng);
    let made = credentials(secrets, role, at, order.lifetime, rng)
        .map_err(|error| VaultError(chain(&error)))?;
    Ok(talosconfig(&cluster.spec.name, &order.endpoints, &made))
}

fn kube(
    cluster: &Cluster,
    order: &AccessOrder,
    role: KubeRole,
    (secrets, at): (&SecretsBundle, Timestamp),
) -> Result<Zeroizing<String>, VaultError> {
    let spec = &cluster.spec;
    let name = spec.name.parse().map_err(|error| unusable(&error))?;
    let cluster = KubeCluster {
        name: &name,
        endpoint: &spec.endpoint,
        secrets,
    };
    let rng = &mut UnwrapErr(SysRng);
    kubeconfig(cluster, role, at, order.lifetime, rng).map_err(|error| {
        VaultError(format!(
            "the kubeconfig can't be made, which takes a Kubernetes authority on P-256: {}",
            chain(&error)
        ))
    })
}

fn unusable(error: &ClusterError) -> VaultError {
    VaultError(chain(error))
}

fn closed(error: &StepError) -> VaultError {
    VaultError(error.chain())
}
