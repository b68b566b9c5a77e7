//! What of a cluster can be changed once machines may have its config, and what that means for them.

use machine_core::cluster::{Cluster, ClusterSpec};
use machine_store::{attempts, machines};

use crate::document::cluster::{ClusterFault, ClusterField};
use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// Why the endpoint of a cluster can't be what its file says now: a machine has the old one in
    /// its config, or may get it at any moment. The write asks the same once more
    /// ([`ClusterWrite::HoldUnused`]).
    ///
    /// [`ClusterWrite::HoldUnused`]: machine_store::change::ClusterWrite::HoldUnused
    pub(super) async fn fixed_endpoint(
        &self,
        known: &Cluster,
        spec: &ClusterSpec,
    ) -> Result<Option<ClusterFault>, UseCaseError> {
        let (old, new, name) = (&known.spec.endpoint, &spec.endpoint, &spec.name);
        if old == new {
            return Ok(None);
        }
        let Some(attempt) = attempts::with_secrets_of(&self.db, known.id).await? else {
            return Ok(known
                .bootstrap
                .map(|_| fixed(old, new, name, "it was bootstrapped with it")));
        };
        let machine = machines::find(&self.db, attempt.machine).await?;
        let machine = machine.map_or_else(|| attempt.machine.to_string(), |it| it.name);
        Ok(Some(match attempt.release {
            Some(release) => {
                let why = format!("{machine} got it in its config at {}", release.at);
                fixed(old, new, name, &why)
            }
            None => ClusterFault {
                field: ClusterField::Endpoint,
                why: format!(
                    "wanted {old}, with which {machine} is being installed, got {new}: to change \
                     it, take the install back first (drover machine cancel {machine}), and apply \
                     again"
                ),
            },
        }))
    }

    /// What a change of versions does not change.
    pub(super) async fn kept_versions(
        &self,
        known: &Cluster,
        spec: &ClusterSpec,
    ) -> Result<Option<String>, UseCaseError> {
        let versions = [
            ("Talos", &known.spec.talos, &spec.talos),
            ("Kubernetes", &known.spec.kubernetes, &spec.kubernetes),
        ];
        let changed = versions.into_iter().filter(|(_, old, new)| old != new);
        let changed: Vec<String> = changed
            .map(|(what, old, new)| format!("{what} {old} -> {new}"))
            .collect();
        if changed.is_empty() {
            return Ok(None);
        }
        let mut members = Vec::new();
        for machine in machines::list(&self.db).await? {
            if self.has_config_since(&machine, known).await?.is_some() {
                members.push(machine.name);
            }
        }
        Ok((!members.is_empty()).then(|| {
            format!(
                "{}: its members keep what they have ({}); machines that are installed from now on \
                 get the new version",
                changed.join(", "),
                members.join(", ")
            )
        }))
    }
}

fn fixed(old: &str, new: &str, name: &str, why: &str) -> ClusterFault {
    ClusterFault {
        field: ClusterField::Endpoint,
        why: format!(
            "wanted {old}, for {why}, got {new}: it can't be changed any more. To have another one, \
             make the cluster anew: take its machines out (drover machine retire NAME), delete it \
             (drover cluster delete {name} --confirm {name}), and apply this file again"
        ),
    }
}
