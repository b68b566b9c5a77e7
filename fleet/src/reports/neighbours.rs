//! Which card is behind an address, and when it was told last that it is somebody else's.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use pxe_server::neighbour::find_neighbour;

/// How soon it is told again that somebody else speaks for a machine.
const TOLD_AGAIN: Duration = Duration::from_mins(1);

/// Who knows which card is behind an address.
#[derive(Debug, Clone, Copy)]
pub enum Neighbours {
    /// The kernel.
    Kernel,
    /// A test: this card is behind all of them.
    #[cfg(test)]
    Always(MacAddress),
}

impl Neighbours {
    pub(crate) async fn find(self, address: IpAddr) -> Option<MacAddress> {
        match self {
            Self::Kernel => find_neighbour(address).await,
            #[cfg(test)]
            Self::Always(card) => Some(card),
        }
    }
}

/// When it was told last that somebody else speaks for a machine.
#[derive(Debug, Default)]
pub(crate) struct Impostors(Mutex<BTreeMap<MachineId, Timestamp>>);

impl Impostors {
    pub(crate) fn is_due(&self, machine: MachineId, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told
            .get(&machine)
            .is_none_or(|at| now.since(*at) >= TOLD_AGAIN);
        if is_due {
            told.insert(machine, now);
        }
        is_due
    }
}
