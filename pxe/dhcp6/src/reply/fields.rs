//! The fields of a reply: which options it has, in which order, and what they hold.

use std::net::{IpAddr, Ipv6Addr};

use machine_core::duid::Duid;
use machine_core::network::Subnet;

use crate::boot_url::BootUrl;
use crate::client::BootClient;
use crate::dropped::Dropped;
use crate::message_kind::MessageKind;
use crate::option::OptionCode;
use crate::outcome::{Answered, Outcome};
use crate::relay::Relay;
use crate::writer::{LONGEST_MESSAGE, OptionWriter, addresses, name, texts};

/// Under which number firmware looks for its class (Intel's; `PXEBC_DHCP6_ENTERPRISE_NUM`).
const ENTERPRISE: [u8; 4] = 343_u32.to_be_bytes();

/// The longest UDP payload without jumbograms (RFC 8200 §3: 65,535 bytes with the UDP header).
const LONGEST_PAYLOAD: usize = 65_535 - 8;

/// How something went (RFC 8415 §21.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    NoAddrsAvail,
    NoBinding,
    NotOnLink,
    UseMulticast,
    NoPrefixAvail,
}

impl Status {
    const fn code(self) -> u16 {
        match self {
            Self::Success => 0,
            Self::NoAddrsAvail => 2,
            Self::NoBinding => 3,
            Self::NotOnLink => 4,
            Self::UseMulticast => 5,
            Self::NoPrefixAvail => 6,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Success => "",
            Self::NoAddrsAvail => "there is no address for it",
            Self::NoBinding => "there is no record of it",
            Self::NotOnLink => "it is not of this link",
            Self::UseMulticast => "write to ff02::1:2",
            Self::NoPrefixAvail => "no prefixes are given",
        }
    }

    fn value(self) -> Vec<u8> {
        [&self.code().to_be_bytes()[..], self.text().as_bytes()].concat()
    }
}

/// What a client loads.
#[derive(Debug, Clone, Copy)]
pub(super) struct BootFile<'a> {
    pub(super) url: &'a BootUrl,
    pub(super) parameters: &'a [String],
}

/// A reply that is being written.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    kind: MessageKind,
    client: &'a BootClient,
    options: OptionWriter,
    left_out: Vec<OptionCode>,
}

impl<'a> Draft<'a> {
    /// A message with both identifiers.
    pub(super) fn new(kind: MessageKind, client: &'a BootClient, server: &Duid) -> Self {
        let [a, b, c] = client.transaction;
        let mut options = OptionWriter::after(&[kind.code(), a, b, c]);
        if let Some(duid) = &client.duid {
            options.push(OptionCode::CLIENT_ID, duid.as_bytes());
        }
        options.push(OptionCode::SERVER_ID, server.as_bytes());
        Self {
            kind,
            client,
            options,
            left_out: Vec::new(),
        }
    }

    pub(super) const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Adds an option that the message can't do without.
    pub(super) fn option(&mut self, code: OptionCode, value: &[u8]) {
        self.options.push(code, value);
    }

    /// How the message as a whole went.
    pub(super) fn status(&mut self, status: Status) {
        self.option(OptionCode::STATUS, &status.value());
    }

    pub(super) fn associations(&mut self, answered: &[Answered]) {
        for Answered { iaid, outcome } in answered {
            let value = association(*iaid, *outcome);
            self.option(OptionCode::IA_NA, &value);
        }
    }

    /// Who asks for prefixes is told that there are none (RFC 8415 §18.3.9).
    pub(super) fn no_prefixes(&mut self, numbers: &[u32]) {
        for iaid in numbers {
            let value = identity(
                *iaid,
                [0, 0],
                &[(OptionCode::STATUS, Status::NoPrefixAvail.value())],
            );
            self.option(OptionCode::IA_PD, &value);
        }
    }

    /// What is to be loaded. EDK2's HTTP boot reads the URL up to a NUL (`HttpBootParseDhcp6Packet`),
    /// and finds it in the code of the option behind: so the class stands there, whose code begins
    /// with one.
    pub(super) fn boot(&mut self, file: Option<BootFile<'_>>, class: Option<&[u8]>) {
        if let Some(BootFile { url, .. }) = &file {
            self.option(OptionCode::BOOT_FILE_URL, url.as_str().as_bytes());
        }
        if let Some(class) = class {
            let value = [&ENTERPRISE[..], &texts([class])].concat();
            self.option(OptionCode::VENDOR_CLASS, &value);
        }
        let parameters = file.map(|it| it.parameters).unwrap_or_default();
        if !parameters.is_empty() {
            let value = texts(parameters.iter().map(String::as_bytes));
            self.optional(OptionCode::BOOT_FILE_PARAMETERS, &value);
        }
    }

