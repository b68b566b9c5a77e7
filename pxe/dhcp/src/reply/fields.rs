//! A reply while it is being filled: header fields and options, the most needed ones first.
//!
//! What every reply has is put in at the start (53, 54) and at the end (97 mirrored, RFC 4578 §2.3;
//! 61 mirrored, RFC 6842; 82 mirrored, RFC 3046 §2.2).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use machine_core::network::Subnet;

use crate::ask::Ask;
use crate::client::BootClient;
use crate::dropped::Dropped;
use crate::ipxe;
use crate::option::{self, MessageKind, OptionCode};
use crate::option_list::OptionList;
use crate::packet::{Operation, Packet};
use crate::verdict::Refusal;

/// What is to be loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BootFile<'a> {
    Loader {
        name: &'a [u8],
        next_server: Ipv4Addr,
        terminated: bool,
    },
    Url {
        url: &'a [u8],
        server: Ipv4Addr,
    },
}

/// A reply that is not finished.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    client: &'a BootClient,
    subnet: &'a Subnet,
    server: Ipv4Addr,
    kind: MessageKind,
    packet: Packet,
    /// Whether it says what the network is.
    says_network: bool,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        client: &'a BootClient,
        subnet: &'a Subnet,
        kind: MessageKind,
    ) -> Result<Self, Dropped> {
        let IpAddr::V4(server) = subnet.server else {
            return Err(Dropped::NotIpv4);
        };
        let mut draft = Self {
            client,
            subnet,
            server,
            kind,
            packet: mirror(client, kind),
            says_network: false,
        };
        draft.option(OptionCode::MESSAGE_TYPE, &[kind.code()]);
        draft.option(OptionCode::SERVER, &server.octets());
        Ok(draft)
    }

    /// OFFER, ACK or NAK.
    pub(crate) const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Our own address in the subnet.
    pub(crate) const fn server(&self) -> Ipv4Addr {
        self.server
    }

    /// Whether there is something to load.
    pub(crate) fn has_file(&self) -> bool {
        self.packet.options.contains(OptionCode::BOOT_FILE)
    }

    pub(crate) fn option(&mut self, code: OptionCode, value: &[u8]) {
        self.packet.options.push(code, value);
    }

    /// The address and its times.
    pub(crate) fn lease(&mut self, address: Ipv4Addr, lifetime: Duration) {
        let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
        let rebinding = seconds - seconds / 8;
        self.packet.yiaddr = address;
        self.option(OptionCode::LEASE_TIME, &seconds.to_be_bytes());
        self.option(OptionCode::RENEWAL_TIME, &(seconds / 2).to_be_bytes());
        self.option(OptionCode::REBINDING_TIME, &rebinding.to_be_bytes());
    }

    /// What the client must know of its network.
    pub(crate) fn network(&mut self) {
        self.says_network = true;
        let network = self.subnet.network;
        if let Some(mask) = option::subnet_mask(&network) {
            self.option(OptionCode::SUBNET_MASK, &mask.octets());
        }
        if let Some(IpAddr::V4(router)) = self.subnet.router {
            self.option(OptionCode::ROUTER, &router.octets());
        }
        self.addresses(OptionCode::DNS, &self.subnet.dns);
        if let Some(broadcast) = option::broadcast(&network) {
            self.option(OptionCode::BROADCAST, &broadcast.octets());
        }
    }

    /// What else the settings say of the network, to a client that asks for it (option 55) or does
    /// not say what it asks for: most ROMs have no use for it, and little room (RFC 2131 §4.3.1).
    fn further(&mut self) {
        let options = &self.subnet.options;
        if let Some(domain) = &options.domain
            && self.is_asked_for(OptionCode::DOMAIN)
        {
            self.option(OptionCode::DOMAIN, domain.as_str().as_bytes());
        }
        if let Some(mtu) = options.mtu
            && self.is_asked_for(OptionCode::MTU)
        {
            self.option(OptionCode::MTU, &mtu.to_be_bytes());
        }
        if self.is_asked_for(OptionCode::TIME_SERVERS) {
            self.addresses(OptionCode::TIME_SERVERS, &options.time_servers);
        }
        if !options.search.is_empty() && self.is_asked_for(OptionCode::DOMAIN_SEARCH) {
            let list: Vec<u8> = options.search.iter().flat_map(option::name).collect();
            self.option(OptionCode::DOMAIN_SEARCH, &list);
        }
    }

    fn is_asked_for(&self, code: OptionCode) -> bool {
        let asked_for = &self.client.parameters;
        asked_for.is_empty() || asked_for.contains(&code.0)
    }

    /// Those of IPv4, if there are any.
    fn addresses(&mut self, code: OptionCode, addresses: &[IpAddr]) {
        let list: Vec<u8> = addresses.iter().filter_map(octets).flatten().collect();
        if !list.is_empty() {
            self.option(code, &list);
        }
    }

    /// The boot file: in the header if it fits there with its NUL (U-Boot reads only that), and in
    /// option 67 in any case.
    pub(crate) fn boot_file(&mut self, file: &BootFile<'_>) {
        let (name, next_server, terminated) = match *file {
            BootFile::Loader {
                name,
                next_server,
                terminated,
            } => {
                self.tftp_server(next_server, terminated);
                (name, next_server, terminated)
            }
            BootFile::Url { url, server } => (url, server, false),
        };
        self.packet.siaddr = next_server;
        fill(&mut self.packet.file, name);
        self.option(OptionCode::BOOT_FILE, name);
        if terminated {
            self.option(OptionCode::BOOT_FILE, &[0]);
        }
    }

    /// The TFTP server by name, for what reads neither `siaddr` nor option 54: its address, since
    /// firmware has no resolver.
    fn tftp_server(&mut self, address: Ipv4Addr, terminated: bool) {
        let text = address.to_string();
        fill(&mut self.packet.sname, text.as_bytes());
        self.option(OptionCode::TFTP_SERVER, text.as_bytes());
        if terminated {
            self.option(OptionCode::TFTP_SERVER, &[0]);
        }
    }

    /// Tells iPXE not to wait for a proxy.
    pub(crate) fn no_proxy(&mut self) {
        self.option(OptionCode::IPXE, &ipxe::NO_PROXY);
    }

    /// Why a request is refused, in words.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) {
        self.option(OptionCode::MESSAGE, refusal.to_string().as_bytes());
    }

    /// The packet, with what every reply ends with.
    pub(crate) fn finish(mut self) -> Packet {
        let client = self.client;
        if let Some(identifier) = &client.machine_identifier
            && self.kind != MessageKind::Nak
        {
            self.option(OptionCode::MACHINE_IDENTIFIER, identifier);
        }
        if let Some(identifier) = &client.identifier {
            self.option(OptionCode::CLIENT_IDENTIFIER, identifier);
        }
        if let Some(information) = &client.relay_information {
            self.option(OptionCode::RELAY_INFORMATION, information);
        }
        if self.says_network {
            self.further();
        }
        self.packet
    }
}

