//! One machine of the lab as a value: its parts, and what it can do next.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use config_talos::command_line::BootSource;
use config_talos::event::TalosEvent;
use machine_core::boot::{Asker, BootStep};
use machine_core::disk::DiskIdentity;
use machine_core::hardware::{Firmware, MacAddress, SerialNumber, SystemUuid};
use machine_core::id::{AttemptId, BootId};
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use pxe_server::directory::{Document, ScriptAnswer};

use crate::dhcp_client::{DhcpClient, Granted};
use crate::disk::{Contents, serial};
use crate::situation::Arranged;

/// How a node's BMC behaves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bmc {
    pub(crate) silent: bool,
    pub(crate) lie: Option<PowerState>,
    /// It accepts every command and does nothing.
    pub(crate) ignores: bool,
}

/// What is between a node and us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    /// Whether its link comes up so slowly that it misses the first answer.
    pub(crate) misses_first: bool,
}

/// One machine of the lab.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a trait of a machine that any other may go with"
)]
pub(crate) struct Node {
    /// The card that it boots from at the moment.
    pub(crate) mac: MacAddress,
    /// All its cards, in the order in which its firmware tries them.
    pub(crate) cards: Vec<MacAddress>,
    /// Their addresses, as they were leased: none at first.
    pub(crate) addresses: Vec<IpAddr>,
    /// The card over which it was last sent on to the network: its system speaks from there.
    pub(crate) speaks: MacAddress,
    /// What the ROM of its cards is.
    pub(crate) rom: Asker,
    pub(crate) firmware: Firmware,
    pub(crate) wire: Wire,
    pub(crate) uuid: SystemUuid,
    pub(crate) serial: SerialNumber,
    pub(crate) address: IpAddr,
    pub(crate) manufacturer: String,
    pub(crate) disk: DiskIdentity,
    pub(crate) contents: Contents,
    /// Whether a person writes it down before it was ever seen.
    pub(crate) is_registered: bool,
    /// What a person has written it down as, after it was found.
    pub(crate) written_as: Option<String>,
    /// What Drover calls it that a person has yet to rename in his document.
    pub(crate) found_as: Option<String>,
    /// Whether he knows its board's UUID.
    pub(crate) knows_board: bool,
    pub(crate) network_first: bool,
    /// Whether firmware stops when nothing can be booted, instead of trying again.
    pub(crate) halts: bool,
    pub(crate) self_test: Duration,
    pub(crate) install: Duration,
    pub(crate) bmc: Option<Bmc>,
    pub(crate) override_network: bool,
    pub(crate) power: PowerState,
    pub(crate) generation: u64,
    pub(crate) boot: Option<BootId>,
    /// What it loaded over the network.
    pub(crate) loaded: Option<Loaded>,
    /// Since when its system runs from the network with a config: one that was fetched, or one that
    /// was on its disk.
    pub(crate) installs: Option<(AttemptId, Timestamp)>,
    /// The config that its system runs from disk on, and since when.
    pub(crate) runs: Option<(AttemptId, Timestamp)>,
    /// Whether a system of ours has ever run from its disk.
    pub(crate) has_run: bool,
    /// What it waits for, by number.
    pub(crate) asked: Option<(u64, Question)>,
    /// Messages that nobody has acknowledged yet.
    pub(crate) unheard: BTreeSet<u64>,
    /// What is arranged of it.
    pub(crate) arranged: Arranged,
}

/// What a node does next.
#[derive(Debug, Clone)]
pub(crate) enum NodeStep {
    Posted,
    Discover(u32),
    Loaded,
    Ipxe(u32),
    Script(u32),
    System,
    Fetch(u32),
    Written(AttemptId),
    Wiped,
    Started(AttemptId),
    /// A system that is on no record starts from its disk.
    StartedOlder,
    /// A system that was on the disk before says every minute on whose config it runs.
    Mutter(AttemptId),
    /// What its services and its status say every minute.
    Beat,
    /// A message goes out, for the how-many-eth time.
    Tell(u64, Message, u32),
    /// What it asked for came.
    Answer(u64, Reply),
    /// What it asked for did not come in time.
    Expired(u64),
}

/// What a node asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Dhcp(Asker, u32),
    Script(u32),
    Config(u32),
}

/// What it is answered; nothing where it is to ask again.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Dhcp(Option<Granted>),
    Script(Option<ScriptAnswer>),
    Config(Option<Document>),
}

/// What a node tells.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// The kernel's command line.
    Kernel(BootSource, String),
    /// A line of a service, which runs on the config of this attempt.
    Service(AttemptId),
    /// An event.
    Event(TalosEvent),
}

/// What a node wants of Drover.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    /// It asks, under a number.
    Ask(usize, u64, Question),
    /// Its boot has come so far.
    Step(usize, BootStep),
    /// It tells, under a number.
    Report(usize, u64, Message),
}

/// Where the system that was loaded finds its config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) wipes: bool,
}

impl Node {
    /// Whether no system runs on it that has a config.
    pub(crate) const fn is_idle(&self) -> bool {
        self.runs.is_none() && self.installs.is_none()
    }

    /// Whether its API answers as a member's.
    pub(crate) fn is_up(&self, attempt: AttemptId, now: Timestamp) -> bool {
        const SERVICES: Duration = Duration::from_secs(20);
        self.runs
            .is_some_and(|(it, since)| it == attempt && now.since(since) >= SERVICES)
    }

    /// The client that it is when it asks for an address. ROMs and iPXE make their transactions from
    /// the last bytes of their card's address; each start has others here.
    pub(crate) fn dhcp_client(&self, asker: Asker) -> DhcpClient {
        let [.., a, b, c, d] = self.mac.octets();
        let start = u32::try_from(self.generation).unwrap_or(u32::MAX);
        DhcpClient {
            mac: self.mac,
            uuid: self.uuid,
            firmware: self.firmware,
            asker,
            xid: u32::from_be_bytes([a, b, c, d]) ^ start.rotate_left(16),
        }
    }

    /// Its card is given an address.
    pub(crate) fn take_address(&mut self, address: IpAddr) {
        let cards = self.cards.iter().zip(&mut self.addresses);
        for (_, own) in cards.filter(|(card, _)| **card == self.mac) {
            *own = address;
        }
        self.address = address;
    }

    /// The address of the nth node's BMC.
    pub(crate) fn nth_bmc(index: usize) -> IpAddr {
        let host = u32::try_from(index).unwrap_or(u32::MAX);
        IpAddr::V4(Ipv4Addr::from_bits(0x0a4e_0000 + 10 + host))
    }

    /// The serial number of its disk.
    pub(crate) fn disk_serial(&self) -> String {
        serial(&self.disk)
    }
}
