//! One boot of a machine: the record that its requests and its logs find home to.
//!
//! A network boot opens at a DISCOVER from firmware and adopts the later requests of that machine:
//! the loader file, iPXE's own DHCP, the script, kernel and config. A boot from disk opens when the
//! operating system's kernel log shows a command line without our mark.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use crate::hardware::{Arch, Firmware, MacAddress};
use crate::id::{AttemptId, BootId, MachineId};
use crate::time::Timestamp;

/// Where a boot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootOrigin {
    /// The network: it asked us.
    Network,
    /// Its own disk: the installed system told us.
    Disk,
}

impl BootOrigin {
    /// `network` or `disk`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Disk => "disk",
        }
    }

    /// Every origin there is.
    pub const ALL: [Self; 2] = [Self::Network, Self::Disk];
}

/// How far a boot has come, in the order of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BootStep {
    /// Its firmware asked for an address or a boot file.
    Discover,
    /// It was offered one.
    Offer,
    /// It holds an address.
    Lease,
    /// It fetched a loader file.
    Loader,
    /// iPXE asked for an address.
    Ipxe,
    /// iPXE fetched its script.
    Script,
    /// It fetched the kernel.
    Kernel,
    /// It fetched the initial RAM disk.
    Initrd,
    /// The operating system has started.
    System,
    /// It was given its config.
    Config,
    /// It is installing.
    Installing,
    /// It has installed, and restarts.
    Installed,
    /// It runs from its disk.
    Disk,
    /// Its API has answered with a certificate of its cluster.
    Joined,
}

impl BootStep {
    /// The word for it on a timeline: `discover`, `offer` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Offer => "offer",
            Self::Lease => "lease",
            Self::Loader => "loader",
            Self::Ipxe => "ipxe",
            Self::Script => "script",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::System => "system",
            Self::Config => "config",
            Self::Installing => "installing",
            Self::Installed => "installed",
            Self::Disk => "disk",
            Self::Joined => "joined",
        }
    }

    /// Every step, in order.
    pub const ALL: [Self; 14] = [
        Self::Discover,
        Self::Offer,
        Self::Lease,
        Self::Loader,
        Self::Ipxe,
        Self::Script,
        Self::Kernel,
        Self::Initrd,
        Self::System,
        Self::Config,
        Self::Installing,
        Self::Installed,
        Self::Disk,
        Self::Joined,
    ];
}

impl fmt::Display for BootStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BootStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|step| step.as_str() == text)
            .ok_or_else(|| text.to_owned())
    }
}

/// One boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// Which boot.
    pub id: BootId,
    /// Of which machine; none while it is only a sighting.
    pub machine: Option<MachineId>,
    /// The card that asked.
    pub mac: Option<MacAddress>,
    /// From the network or from disk.
    pub origin: BootOrigin,
    /// What its firmware said it is.
    pub platform: Option<(Arch, Firmware)>,
    /// The address that it holds.
    pub address: Option<IpAddr>,
    /// The attempt that it serves, or whose config it runs on.
    pub attempt: Option<AttemptId>,
    /// When it began.
    pub opened: Timestamp,
    /// How far it has come.
    pub step: BootStep,
    /// When it came that far.
    pub step_at: Timestamp,
    /// Whether it was sent to its local disk.
    pub sent_to_disk: bool,
    /// Whether its system says that it is ready, once it says anything.
    pub ready: Option<bool>,
}

/// What asks for a boot decision over DHCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// The firmware's own network boot.
    Firmware,
    /// iPXE: chained by us, or in the card's own ROM.
    Ipxe,
}

impl Boot {
    /// For how long firmware repeats the DISCOVER of one boot (it gives up after 4 tries, 60 s).
    pub const REPEATS: Duration = Duration::from_mins(1);
    /// For how long a loader that was fetched may take until it asks for an address as iPXE.
    pub const CHAIN: Duration = Duration::from_mins(5);

    /// Whether a DISCOVER at `now` still belongs to this boot; otherwise it begins a new one.
    pub fn adopts(&self, asker: Asker, now: Timestamp) -> bool {
        let idle = now.since(self.step_at);
        match (self.origin, asker) {
            (BootOrigin::Disk, Asker::Firmware | Asker::Ipxe) => false,
            (BootOrigin::Network, Asker::Firmware) => {
                self.step <= BootStep::Lease && now.since(self.opened) < Self::REPEATS
            }
            // One that was sent to its disk asks again only because it missed the answer: a ROM
            // that is iPXE itself, or anybody beside another DHCP server, where the answer is
            // silence.
            (BootOrigin::Network, Asker::Ipxe) => {
                let patience = if self.sent_to_disk {
                    Self::REPEATS
                } else {
                    Self::CHAIN
                };
                self.step <= BootStep::Ipxe && idle < patience
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(step: BootStep) -> Boot {
        Boot {
            id: BootId::from_bytes([1; 16]),
            machine: None,
            mac: None,
            origin: BootOrigin::Network,
            platform: None,
            address: None,
            attempt: None,
            opened: Timestamp::from_millis(0),
            step,
            step_at: Timestamp::from_millis(0),
            sent_to_disk: false,
            ready: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn repeated_discovers_are_one_boot() {
        for step in [BootStep::Discover, BootStep::Offer, BootStep::Lease] {
            assert!(boot(step).adopts(Asker::Firmware, at(28)), "{step}");
            assert!(!boot(step).adopts(Asker::Firmware, at(60)), "{step}");
        }
        assert!(!boot(BootStep::Loader).adopts(Asker::Firmware, at(5)));
    }

    #[test]
    fn ipxe_belongs_to_the_boot_that_loaded_it() {
        assert!(boot(BootStep::Loader).adopts(Asker::Ipxe, at(10)));
        assert!(boot(BootStep::Ipxe).adopts(Asker::Ipxe, at(10)));
        assert!(!boot(BootStep::Loader).adopts(Asker::Ipxe, at(300)));
        assert!(
            !boot(BootStep::Script).adopts(Asker::Ipxe, at(10)),
            "the ROM started again"
        );
        assert!(
            !Boot {
                origin: BootOrigin::Disk,
                ..boot(BootStep::Disk)
            }
            .adopts(Asker::Ipxe, at(1))
        );
    }

    #[test]
    fn a_rom_that_missed_its_way_to_the_disk_repeats_and_starts_no_new_boot() {
        for step in [BootStep::Discover, BootStep::Ipxe] {
            let sent = Boot {
                sent_to_disk: true,
                ..boot(step)
            };
            for asker in [Asker::Firmware, Asker::Ipxe] {
                let repeats = asker == Asker::Ipxe || step == BootStep::Discover;
                assert_eq!(sent.adopts(asker, at(28)), repeats, "{asker:?} at {step}");
                assert!(!sent.adopts(asker, at(60)), "{asker:?} at {step}");
            }
        }
    }

    #[test]
    fn steps_are_in_the_order_of_a_boot_and_come_back() {
        assert!(BootStep::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for step in BootStep::ALL {
            assert_eq!(step.as_str().parse(), Ok(step));
        }
    }
}
