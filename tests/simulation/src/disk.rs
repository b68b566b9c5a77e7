//! The disks of the lab: their serial numbers, and what is on them.

use machine_core::disk::DiskIdentity;
use machine_core::id::AttemptId;

/// The disk that is installed on.
pub(crate) const DISK: &str = "D1";

/// What is on a node's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    Empty,
    /// A system that is no Talos, and says nothing to us. An installer writes over it, and a wipe
    /// leaves it alone.
    Foreign,
    /// A Talos of another cluster: it says nothing to us.
    ForeignTalos,
    /// A Talos that a Drover installed whose records are lost: it tells of an attempt that nobody
    /// has heard of.
    Unrecorded(AttemptId),
    /// An install that was cut off. Some firmware starts it, and hangs.
    Half,
    Installed(AttemptId),
}

impl Contents {
    /// Whether Talos, started from the network, finds a config there (in a STATE partition). Then it
    /// runs on that, and asks for none.
    pub(crate) const fn has_state(self) -> bool {
        match self {
            Self::ForeignTalos | Self::Unrecorded(_) | Self::Installed(_) => true,
            Self::Empty | Self::Foreign | Self::Half => false,
        }
    }

    /// The attempt that its system tells of.
    pub(crate) const fn tag(self) -> Option<AttemptId> {
        match self {
            Self::Unrecorded(attempt) | Self::Installed(attempt) => Some(attempt),
            Self::Empty | Self::Foreign | Self::ForeignTalos | Self::Half => None,
        }
    }

    /// Whether it was there before Drover did anything, or has nothing to do with it.
    pub(crate) const fn is_of_another(self) -> bool {
        match self {
            Self::Foreign | Self::ForeignTalos | Self::Unrecorded(_) => true,
            Self::Empty | Self::Half | Self::Installed(_) => false,
        }
    }

    /// What `talos.experimental.wipe=system` leaves of it.
    pub(crate) const fn after_wipe(self) -> Self {
        match self {
            Self::Foreign => Self::Foreign,
            _ => Self::Empty,
        }
    }
}

/// The disk with this serial number.
#[expect(
    clippy::expect_used,
    reason = "the simulation's own serial numbers are well-formed"
)]
pub(crate) fn disk(name: &str) -> DiskIdentity {
    DiskIdentity::from_serial(name).expect("a disk's serial number")
}

/// The serial number of a disk.
pub(crate) fn serial(disk: &DiskIdentity) -> String {
    match disk {
        DiskIdentity::Serial(serial) => serial.as_str().to_owned(),
        other => other.to_string(),
    }
}
