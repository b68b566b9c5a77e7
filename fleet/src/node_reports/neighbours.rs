//! Which card is behind an address, as a port; and when it was told last that it is somebody else's.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use pxe_server::neighbour::find_neighbour;

/// How soon it is told again that somebody else speaks for a machine.
const TOLD_AGAIN: Duration = Duration::from_mins(1);

/// Who knows which card is behind an address.
#[async_trait]
pub trait Neighbours: fmt::Debug + Send + Sync {
    /// The card behind `address`; none if it is not known at this moment.
    async fn find(&self, address: IpAddr) -> Option<MacAddress>;
}

/// What the kernel knows of its neighbours.
#[derive(Debug, Clone, Copy, Default)]
pub struct KernelNeighbours;

#[async_trait]
impl Neighbours for KernelNeighbours {
    async fn find(&self, address: IpAddr) -> Option<MacAddress> {
        find_neighbour(address).await
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
