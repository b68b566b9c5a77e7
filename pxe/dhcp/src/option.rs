//! DHCP option codes, and the values that network boot puts into them.
//!
//! Only what Drover reads or writes has a name; every other option is kept raw. (RFC 2132, RFC 3046
//! for 82, RFC 4578 for 93, 94 and 97, iPXE's own 175.)

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use machine_core::lease_options::DomainName;
use machine_core::network::Network;

/// The number of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptionCode(pub u8);

impl OptionCode {
    /// A single byte of padding, without a length.
    pub const PAD: Self = Self(0);
    /// The subnet mask.
    pub const SUBNET_MASK: Self = Self(1);
    /// The default gateways.
    pub const ROUTER: Self = Self(3);
    /// The name servers.
    pub const DNS: Self = Self(6);
    /// The client's name.
    pub const HOST_NAME: Self = Self(12);
    /// The domain of the hosts.
    pub const DOMAIN: Self = Self(15);
    /// The largest packet of the link.
    pub const MTU: Self = Self(26);
    /// The broadcast address.
    pub const BROADCAST: Self = Self(28);
    /// The time servers (NTP).
    pub const TIME_SERVERS: Self = Self(42);
    /// Options of the vendor class; for PXE, encapsulated sub-options (PXE 2.1).
    pub const VENDOR: Self = Self(43);
    /// The address that the client would like, or was offered.
    pub const REQUESTED_ADDRESS: Self = Self(50);
    /// How long a lease lasts, in seconds.
    pub const LEASE_TIME: Self = Self(51);
    /// Whether `file` (1), `sname` (2) or both (3) hold options.
    pub const OVERLOAD: Self = Self(52);
    /// DISCOVER, OFFER …
    pub const MESSAGE_TYPE: Self = Self(53);
    /// The server that speaks, or is spoken to.
    pub const SERVER: Self = Self(54);
    /// Which options the client asks for.
    pub const PARAMETERS: Self = Self(55);
    /// A sentence for people, in a NAK.
    pub const MESSAGE: Self = Self(56);
    /// The longest message that the client takes.
    pub const MAXIMUM_SIZE: Self = Self(57);
    /// T1, when to renew, in seconds.
    pub const RENEWAL_TIME: Self = Self(58);
    /// T2, when to rebind, in seconds.
    pub const REBINDING_TIME: Self = Self(59);
    /// The vendor class: `PXEClient…`, `HTTPClient…`.
    pub const VENDOR_CLASS: Self = Self(60);
    /// The client identifier.
    pub const CLIENT_IDENTIFIER: Self = Self(61);
    /// The name of the TFTP server.
    pub const TFTP_SERVER: Self = Self(66);
    /// The name of the boot file.
    pub const BOOT_FILE: Self = Self(67);
    /// The user class; iPXE says `iPXE`.
    pub const USER_CLASS: Self = Self(77);
    /// What a relay adds, and gets back unchanged.
    pub const RELAY_INFORMATION: Self = Self(82);
    /// The processor and firmware, a list of 16-bit codes.
    pub const CLIENT_ARCH: Self = Self(93);
    /// The version of the network interface (UNDI).
    pub const CLIENT_INTERFACE: Self = Self(94);
    /// The SMBIOS UUID behind a type byte.
    pub const MACHINE_IDENTIFIER: Self = Self(97);
    /// An address in the subnet that its sender wants (RFC 3011).
    pub const SUBNET_SELECTION: Self = Self(118);
    /// Where hosts look for names without dots (RFC 3397).
    pub const DOMAIN_SEARCH: Self = Self(119);
    /// iPXE's encapsulated options.
    pub const IPXE: Self = Self(175);
    /// The end of the options, without a length.
    pub const END: Self = Self(255);
}

impl fmt::Display for OptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {}", self.0)
    }
}

