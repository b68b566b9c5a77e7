//! Use cases of people who want into a cluster: a talosconfig, a kubeconfig, a copy of its secrets.
//!
//! What is handed out is recorded before: who, what for, until when. Nothing of it is kept, so a
//! repeated call makes another certificate and another record.

use std::time::Duration;

use machine_core::boot::BootOrigin;
use machine_core::cluster::{Cluster, Role};
use machine_core::time::Timestamp;
use zeroize::Zeroizing;

use crate::caller::Asked;
use crate::cluster_vault::{AccessOrder, AccessRole};
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::page::Page;
use crate::operations::{Operations, Written};

/// How long access lasts if nobody says: a day's work.
const LIFETIME: Duration = Duration::from_hours(8);
/// The shortest: a clock may be off by that much.
const SHORTEST: Duration = Duration::from_mins(1);
/// The longest. A certificate can't be taken back: neither Talos nor Kubernetes asks anybody whether
/// it still counts, so whoever has the file is in until it ends. 30 days are the longest job that
/// one person does at one go; the next file is one command away. (`talosctl` makes them for a year.)
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Access to a cluster.
#[derive(Debug)]
pub struct Access {
    /// The file. It holds a private key.
    pub document: Zeroizing<String>,
    /// Until when it opens the cluster.
    pub until: Timestamp,
    /// What to know of it, a sentence each.
    pub notes: Vec<String>,
}

impl Operations {
    /// Makes access to a cluster for `lifetime`; zero means 8 hours.
    pub async fn give_access(
        &self,
        name: &str,
        role: AccessRole,
        lifetime: Duration,
        asked: &Asked,
    ) -> Result<Access, UseCaseError> {
        self.permit(&asked.caller, role.operation())?;
        let lifetime = match lifetime {
            Duration::ZERO => LIFETIME,
            lifetime if (SHORTEST..=LONGEST).contains(&lifetime) => lifetime,
            lifetime => {
                return Err(UseCaseError::Invalid(format!(
                    "wanted a lifetime (--ttl) from 1m to 30d, for such a file can't be taken back \
                     before it ends, got {}",
                    in_units(lifetime)
                )));
            }
        };
        let cluster = self.cluster(name).await?;
        let order = AccessOrder {
            role,
            lifetime,
            endpoints: self.control_planes(&cluster).await?,
        };
        let document = self.effects.make_access(&cluster, &order).await?;
        let until = self.effects.now().plus(lifetime);
        let what = format!("{} for {} until {until}", role.document(), role.as_str());
        self.record_handing_out(&cluster, &what, asked).await?;
        Ok(Access {
            document,
            until,
            notes: notes(&order),
        })
    }

    /// All keys of a cluster, as `talosctl gen secrets` writes them.
    pub async fn export_secrets(
        &self,
        name: &str,
        confirm: &str,
        asked: &Asked,
    ) -> Result<Zeroizing<String>, UseCaseError> {
        self.permit(&asked.caller, Operation::ExportSecrets)?;
        let cluster = self.cluster(name).await?;
        confirmed(name, confirm, "hand out all keys of it")?;
        let document = self.effects.open_cluster_secrets(cluster.id).await?;
        self.record_handing_out(&cluster, "all secrets", asked)
            .await?;
        Ok(document)
    }

    /// Durable before anything is handed out.
    async fn record_handing_out(
        &self,
        cluster: &Cluster,
        what: &str,
        asked: &Asked,
    ) -> Result<(), UseCaseError> {
        let mut change = self.change(cluster, "", asked);
        for event in &mut change.events {
            "access".clone_into(&mut event.kind);
            event.detail = format!("{what} of {}{}", cluster.spec.name, asked.because());
        }
        match self.write(&change).await? {
            Written::Now | Written::Before(_) => Ok(()),
            Written::Overtaken => Err(UseCaseError::Overtaken),
        }
    }

    /// Where the control planes of a cluster run, as far as is known.
    async fn control_planes(&self, cluster: &Cluster) -> Result<Vec<String>, UseCaseError> {
        let views = self.listed_machines(&Page::default()).await?.items;
        let members = views.iter().filter(|view| {
            view.assignment().is_some_and(|(intent, _)| {
                intent.assignment.cluster == cluster.id
                    && intent.assignment.role == Role::ControlPlane
            })
        });
        let address = members.filter_map(|view| {
            let from_disk = view.boots.iter().find(|it| it.origin == BootOrigin::Disk);
            from_disk.and_then(|boot| boot.address)
        });
        Ok(address.map(|it| it.to_string()).collect())
    }
}

/// Refuses what would be too bad a mistake to make by a wrong name.
pub(crate) fn confirmed(name: &str, confirm: &str, what: &str) -> Result<(), UseCaseError> {
    if name == confirm {
        return Ok(());
    }
    Err(UseCaseError::Invalid(format!(
        "wanted the cluster's name once more to {what} (--confirm {name}), got {confirm:?}"
    )))
}

/// As it is typed, in the largest unit that says it whole: `100d`, `36h`, `59s`.
fn in_units(lifetime: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3600, "h"), (60, "m")];
    let seconds = lifetime.as_secs();
    let whole = UNITS
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

fn notes(order: &AccessOrder) -> Vec<String> {
    match order.role {
        AccessRole::KubeViewer => vec![
            "a viewer sees what the cluster binds to the group drover:viewers, such as: kubectl \
             create clusterrolebinding drover-viewers --clusterrole=view --group=drover:viewers"
                .to_owned(),
        ],
        AccessRole::TalosAdmin | AccessRole::TalosOperator | AccessRole::TalosReader
            if order.endpoints.is_empty() =>
        {
            vec![
                "no control plane runs yet: the file names no endpoint (talosctl --endpoints)"
                    .to_owned(),
            ]
        }
        AccessRole::TalosAdmin
        | AccessRole::TalosOperator
        | AccessRole::TalosReader
        | AccessRole::KubeAdmin => Vec::new(),
    }
}
