//! What is asked to find other DHCP servers, and what their answers say of them.
//!
//! The question is a DISCOVER of a card that no machine has: a random, locally administered address,
//! the same for as long as Drover runs, so that a server keeps at most one offer for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use machine_core::client_class::VendorClass;
use machine_core::hardware::MacAddress;
use pxe_dhcp::option::{MessageKind, OptionCode, address};
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, Operation, Packet};

use crate::foreign_server::{ForeignServer, Service};

/// As which kind of client it is asked: some servers answer only one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedAs {
    /// One that wants an address and nothing else.
    Host,
    /// A ROM of a BIOS that boots from the network.
    PxeBios,
    /// UEFI that boots from the network.
    PxeUefi,
}

impl AskedAs {
    /// Options 60 and 93 as such a client sends them (PXE 2.1 §2.2.1, RFC 4578 §2.1).
    const fn boot_options(self) -> Option<(&'static [u8], [u8; 2])> {
        match self {
            Self::Host => None,
            Self::PxeBios => Some((b"PXEClient:Arch:00000:UNDI:002001", [0, 0])),
            Self::PxeUefi => Some((b"PXEClient:Arch:00007:UNDI:003016", [0, 7])),
        }
    }
}

/// A card that no machine has.
pub(crate) fn random_card() -> io::Result<MacAddress> {
    let mut random = [0; 5];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let [a, b, c, d, e] = random;
    Ok(MacAddress::new([0x02, a, b, c, d, e]))
}

/// A DISCOVER from this card.
pub(crate) fn discover(card: MacAddress, asked_as: AskedAs) -> io::Result<Packet> {
    let mut xid = [0; 4];
    getrandom::fill(&mut xid).map_err(io::Error::other)?;
    let hardware = HardwareAddress::new(HardwareAddress::ETHERNET, &card.octets())
        .ok_or_else(|| io::Error::other("no hardware address"))?;
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[MessageKind::Discover.code()]);
    if let Some((class, arch)) = asked_as.boot_options() {
        options.push(
            OptionCode::PARAMETERS,
            &[OptionCode::TFTP_SERVER.0, OptionCode::BOOT_FILE.0],
        );
        options.push(OptionCode::VENDOR_CLASS, class);
        options.push(OptionCode::CLIENT_ARCH, &arch);
    }
    Ok(Packet {
        operation: Operation::Request,
        hardware,
        hops: 0,
        xid: u32::from_be_bytes(xid),
        secs: 0,
        flags: Packet::BROADCAST,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        sname: [0; 64],
        file: [0; 128],
        options,
    })
}

/// Who answered the question of this transaction from this address, if the packet is an offer.
pub(crate) fn who_answers(packet: &Packet, xid: u32, sender: Ipv4Addr) -> Option<ForeignServer> {
    let is_offer = packet.operation == Operation::Reply
        && packet.options.get(OptionCode::MESSAGE_TYPE) == Some(&[MessageKind::Offer.code()]);
    if !is_offer || packet.xid != xid {
        return None;
    }
    let offered = IpAddr::V4(packet.yiaddr);
    let service = match (packet.yiaddr.is_unspecified(), boots(packet)) {
        (false, false) => Service::Leases { offered },
        (false, true) => Service::LeasesAndBoots { offered },
        (true, true) => Service::Boots,
        (true, false) => return None,
    };
    let named = packet.options.get(OptionCode::SERVER).and_then(address);
    Some(ForeignServer {
        server: IpAddr::V4(named.unwrap_or(sender)),
        service,
    })
}

/// Whether an offer tells a machine what to boot, or whom to ask for it.
fn boots(packet: &Packet) -> bool {
    let class = packet.options.get(OptionCode::VENDOR_CLASS);
    let is_pxe = class.is_some_and(|class| VendorClass::from_bytes(class) == VendorClass::Pxe);
    is_pxe
        || packet.options.contains(OptionCode::BOOT_FILE)
        || packet.file.first().is_some_and(|first| *first != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);

    fn offer(change: impl Fn(&mut Packet)) -> Option<ForeignServer> {
        let card = MacAddress::new([2, 0, 0, 0, 0, 1]);
        let question = discover(card, AskedAs::PxeBios).unwrap();
        let xid = question.xid;
        let mut options = OptionList::new();
        options.push(OptionCode::MESSAGE_TYPE, &[MessageKind::Offer.code()]);
        let mut packet = Packet {
            operation: Operation::Reply,
            options,
            ..question
        };
        change(&mut packet);
        who_answers(&packet, xid, SENDER)
    }

    #[test]
    fn an_offer_says_what_its_server_does() {
        let address = Ipv4Addr::new(10, 77, 0, 99);
        let offered = IpAddr::V4(address);
        let leases = |packet: &mut Packet| packet.yiaddr = address;
        let names = |packet: &mut Packet| packet.options.push(OptionCode::BOOT_FILE, b"loader");
        let service = |change: &dyn Fn(&mut Packet)| offer(change).map(|it| it.service);
        assert_eq!(service(&leases), Some(Service::Leases { offered }));
        let both = |packet: &mut Packet| {
            leases(packet);
            names(packet);
        };
        assert_eq!(service(&both), Some(Service::LeasesAndBoots { offered }));
        assert_eq!(service(&names), Some(Service::Boots));
        let sends_on = |packet: &mut Packet| {
            packet.options.push(OptionCode::VENDOR_CLASS, b"PXEClient");
        };
        assert_eq!(service(&sends_on), Some(Service::Boots), "asked on 4011");
        let in_header = |packet: &mut Packet| packet.file[0] = b'x';
        assert_eq!(service(&in_header), Some(Service::Boots));
        assert_eq!(service(&|_: &mut Packet| ()), None);
        let to_another = |packet: &mut Packet| {
            leases(packet);
            packet.xid ^= 1;
        };
        assert_eq!(service(&to_another), None);
        let of_a_client = |packet: &mut Packet| {
            leases(packet);
            packet.operation = Operation::Request;
        };
        assert_eq!(service(&of_a_client), None);
    }

    #[test]
    fn a_server_is_called_by_its_name_or_by_where_it_sends_from() {
        let name = Ipv4Addr::new(10, 77, 0, 4);
        let leases = |packet: &mut Packet| packet.yiaddr = Ipv4Addr::new(10, 77, 0, 99);
        assert_eq!(offer(leases).unwrap().server, SENDER);
        let named = |packet: &mut Packet| {
            leases(packet);
            packet.options.push(OptionCode::SERVER, &name.octets());
        };
        assert_eq!(offer(named).unwrap().server, name);
    }
}
