//! People who apply changed documents of clusters: one names an image that nobody has, which hinders
//! every install of its cluster until it is corrected.

use std::time::Duration;

use api_server::caller::Asked;
use api_server::error::UseCaseError;
use api_server::operations::Operations;
use machine_core::cluster::{Acceptance, ClusterSpec, MemberRule, Selector};

use crate::cluster::MEMBERS;
use crate::disk::DISK;
use crate::event::{Deed, Event};
use crate::lab::{Lab, World};

/// The image that nobody has.
const NOWHERE: &str = "nowhere";

/// A changed document.
#[derive(Debug)]
pub(crate) struct Revision {
    cluster: usize,
    /// Whether it names the image that nobody has.
    mislays: bool,
    document: String,
}

/// A person applies it.
pub(crate) async fn revise(
    lab: &Lab,
    operations: &Operations,
    revision: Revision,
    asked: &Asked,
) -> Result<(), UseCaseError> {
    // It may be carried out though nobody hears of it, and after another's correction.
    let mislay = |world: &mut World| {
        if revision.mislays {
            world.mislaid.insert(revision.cluster);
            world.mislayings += 1;
        }
        world.mislayings
    };
    let before = lab.with(mislay);
    let applied = operations.apply_cluster("cluster.yaml", &revision.document, asked);
    let applied = applied.await;
    let after = lab.with(mislay);
    applied?;
    lab.with(|world| {
        world.revisions += 1;
        if !revision.mislays && before == after {
            world.mislaid.remove(&revision.cluster);
        }
    });
    Ok(())
}

impl World {
    /// What a person changes in the document of a node's cluster; in peace only what is wrong in it.
    pub(crate) fn revision(&self, index: usize) -> Option<Revision> {
        let cluster = index / MEMBERS;
        let spec = self.clusters.get(cluster)?;
        let is_mislaid = self.mislaid.contains(&cluster);
        let image = if is_mislaid { &spec.image } else { NOWHERE };
        (is_mislaid || !self.is_calm).then(|| Revision {
            cluster,
            mislays: !is_mislaid,
            document: document(spec, image),
        })
    }

    /// Whoever sees that his document is wrong corrects it, after a while.
    pub(crate) fn has_revised(&mut self, index: usize) {
        if self.is_calm {
            return self.restore();
        }
        if self.mislaid.contains(&(index / MEMBERS)) {
            let later = self.random.seconds(300, 1800);
            self.schedule(later, Event::Deed(index, Deed::Revise));
        }
    }

    /// What is wrong in the documents of clusters is corrected.
    pub(crate) fn restore(&mut self) {
        for cluster in self.mislaid.clone() {
            let soon = Duration::from_mins(1);
            self.schedule(soon, Event::Deed(cluster * MEMBERS, Deed::Revise));
        }
    }
}

fn document(spec: &ClusterSpec, image: &str) -> String {
    let members: Vec<String> = spec.members.iter().map(member).collect();
    format!(
        "name: {}\nendpoint: {}\ntalos: 1.13.9\nkubernetes: 1.34.1\nimage: {image}\n\
         allow_plaintext: true\nmembers:\n{}",
        spec.name,
        spec.endpoint,
        members.join("")
    )
}

fn member(rule: &MemberRule) -> String {
    let selector = match &rule.selector {
        Selector::Named(name) => format!("machine: {name}"),
        Selector::Matching(pattern) => {
            let manufacturer = pattern.manufacturer.as_deref().unwrap_or_default();
            format!("match: {{ manufacturer: {manufacturer} }}")
        }
    };
    let accept = match rule.acceptance {
        Acceptance::Auto => "auto",
        Acceptance::Wait => "wait",
    };
    format!(
        "  - {{ role: {}, {selector}, accept: {accept}, disk: {{ serial: {DISK} }} }}\n",
        rule.role
    )
}