/// The header that a reply mirrors (RFC 2131 §4.3.1, table 3).
fn mirror(client: &BootClient, kind: MessageKind) -> Packet {
    let header = &client.header;
    let keeps_address = kind == MessageKind::Ack && client.ask != Ask::Discover;
    let is_relayed_nak = kind == MessageKind::Nak && client.is_relayed();
    Packet {
        operation: Operation::Reply,
        hardware: header.hardware,
        hops: 0,
        xid: header.xid,
        secs: 0,
        // The relay must broadcast a NAK: the client's address is wrong (RFC 2131 §4.3.2).
        flags: if is_relayed_nak {
            header.flags | Packet::BROADCAST
        } else {
            header.flags
        },
        ciaddr: if keeps_address {
            header.ciaddr
        } else {
            Ipv4Addr::UNSPECIFIED
        },
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: header.giaddr,
        sname: [0; 64],
        file: [0; 128],
        options: OptionList::new(),
    }
}

fn octets(address: &IpAddr) -> Option<[u8; 4]> {
    match address {
        IpAddr::V4(v4) => Some(v4.octets()),
        IpAddr::V6(_) => None,
    }
}

/// Puts a text with its NUL into a header field; leaves the field empty if it does not fit.
fn fill(field: &mut [u8], text: &[u8]) {
    if text.len() < field.len()
        && let Some(start) = field.get_mut(..text.len())
    {
        start.copy_from_slice(text);
    }
}
