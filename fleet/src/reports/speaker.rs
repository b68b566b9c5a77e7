//! Whether a machine's words are its own: an address is easily taken over, so the card behind it has
//! to be one of the machine's.

use std::net::IpAddr;

use machine_store::identities;

use crate::error::StepError;
use crate::records::About;
use crate::reports::Reports;
use crate::reports::node::Node;
use machine_core::sabotage::Sabotage;

impl Reports {
    /// The machine that speaks from this address; `None` if it is nobody we know, or somebody else
    /// with its address. An error if the kernel does not know the card at this moment: what was said
    /// is to be said again.
    pub(super) async fn speaker(&self, peer: IpAddr) -> Result<Option<Node>, StepError> {
        let Some(node) = Node::at(&self.records, peer).await? else {
            return Ok(None);
        };
        let Some(card) = self.neighbours.find(peer).await else {
            return Err(StepError::Outside(format!(
                "the card behind {peer} is not known at this moment"
            )));
        };
        let known = identities::of_machine(&self.records.db, node.machine).await?;
        let is_own = known.is_some_and(|known| known.macs.contains(&card));
        if is_own || Sabotage::StrangerBelieved.is_on() {
            self.heard.said(peer);
            return Ok(Some(node));
        }
        if self.impostors.is_due(node.machine, self.records.now()) {
            let text = format!(
                "what {peer} says of this machine is not believed: the card behind it is {card}, \
                 which is not registered; if it is the machine's, add it to its document (drover \
                 machine apply)"
            );
            let event = About::machine(node.machine).event(self.records.now(), "alarm", text);
            self.records.commit.try_event(event);
        }
        Ok(None)
    }
}
