//! What people permit of each node: by what they said, and by their documents. Nothing of it comes
//! from Drover's records.

use machine_core::cluster::Acceptance;
use machine_core::time::Timestamp;

use crate::cluster::MEMBERS;
use crate::disk::DISK;
use crate::lab::World;

impl World {
    /// Whether people permit that a node is installed for a cluster on a disk, at this moment.
    pub(crate) fn permits(
        &self,
        node: usize,
        (cluster, disk): (&str, &str),
        at: Timestamp,
    ) -> bool {
        // Who says that a boot is a machine's says of what make it is, and so whose rules take it.
        let is_vouched = self.vouched.contains(&node);
        let mut clusters = self.clusters.iter().enumerate();
        let spec = clusters
            .find(|(index, spec)| spec.name == cluster && (is_vouched || *index == node / MEMBERS));
        let Some((_, spec)) = spec else {
            return false;
        };
        let own = self.nodes[node].arranged.document_disk;
        let is_named = disk == DISK && own.is_none_or(|own| own == disk);
        let rules = spec.members.iter();
        let is_auto =
            rules.clone().count() > 0 && rules.clone().all(|it| it.acceptance == Acceptance::Auto);
        is_named && self.words.permit(node, is_auto, at)
    }

    /// Whether people permit that a node is installed at all, at this moment.
    pub(crate) fn permits_install(&self, node: usize, at: Timestamp) -> bool {
        let cluster = self.clusters.get(node / MEMBERS);
        let name = cluster.map_or("", |it| it.name.as_str());
        self.permits(node, (name, DISK), at)
    }
}
