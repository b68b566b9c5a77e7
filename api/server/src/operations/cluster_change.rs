//! What of a cluster can be changed once machines may have its config, and what that means for them.

use machine_core::cluster::{Cluster, ClusterSpec};
use machine_store::{attempts, machines};

use crate::document::cluster::{ClusterFault, ClusterField};
use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// Why the endpoint or the networks of a cluster can't be what its file says now: a machine has
    /// the old ones in its config, or may get them at any moment. The write asks the same once more
    /// ([`ClusterWrite::HoldUnused`]).
    ///
    /// [`ClusterWrite::HoldUnused`]: machine_store::change::ClusterWrite::HoldUnused
    pub(super) async fn fixed_facts(
        &self,
        known: &Cluster,
        spec: &ClusterSpec,
    ) -> Result<Option<ClusterFault>, UseCaseError> {
        let Some(changed) = changed_fact(&known.spec, spec) else {
            return Ok(None);
        };
        let name = &spec.name;
        let Some(attempt) = attempts::with_secrets_of(&self.db, known.id).await? else {
            return Ok(known
                .bootstrap
                .map(|_| changed.fixed(name, "it was bootstrapped with it")));
        };
        let machine = machines::find(&self.db, attempt.machine).await?;
        let machine = machine.map_or_else(|| attempt.machine.to_string(), |it| it.name);
        Ok(Some(match attempt.release {
            Some(release) => {
                let why = format!("{machine} got it in its config at {}", release.at);
                changed.fixed(name, &why)
            }
            None => changed.held(&machine),
        }))
    }

    /// What a change of versions does not change.
    pub(super) async fn kept_versions(
        &self,
        known: &Cluster,
        spec: &ClusterSpec,
    ) -> Result<Option<String>, UseCaseError> {
        let (old, new) = (known.spec.os.versions(), spec.os.versions());
        let pairs = old.iter().zip(&new).filter(|(old, new)| old != new);
        let changed: Vec<String> = pairs
            .map(|((what, old), (_, new))| format!("{what} {old} -> {new}"))
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

/// A fact that all machines of a cluster have in their configs.
struct ChangedFact {
    field: ClusterField,
    old: String,
    new: String,
}

/// Whether two specifications differ in such a fact.
pub(super) fn is_changed(old: &ClusterSpec, new: &ClusterSpec) -> bool {
    changed_fact(old, new).is_some()
}

fn changed_fact(old: &ClusterSpec, new: &ClusterSpec) -> Option<ChangedFact> {
    if old.endpoint != new.endpoint {
        return Some(ChangedFact {
            field: ClusterField::Endpoint,
            old: old.endpoint.to_string(),
            new: new.endpoint.to_string(),
        });
    }
    match (old.os.networks(), new.os.networks()) {
        (Some(before), Some(now)) if before != now => Some(ChangedFact {
            field: ClusterField::Networks,
            old: before.to_string(),
            new: now.to_string(),
        }),
        _ => None,
    }
}

impl ChangedFact {
    fn fixed(&self, name: &str, why: &str) -> ClusterFault {
        let Self { field, old, new } = self;
        ClusterFault {
            field: *field,
            why: format!(
                "wanted {old}, for {why}, got {new}: it can't be changed any more. To have another \
                 one, make the cluster anew: take its machines out (drover machine retire NAME), \
                 delete it (drover cluster delete {name} --confirm {name}), and apply this file again"
            ),
        }
    }

    fn held(&self, machine: &str) -> ClusterFault {
        let Self { field, old, new } = self;
        ClusterFault {
            field: *field,
            why: format!(
                "wanted {old}, with which {machine} is being installed, got {new}: to change it, \
                 take the install back first (drover machine cancel {machine}), and apply again"
            ),
        }
    }
}
