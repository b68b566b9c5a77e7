//! A DHCP client of the lab as a value: the packets that firmware and iPXE send, byte by byte, and what
//! they read in those that they get.

use std::net::{IpAddr, Ipv4Addr};

use machine_core::boot::Asker;
use machine_core::hardware::{Firmware, MacAddress, SystemUuid};
use machine_core::id::BootId;
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, MAXIMUM_LIMIT, Operation, Packet};

/// The features that Debian's iPXE for UEFI tells of (option 175): HTTP, TFTP, DNS, EFI, and its
/// version 1.21.1.
const IPXE: [u8; 17] = [19, 1, 1, 21, 1, 1, 23, 1, 1, 36, 1, 1, 235, 3, 1, 21, 1];
/// The same for a BIOS: Linux kernels instead of EFI images.
const IPXE_OF_BIOS: [u8; 17] = [19, 1, 1, 21, 1, 1, 23, 1, 1, 24, 1, 1, 235, 3, 1, 21, 1];
/// What iPXE and firmware ask for: mask, router, name servers, vendor's options, the server, the
/// boot server and the boot file.
const PARAMETERS: [u8; 8] = [1, 3, 6, 43, 54, 60, 66, 67];

/// A client in one transaction.
#[derive(Debug, Clone)]
pub(crate) struct DhcpClient {
    pub(crate) mac: MacAddress,
    pub(crate) uuid: SystemUuid,
    pub(crate) firmware: Firmware,
    pub(crate) asker: Asker,
    pub(crate) xid: u32,
}

/// What an ACK grants, and what is to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) address: IpAddr,
    pub(crate) load: Load,
}

/// What a client is told to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// A file over TFTP.
    File,
    /// The script of a boot.
    Script(BootId),
    /// Nothing: the next card, or the disk.
    Nothing,
}

impl DhcpClient {
    /// It looks for a server.
    pub(crate) fn discover(&self) -> Vec<u8> {
        self.packet(MessageKind::Discover, &[])
    }

    /// It takes an offer.
    pub(crate) fn request(&self, offer: &Packet) -> Option<Vec<u8>> {
        let server = offer.options.get(OptionCode::SERVER)?;
        let address = offer.yiaddr.octets();
        let taken = [
            (OptionCode::REQUESTED_ADDRESS, &address[..]),
            (OptionCode::SERVER, server),
        ];
        Some(self.packet(MessageKind::Request, &taken))
    }

    /// A packet of this kind, if it is one and is for this client.
    pub(crate) fn read(&self, bytes: &[u8], kind: MessageKind) -> Option<Packet> {
        let packet = Packet::decode(bytes).ok()?;
        let said = packet.options.get(OptionCode::MESSAGE_TYPE)?;
        let is_for_it = packet.operation == Operation::Reply
            && packet.xid == self.xid
            && packet.hardware.as_bytes() == self.mac.octets();
        (is_for_it && said == [kind.code()]).then_some(packet)
    }

    /// What an ACK grants. iPXE loads only what it can, firmware no script.
    pub(crate) fn granted(&self, ack: &Packet) -> Option<Granted> {
        if ack.yiaddr.is_unspecified() {
            return None;
        }
        let in_header = ack.file.split(|byte| *byte == 0).next();
        let file = in_header.filter(|it| !it.is_empty());
        let file = file.or_else(|| ack.options.get(OptionCode::BOOT_FILE));
        let file = file.map(String::from_utf8_lossy);
        let boot = |it: &str| it.split_once("/boot/")?.1.parse().ok();
        let load = match (file.as_deref(), self.asker) {
            (None, _) => Load::Nothing,
            (Some(url), Asker::Ipxe) if url.starts_with("http://") => Load::Script(boot(url)?),
            (Some(_), _) if ack.siaddr == Ipv4Addr::UNSPECIFIED => Load::Nothing,
            (Some(_), _) => Load::File,
        };
        let address = IpAddr::V4(ack.yiaddr);
        Some(Granted { address, load })
    }