    /// What the client asks to know of its network.
    pub(super) fn network(&mut self, subnet: &Subnet) {
        let servers = subnet.dns.iter().filter_map(v6);
        self.asked(OptionCode::DNS_SERVERS, &addresses(servers));
        let search: Vec<u8> = subnet.options.search.iter().flat_map(name).collect();
        self.asked(OptionCode::DOMAIN_LIST, &search);
    }

    fn asked(&mut self, code: OptionCode, value: &[u8]) {
        if self.client.requested.contains(&code) && !value.is_empty() {
            self.optional(code, value);
        }
    }

    fn optional(&mut self, code: OptionCode, value: &[u8]) {
        if !self.options.push_within(LONGEST_MESSAGE, code, value) {
            self.left_out.push(code);
        }
    }

    pub(super) fn finish(self) -> (Vec<u8>, Vec<OptionCode>) {
        (self.options.finish(), self.left_out)
    }
}

fn v6(address: &IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V6(address) => Some(*address),
        IpAddr::V4(_) => None,
    }
}

/// An `IA_NA` with its address or its status (RFC 8415 §21.4).
fn association(iaid: u32, outcome: Outcome) -> Vec<u8> {
    let status = |status: Status| identity(iaid, [0, 0], &[(OptionCode::STATUS, status.value())]);
    match outcome {
        Outcome::Leased { address, lifetime } => {
            // All ones would be for ever (RFC 8415 §7.7).
            let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
            let seconds = seconds.min(u32::MAX - 1);
            let value = lasting(address, seconds);
            let times = [seconds / 2, seconds / 5 * 4];
            identity(iaid, times, &[(OptionCode::IA_ADDRESS, value)])
        }
        Outcome::Withdrawn(address) => identity(
            iaid,
            [0, 0],
            &[(OptionCode::IA_ADDRESS, lasting(address, 0))],
        ),
        Outcome::NoAddress => status(Status::NoAddrsAvail),
        Outcome::NoBinding => status(Status::NoBinding),
        Outcome::NotOnLink => status(Status::NotOnLink),
    }
}

/// An address with its preferred and its valid lifetime, which are the same: nothing is gained by an
/// address that is still the machine's and no longer to be used.
fn lasting(address: Ipv6Addr, seconds: u32) -> Vec<u8> {
    let seconds = seconds.to_be_bytes();
    [&address.octets()[..], &seconds, &seconds].concat()
}

/// The number of an association, T1 and T2, options.
fn identity(iaid: u32, [t1, t2]: [u32; 2], options: &[(OptionCode, Vec<u8>)]) -> Vec<u8> {
    let header = [iaid, t1, t2].map(u32::to_be_bytes).concat();
    let mut writer = OptionWriter::after(&header);
    for (code, value) in options {
        writer.push(*code, value);
    }
    writer.finish()
}

/// The message as the relays carry it back, wrapped from the inside out (RFC 8415 §19.3).
pub(super) fn carried(message: Vec<u8>, relays: &[Relay]) -> Result<Vec<u8>, Dropped> {
    let mut bytes = message;
    for relay in relays.iter().rev() {
        if bytes.len() > usize::from(u16::MAX) {
            return Err(Dropped::TooLong);
        }
        bytes = wrapped(&bytes, relay);
    }
    if bytes.len() > LONGEST_PAYLOAD {
        return Err(Dropped::TooLong);
    }
    Ok(bytes)
}

fn wrapped(bytes: &[u8], relay: &Relay) -> Vec<u8> {
    let mut header = vec![MessageKind::RelayReply.code(), relay.hop_count];
    header.extend(relay.link_address.octets());
    header.extend(relay.peer_address.octets());
    let mut writer = OptionWriter::after(&header);
    if let Some(interface_id) = &relay.interface_id {
        writer.push(OptionCode::INTERFACE_ID, interface_id);
    }
    if let Some(port) = &relay.source_port {
        writer.push(OptionCode::RELAY_PORT, port);
    }
    writer.push(OptionCode::RELAY_MESSAGE, bytes);
    writer.finish()
}
