//! What a situation wants of the lab before its run begins.

use std::time::Duration;

use machine_core::cluster::{Acceptance, Cluster};

use crate::disk::{Contents, disk};
use crate::event::{Deed, Event};
use crate::lab::World;
use crate::node::{Bmc, Node};
use crate::situation::{Situation, Turn};

impl World {
    /// Arranges what the situation wants before the run begins.
    pub(crate) fn arrange(&mut self, clusters: &mut [Cluster]) {
        let node = &mut self.nodes[0];
        match self.settings.situation {
            Situation::Chance | Situation::Overheard | Situation::CopiedCard => {}
            Situation::Forged | Situation::BootstrapUnheard | Situation::BootstrapKilled => {}
            Situation::Liar | Situation::DatabaseAway | Situation::Neighbours => {}
            Situation::TakenBack | Situation::TakenBackAtOnce => {}
            Situation::Replaced | Situation::DeadBmc => node.wire.misses_first = false,
            Situation::Mute | Situation::InstalledBefore => node.arranged.is_mute = true,
            Situation::MuteTakenBack => {
                node.arranged.is_mute = true;
                (node.install, node.self_test) = (Duration::from_mins(1), Duration::from_secs(20));
            }
            Situation::TwoDisks => {
                node.arranged.document_disk = Some("D2");
                self.turn(15 * 60, Turn::DocumentCorrected);
            }
            Situation::ForeignTalos => {
                (node.contents, node.network_first) = (Contents::ForeignTalos, true);
                self.turn(25 * 60, Turn::DiskReplaced);
                self.deed(25 * 60 + 5, Deed::Retry);
            }
            Situation::LostRecords => {
                let attempt = self.unrecorded();
                self.nodes[0].contents = Contents::Unrecorded(attempt);
                self.deed(25 * 60, Deed::RetryWithWipe);
            }
            Situation::WrongDisk => {
                node.disk = disk("OTHER");
                self.turn(20 * 60, Turn::DiskReplaced);
                self.deed(20 * 60 + 5, Deed::Retry);
            }
            Situation::MemberRestarts => node.network_first = true,
            Situation::Gone => node.bmc = Some(Bmc::default()),
            Situation::MistypedBmc => self.mistype(),
            Situation::Twin => self.add_twin(clusters),
        }
        if self.nodes[0].bmc.is_none() {
            self.deed(10, Deed::Press);
        }
    }

    /// The document of the first machine names the BMC of the second, which is found. The first is
    /// switched on by hand, when that does not follow from what Drover did with the other any more.
    fn mistype(&mut self) {
        self.nodes[1].is_registered = false;
        let node = &mut self.nodes[0];
        (node.arranged.bmc_of, node.knows_board) = (Some(1), true);
        self.schedule(Duration::from_mins(1), Event::Deed(1, Deed::Press));
        self.deed(17 * 60, Deed::Press);
        self.turn(40 * 60, Turn::DocumentCorrected);
        self.deed(40 * 60 + 5, Deed::Retry);
    }

    /// A clone that nobody has registered, on another link, and so with an address of its own. Both wait in their scripts
    /// when a person accepts the machine; later the clone leaves, and the machine is started anew.
    fn add_twin(&mut self, clusters: &mut [Cluster]) {
        for rule in clusters.iter_mut().flat_map(|it| &mut it.spec.members) {
            rule.acceptance = Acceptance::Wait;
        }
        let node = &mut self.nodes[0];
        (node.bmc, node.self_test) = (None, Duration::from_secs(20));
        node.cards.truncate(1);
        let mut twin = Node {
            is_registered: false,
            ..node.clone()
        };
        twin.arranged.link = 1;
        self.nodes.push(twin);
        let index = self.nodes.len() - 1;
        self.schedule(Duration::from_secs(90), Event::Deed(index, Deed::Press));
        self.deed(4 * 60, Deed::Accept);
        self.schedule(Duration::from_mins(9), Event::Turn(index, Turn::Leaves));
        self.deed(12 * 60, Deed::Cycle);
    }
}
