//! One machine of the lab as a value: its parts, and what it can do next.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use machine_core::boot::Asker;
use machine_core::disk::DiskIdentity;
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use machine_core::id::{AttemptId, BootId};
use machine_core::power::{PowerObservation, PowerState};
use machine_core::time::Timestamp;

/// What is on a node's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    Empty,
    /// A system that is not ours, and says nothing to us.
    Foreign,
    /// An install that was cut off. Some firmware starts it, and hangs.
    Half,
    Installed(AttemptId),
}

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
    /// Whether another DHCP server gives the addresses: the way to the local disk is silence.
    pub(crate) beside_another_server: bool,
    /// Whether its link comes up so slowly that it misses the first answer.
    pub(crate) misses_first: bool,
}

/// One machine of the lab.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The card that it boots from at the moment.
    pub(crate) mac: MacAddress,
    /// All its cards, in the order in which its firmware tries them.
    pub(crate) cards: Vec<MacAddress>,
    /// What the ROM of its cards is.
    pub(crate) rom: Asker,
    pub(crate) wire: Wire,
    pub(crate) uuid: SystemUuid,
    pub(crate) serial: SerialNumber,
    pub(crate) address: IpAddr,
    pub(crate) manufacturer: String,
    pub(crate) disk: DiskIdentity,
    pub(crate) contents: Contents,
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
    /// The config that its system runs from disk on, and since when.
    pub(crate) runs: Option<(AttemptId, Timestamp)>,
}

/// What a node does next.
#[derive(Debug, Clone)]
pub(crate) enum NodeStep {
    Posted,
    Discover(u32),
    Loaded,
    Ipxe(u32),
    Script(u32),
    System(AttemptId),
    Fetch(AttemptId, u32),
    Config(AttemptId, DiskIdentity),
    Written(AttemptId),
    Started(AttemptId),
    Report(AttemptId),
}

impl Node {
    /// Turns to the first card.
    pub(crate) fn first_card(&mut self) {
        self.mac = self.cards.first().copied().unwrap_or(self.mac);
    }

    /// Turns to the next card, if there is one.
    pub(crate) fn next_card(&mut self) -> bool {
        let mut rest = self.cards.iter().skip_while(|card| **card != self.mac);
        let next = rest.nth(1).copied();
        self.mac = next.unwrap_or(self.mac);
        next.is_some()
    }

    /// Whether its API answers as a member's.
    pub(crate) fn is_up(&self, attempt: AttemptId, now: Timestamp) -> bool {
        const SERVICES: Duration = Duration::from_secs(20);
        self.runs
            .is_some_and(|(it, since)| it == attempt && now.since(since) >= SERVICES)
    }

    pub(crate) fn observed(&self) -> PowerObservation {
        match self.bmc {
            None => PowerObservation::NoBmc,
            Some(Bmc { silent: true, .. }) => PowerObservation::Unreachable("silence".to_owned()),
            Some(bmc) => PowerObservation::Is(bmc.lie.unwrap_or(self.power)),
        }
    }

    /// The nth node's address; two nodes never have the same.
    pub(crate) fn nth_address(index: usize) -> IpAddr {
        let host = u32::try_from(index).unwrap_or(u32::MAX);
        IpAddr::V4(Ipv4Addr::from_bits(0x0a4d_0000 + 10 + host))
    }
}