    fn packet(&self, kind: MessageKind, taken: &[(OptionCode, &[u8])]) -> Vec<u8> {
        let mut options = OptionList::new();
        options.push(OptionCode::MESSAGE_TYPE, &[kind.code()]);
        for (code, value) in taken {
            options.push(*code, value);
        }
        self.say_who(&mut options);
        let packet = Packet {
            operation: Operation::Request,
            hardware: self.hardware(),
            hops: 0,
            xid: self.xid,
            secs: 0,
            // OVMF asks for broadcasts; iPXE and a BIOS take unicasts.
            flags: match (self.asker, self.firmware) {
                (Asker::Firmware, Firmware::Uefi) => Packet::BROADCAST,
                _ => 0,
            },
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            sname: [0; 64],
            file: [0; 128],
            options,
        };
        packet.encode(MAXIMUM_LIMIT).bytes
    }

    fn say_who(&self, options: &mut OptionList) {
        let (arch, class, features) = match self.firmware {
            Firmware::Uefi => (7, "PXEClient:Arch:00007:UNDI:003016", &IPXE),
            Firmware::Bios => (0, "PXEClient:Arch:00000:UNDI:002001", &IPXE_OF_BIOS),
        };
        // The first three fields are byte-swapped (RFC 4578 §2.3), which twice is nothing.
        let swapped = SystemUuid::from_mixed_endian(*self.uuid.as_bytes());
        let mut identifier = [0; 17];
        identifier[1..].copy_from_slice(swapped.as_bytes());
        options.push(OptionCode::MAXIMUM_SIZE, &1472u16.to_be_bytes());
        options.push(OptionCode::CLIENT_ARCH, &[0, arch]);
        options.push(OptionCode::CLIENT_INTERFACE, &[1, 3, 16]);
        options.push(OptionCode::VENDOR_CLASS, class.as_bytes());
        if self.asker == Asker::Ipxe {
            options.push(OptionCode::USER_CLASS, b"iPXE");
            options.push(OptionCode::IPXE, features);
        }
        options.push(OptionCode::PARAMETERS, &PARAMETERS);
        options.push(OptionCode::MACHINE_IDENTIFIER, &identifier);
    }

    #[expect(clippy::expect_used, reason = "six bytes find room in sixteen")]
    fn hardware(&self) -> HardwareAddress {
        let mac = self.mac.octets();
        HardwareAddress::new(HardwareAddress::ETHERNET, &mac).expect("a hardware address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pxe_dhcp::ask::ServerPort;
    use pxe_dhcp::client::{Arrival, BootClient};
    use pxe_dhcp::load::Load as Loads;
    use std::net::SocketAddrV4;

    fn understood(asker: Asker, firmware: Firmware) -> BootClient {
        let client = DhcpClient {
            mac: MacAddress::new([2, 0, 0, 0, 0, 7]),
            uuid: SystemUuid::from_bytes(*b"0123456789abcdef"),
            firmware,
            asker,
            xid: 9,
        };
        let packet = Packet::decode(&client.discover()).unwrap();
        let arrival = Arrival {
            port: ServerPort::Dhcp,
            source: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            unicast: false,
        };
        let understood = BootClient::from_packet(&packet, arrival).unwrap();
        assert_eq!(
            (understood.mac, understood.uuid),
            (client.mac, Some(client.uuid))
        );
        understood
    }

    #[test]
    fn firmware_is_understood_as_what_it_is_and_loads_a_file() {
        for firmware in [Firmware::Uefi, Firmware::Bios] {
            let client = understood(Asker::Firmware, firmware);
            assert!(client.is_pxe());
            assert!(matches!(client.load(), Loads::Loader(_, it) if it == firmware));
        }
    }

    #[test]
    fn ipxe_is_understood_as_what_it_is_and_runs_a_script() {
        for firmware in [Firmware::Uefi, Firmware::Bios] {
            assert_eq!(understood(Asker::Ipxe, firmware).load(), Loads::Script);
        }
    }
}
