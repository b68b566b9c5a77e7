//! What clients said of themselves when they were made an offer.
//!
//! Some ROMs say that they do PXE in their DISCOVER, and leave options 60, 93 and 97 out of the
//! REQUEST that takes the offer (Raspberry Pi, some PC BIOSes). An ACK without the boot file that
//! the OFFER had ends their boot. So the REQUEST is read together with its DISCOVER, by card and
//! transaction.

use std::collections::{BTreeMap, VecDeque};

use machine_core::client_class::{ArchCode, VendorClass};
use machine_core::hardware::{MacAddress, SystemUuid};

use crate::ask::{Ask, RequestKind};
use crate::client::BootClient;
use crate::ipxe::Ipxe;

/// How many offers are remembered: more than the cards that are between OFFER and REQUEST at one
/// time, which is a second or two. Whoever floods us with DISCOVERs only makes us forget sooner.
const REMEMBERED: usize = 1024;

/// The latest offers, the oldest forgotten first.
#[derive(Debug, Default)]
pub struct Offers {
    said: BTreeMap<MacAddress, Said>,
    order: VecDeque<(MacAddress, u32)>,
}

/// What a DISCOVER said.
#[derive(Debug, Clone)]
struct Said {
    xid: u32,
    vendor_class: VendorClass,
    arch_code: Option<ArchCode>,
    uuid: Option<SystemUuid>,
    machine_identifier: Option<[u8; 17]>,
    ipxe: Option<Ipxe>,
}

impl Offers {
    /// A network boot client is made an offer.
    pub fn offered(&mut self, client: &BootClient) {
        if !client.is_netboot() {
            return;
        }
        let (mac, xid) = (client.mac, client.header.xid);
        let said = Said {
            xid,
            vendor_class: client.vendor_class,
            arch_code: client.arch_code,
            uuid: client.uuid,
            machine_identifier: client.machine_identifier,
            ipxe: client.ipxe,
        };
        let before = self.said.insert(mac, said);
        if before.is_none_or(|before| before.xid != xid) {
            self.order.push_back((mac, xid));
        }
        while self.order.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((mac, xid)) = self.order.pop_front()
            && self.said.get(&mac).is_some_and(|said| said.xid == xid)
        {
            self.said.remove(&mac);
        }
    }

    /// The client behind a REQUEST, with what it said in the DISCOVER of the same transaction and
    /// leaves out now.
    #[must_use]
    pub fn completed(&self, client: BootClient) -> BootClient {
        let takes_offer = matches!(client.ask, Ask::Request(RequestKind::Selecting { .. }));
        let is_terse = client.arch_code.is_none() && client.ipxe.is_none();
        let said = self.said.get(&client.mac);
        match said {
            Some(said) if takes_offer && is_terse && said.xid == client.header.xid => BootClient {
                vendor_class: said.vendor_class,
                arch_code: said.arch_code,
                uuid: client.uuid.or(said.uuid),
                machine_identifier: client.machine_identifier.or(said.machine_identifier),
                ipxe: said.ipxe,
                ..client
            },
            _ => client,
        }
    }
}