/// What a message is, as option 53 says (RFC 2132 §9.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageKind {
    /// A client looks for servers.
    Discover,
    /// A server offers.
    Offer,
    /// A client wants an address, or to keep it.
    Request,
    /// A client found the address in use.
    Decline,
    /// A server grants.
    Ack,
    /// A server refuses.
    Nak,
    /// A client gives its address back.
    Release,
    /// A client has an address and asks for the rest.
    Inform,
}

impl MessageKind {
    /// Every kind, in the order of its codes.
    pub const ALL: [Self; 8] = [
        Self::Discover,
        Self::Offer,
        Self::Request,
        Self::Decline,
        Self::Ack,
        Self::Nak,
        Self::Release,
        Self::Inform,
    ];

    /// Its code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Discover => 1,
            Self::Offer => 2,
            Self::Request => 3,
            Self::Decline => 4,
            Self::Ack => 5,
            Self::Nak => 6,
            Self::Release => 7,
            Self::Inform => 8,
        }
    }

    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discover => "DISCOVER",
            Self::Offer => "OFFER",
            Self::Request => "REQUEST",
            Self::Decline => "DECLINE",
            Self::Ack => "ACK",
            Self::Nak => "NAK",
            Self::Release => "RELEASE",
            Self::Inform => "INFORM",
        })
    }
}

/// The address in an option of exactly four bytes; 0.0.0.0 is nobody's.
pub fn address(value: &[u8]) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = value.try_into().ok()?;
    Some(Ipv4Addr::from(octets)).filter(|it| !it.is_unspecified())
}

/// The 16-bit number in an option of exactly two bytes.
pub fn number(value: &[u8]) -> Option<u16> {
    value.try_into().ok().map(u16::from_be_bytes)
}

/// A domain name as DNS writes it, without compression (RFC 1035 §3.1, RFC 3397 §2).
pub fn name(domain: &DomainName) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(domain.as_str().len() + 2);
    for label in domain.labels() {
        bytes.extend(u8::try_from(label.len()));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// The subnet mask of an IPv4 network.
pub fn subnet_mask(network: &Network) -> Option<Ipv4Addr> {
    let host_bits = 32_u32.checked_sub(u32::from(network.prefix()))?;
    let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
    network
        .address()
        .is_ipv4()
        .then_some(Ipv4Addr::from_bits(mask))
}

/// The broadcast address of an IPv4 network.
pub fn broadcast(network: &Network) -> Option<Ipv4Addr> {
    match (network.address(), subnet_mask(network)?) {
        (IpAddr::V4(address), mask) => Some(address | !mask),
        (IpAddr::V6(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_back_from_their_codes() {
        for kind in MessageKind::ALL {
            assert_eq!(MessageKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(MessageKind::from_code(0), None);
        assert_eq!(MessageKind::from_code(9), None);
    }

    #[test]
    fn values_of_the_wrong_length_are_nothing() {
        assert_eq!(address(&[10, 0, 0, 1]), Some(Ipv4Addr::new(10, 0, 0, 1)));
        for value in [&[][..], &[10, 0, 0], &[10, 0, 0, 1, 0], &[0, 0, 0, 0]] {
            assert_eq!(address(value), None, "{value:?}");
        }
        assert_eq!(number(&[5, 0xc0]), Some(1472));
        assert_eq!(number(&[5]), None);
    }

    #[test]
    fn masks_and_broadcasts() {
        for (network, mask, last) in [
            ("10.77.0.0/24", "255.255.255.0", "10.77.0.255"),
            ("10.80.0.0/14", "255.252.0.0", "10.83.255.255"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("10.0.0.7/32", "255.255.255.255", "10.0.0.7"),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(subnet_mask(&network).unwrap().to_string(), mask);
            assert_eq!(broadcast(&network).unwrap().to_string(), last);
        }
        let v6: Network = "fd77::/16".parse().unwrap();
        assert_eq!((subnet_mask(&v6), broadcast(&v6)), (None, None));
    }
}
