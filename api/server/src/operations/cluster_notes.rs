//! What is to be said of a cluster's document when it is applied. None of it is an error: images,
//! machines and addresses may come later.

use std::net::IpAddr;

use machine_core::allocation::{Allocation, allocate};
use machine_core::cluster::{Cluster, ClusterSpec, Role, Selector};
use machine_store::{clusters, machines, reservations};

use crate::document::disk::caveat;
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::machines::is_assigned;
use crate::operations::named_members::hindered;

impl Operations {
    /// What hinders the machines of a cluster as things stand. None of it is an error: images and
    /// machines may come later.
    pub(super) async fn hindrances(&self, cluster: &Cluster) -> Result<Vec<String>, UseCaseError> {
        let spec = &cluster.spec;
        let mut notes = Vec::new();
        if !spec.allow_plaintext {
            notes.push(
                "no config is sent: configs travel over plain HTTP, and the cluster's file does \
                 not say allow_plaintext: true"
                    .to_owned(),
            );
        }
        if !self.effects.has_image(&spec.image) {
            let image = &spec.image;
            notes.push(format!("the settings have no image {image}"));
        }
        notes.extend(self.endpoint_of_nobody(spec).await?);
        notes.extend(patterns(spec));
        let disks = spec.members.iter().filter_map(|rule| rule.disk.as_ref());
        notes.extend(caveat(disks.map(|disk| ("members.disk", disk))));
        let clusters = clusters::list(&self.db).await?;
        let machines = machines::list(&self.db).await?;
        for rule in &spec.members {
            if let Selector::Named(name) = &rule.selector {
                let note = match hindered(cluster, name, &machines) {
                    Some(why) => Some(format!("{name}: {why}")),
                    None => self.hindrance_of(cluster, name, &clusters).await?,
                };
                notes.extend(note);
            }
        }
        Ok(notes)
    }

    /// What else hinders a machine that a rule names.
    async fn hindrance_of(
        &self,
        cluster: &Cluster,
        name: &str,
        clusters: &[Cluster],
    ) -> Result<Option<String>, UseCaseError> {
        let Some(machine) = machines::find_by_name(&self.db, name).await? else {
            return Ok(None);
        };
        let allocation = allocate(&machine, clusters);
        if is_assigned(&machine)
            && let Some((intent, other)) = self.latest_intent(machine.id).await?
            && intent.assignment.cluster != cluster.id
        {
            return Ok(Some(format!("{name} belongs to the cluster {other}")));
        }
        Ok(match allocation {
            Allocation::Ambiguous { clusters } => Some(format!(
                "rules of several clusters take {name}: {}",
                clusters.join(", ")
            )),
            Allocation::NoDisk { .. } => Some(format!(
                "neither the rule nor the record of {name} names the disk: nothing is installed \
                 without"
            )),
            Allocation::UnusableDisk { disk, .. } => Some(format!(
                "{name}: {disk} names no single disk: name it by wwn or serial and apply again"
            )),
            two_disks @ Allocation::TwoDisks { .. } => Some(format!("{name}: {two_disks}")),
            Allocation::Take { .. } | Allocation::None => None,
        })
    }

    /// That no control plane of the file has the address of its endpoint, as far as their records
    /// say. A name, and machines that only match, tell nothing.
    async fn endpoint_of_nobody(&self, spec: &ClusterSpec) -> Result<Option<String>, UseCaseError> {
        let Ok(address) = spec.endpoint.host().parse::<IpAddr>() else {
            return Ok(None);
        };
        let mut reserved = Vec::new();
        for rule in spec
            .members
            .iter()
            .filter(|it| it.role == Role::ControlPlane)
        {
            let Selector::Named(name) = &rule.selector else {
                return Ok(None);
            };
            let Some(machine) = machines::find_by_name(&self.db, name).await? else {
                return Ok(None);
            };
            reserved.extend(reservations::of_machine(&self.db, machine.id).await?);
        }
        let is_known = reserved.iter().any(|it| it.address == address);
        Ok((!is_known).then(|| {
            format!(
                "no control plane of the file has the address {address} of its endpoint: reserve \
                 it for one of them, unless it is a load balancer's or a shared address"
            )
        }))
    }
}

/// The address of an endpoint, if it is no name.
/// Texts to match that are written like patterns.
fn patterns(spec: &ClusterSpec) -> Vec<String> {
    let matches = spec.members.iter().filter_map(|rule| match &rule.selector {
        Selector::Matching(pattern) => Some(pattern),
        Selector::Named(_) => None,
    });
    let texts = matches.flat_map(|it| {
        [
            ("match.manufacturer", it.manufacturer.as_ref()),
            ("match.product", it.product.as_ref()),
        ]
    });
    texts
        .filter_map(|(field, text)| Some((field, text?)))
        .filter(|(_, text)| text.contains(['*', '?']))
        .map(|(field, text)| {
            format!(
                "{field} is compared letter by letter, so {text:?} fits only a machine that says \
                 just that: drover machine show NAME prints what a machine says"
            )
        })
        .collect()
}
