//! Whether a machine's words are its own: an address is easily taken over, so the card behind it has
//! to be one of the machine's.

use std::net::IpAddr;

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_store::identities;

use crate::error::StepError;
use crate::node_reports::NodeReports;
use crate::node_reports::holder::{Holder, holder};
use crate::node_reports::node::Node;
use crate::site::About;
use machine_core::sabotage::Sabotage;

impl NodeReports {
    /// The machine that speaks from this address; `None` if it is nobody we know, or somebody else
    /// with its address. A system may have an address that we did not lease: it is the machine's
    /// whose card is behind it. An error if the kernel does not know the card at this moment: what
    /// was said is to be said again.
    pub(super) async fn speaker(&self, peer: IpAddr) -> Result<Option<Node>, StepError> {
        let held = holder(&self.site.db, peer, self.site.now()).await?;
        let is_near = self.site.subnet_of(peer).is_some();
        let seen = self.neighbours.find(peer).await;
        let card = self.site.card_behind(peer, seen).await?;
        let machine = match (held, card) {
            (Holder::Stranger, _) => return Ok(None),
            // Behind a router that is no relay of ours its card is never known.
            (Holder::Nobody, None) if !is_near => return Ok(None),
            (Holder::Machine(_) | Holder::Nobody, None) => {
                return Err(StepError::Outside(format!(
                    "the card behind {peer} is not known at this moment"
                )));
            }
            (Holder::Machine(machine), Some(card))
                if Sabotage::StrangerBelieved.is_on() || self.has_card(machine, card).await? =>
            {
                Some(machine)
            }
            (Holder::Machine(machine), Some(card)) => {
                self.tell_impostor(machine, peer, card);
                None
            }
            (Holder::Nobody, Some(card)) => self.machine_of_card(card).await?,
        };
        let Some(machine) = machine else {
            return Ok(None);
        };
        self.heard.spoke(machine, peer);
        let is_on_record = held == Holder::Machine(machine);
        let node = Node::of(&self.site, machine, (peer, is_on_record)).await?;
        Ok(Some(node))
    }

    async fn has_card(&self, machine: MachineId, card: MacAddress) -> Result<bool, StepError> {
        let known = identities::of_machine(&self.site.db, machine).await?;
        Ok(known.is_some_and(|known| known.macs.contains(&card)))
    }

    async fn machine_of_card(&self, card: MacAddress) -> Result<Option<MachineId>, StepError> {
        let known = identities::candidates(&self.site.db, &[card].into(), None).await?;
        Ok(known.first().map(|known| known.machine))
    }

    fn tell_impostor(&self, machine: MachineId, peer: IpAddr, card: MacAddress) {
        let at = self.site.now();
        if !self.impostors.is_due(machine, at) {
            return;
        }
        let text = format!(
            "what {peer} says of this machine is not believed: the card behind it is {card}, which \
             is not registered; if it is the machine's, add it to its document (drover machine \
             apply)"
        );
        let event = About::machine(machine).event(at, "alarm", text);
        self.site.commit.try_event(event);
    }
}
