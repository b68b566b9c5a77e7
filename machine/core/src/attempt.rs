//! One try at an install.
//!
//! An attempt is opened by the reconciler before anything is done for it, and counted. Its config
//! goes to one peer, by the rule in [`crate::release`]; that peer may fetch the same bytes again
//! until the machine runs from disk, at most [`Attempt::MAX_FETCHES`] times within
//! [`Attempt::RELEASE_WINDOW`].

use std::net::IpAddr;
use std::time::Duration;

use crate::id::{AttemptId, BootId, IntentId, MachineId};
use crate::intent::Assignment;
use crate::time::Timestamp;

/// Why an attempt was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptEnd {
    /// The machine runs from its disk on this attempt's config.
    Installed,
    /// The install stopped in the middle: power was cut, or the machine came back unfinished.
    Interrupted,
    /// Its deadline passed.
    TimedOut,
    /// Its intent was taken back.
    Cancelled,
    /// The installer ended with an error.
    InstallerFailed,
    /// The node refused its config.
    Refused,
    /// Drover gave its machine up: the failure says why.
    GivenUp,
}

impl AttemptEnd {
    /// `installed`, `interrupted`, `timed out`, `cancelled`, `installer failed`, `config refused`,
    /// `given up`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::InstallerFailed => "installer failed",
            Self::Refused => "config refused",
            Self::GivenUp => "given up",
        }
    }

    /// Every end there is.
    pub const ALL: [Self; 7] = [
        Self::Installed,
        Self::Interrupted,
        Self::TimedOut,
        Self::Cancelled,
        Self::InstallerFailed,
        Self::Refused,
        Self::GivenUp,
    ];
}

/// That a config went out: which bytes, when, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Release {
    /// When it was first released.
    pub at: Timestamp,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    /// To whom, and how.
    pub delivery: Delivery,
}

/// How a config reaches its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The machine asks for it.
    Fetched {
        /// The one address that it goes to.
        peer: IpAddr,
        /// How often it was fetched.
        fetches: u32,
    },
    /// It is given to the API of a system that waits for one.
    Pushed {
        /// The address of that API.
        address: IpAddr,
        /// SHA-256 of the certificate that the API showed.
        fingerprint: [u8; 32],
    },
}

impl Release {
    /// A config that is fetched for the first time.
    pub const fn fetched(at: Timestamp, peer: IpAddr, digest: [u8; 32]) -> Self {
        Self {
            at,
            digest,
            delivery: Delivery::Fetched { peer, fetches: 1 },
        }
    }

    /// The one address that it goes to.
    pub const fn peer(&self) -> IpAddr {
        match self.delivery {
            Delivery::Fetched { peer, .. } => peer,
            Delivery::Pushed { address, .. } => address,
        }
    }

    /// How often it was fetched.
    pub const fn fetches(&self) -> u32 {
        match self.delivery {
            Delivery::Fetched { fetches, .. } => fetches,
            Delivery::Pushed { .. } => 0,
        }
    }
}

/// What was said that ends an attempt: by its node, or by a person who took it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// When.
    pub at: Timestamp,
    /// How it ends.
    pub end: AttemptEnd,
    /// In the node's words; or who took it back, and why.
    pub why: String,
}

/// That the older install on the attempt's disk is wiped, before the config can be fetched: Talos
/// that finds its STATE partition on a disk never asks for another config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wipe {
    /// When that was decided.
    pub at: Timestamp,
    /// The one boot that is told to wipe. Talos restarts after it; a second boot that wipes would
    /// erase what the first one made room for.
    pub boot: Option<BootId>,
}

/// One try at an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which attempt.
    pub id: AttemptId,
    /// Of which machine.
    pub machine: MachineId,
    /// For which intent.
    pub intent: IntentId,
    /// Counts the attempts of the machine, from 1, under whatever intent: none has two.
    pub number: u32,
    /// What the machine is told to become: a copy, so that the config can't change under it.
    pub assignment: Assignment,
    /// When it was opened.
    pub opened: Timestamp,
    /// Until when it must have succeeded.
    pub deadline: Timestamp,
    /// The boot that serves it.
    pub boot: Option<BootId>,
    /// The boot that a person accepted for it, whatever else speaks for the machine.
    pub accepted_boot: Option<BootId>,
    /// How often its machine's power was switched for it: counted before the act.
    pub power_actions: u32,
    /// When it was last switched.
    pub power_at: Option<Timestamp>,
    /// That its config was released.
    pub release: Option<Release>,
    /// When and why it was closed.
    pub closed: Option<(Timestamp, AttemptEnd)>,
    /// SHA-256 of what its config was made of, without what differs between two attempts. Two with
    /// the same one get the same config.
    pub basis: Option<[u8; 32]>,
    /// That the older install on its disk is wiped first.
    pub wipe: Option<Wipe>,
    /// What was said that ends it.
    pub verdict: Option<Verdict>,
}

impl Attempt {
    /// How often one peer may fetch one config.
    pub const MAX_FETCHES: u32 = 5;
    /// For how long after the first fetch.
    pub const RELEASE_WINDOW: Duration = Duration::from_mins(30);
    /// How long one attempt may take until its config is released, and again from there: an image
    /// is written in minutes, and then firmware tests itself for up to a quarter of an hour.
    pub const LIFETIME: Duration = Duration::from_mins(45);
    /// How much longer one may take that wipes an older install first: firmware tests itself for up
    /// to a quarter of an hour before the boot that wipes and after it.
    pub const WIPE_TAKES: Duration = Duration::from_mins(30);

    /// When it has taken too long. Whoever got a config late, because firmware is slow or was
    /// started twice, has as long for the install as anybody: a time that ran out between the
    /// install and the boot from disk would begin it all again, with one wipe more.
    pub fn ends_by(&self) -> Timestamp {
        let end = match self.wipe {
            Some(_) => self.deadline.plus(Self::WIPE_TAKES),
            None => self.deadline,
        };
        match &self.release {
            Some(release) => end.max(release.at.plus(Self::LIFETIME)),
            None => end,
        }
    }

    /// Whether it still may lead to an install.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether `boot` is told to wipe the older install: it was chosen for that, or is the first
    /// that asks after that was decided.
    pub fn wipes_in(&self, boot: BootId) -> bool {
        self.release.is_none()
            && self
                .wipe
                .is_some_and(|wipe| wipe.boot.is_none_or(|chosen| chosen == boot))
    }

    /// Whether a person accepted this boot for it.
    pub fn has_accepted(&self, boot: BootId) -> bool {
        self.accepted_boot == Some(boot)
    }
}
