//! Whose message this is: the machine behind an address, the boot that its messages belong to, and
//! the attempt whose config went there.
//!
//! A message of Talos names no machine. The address says whose it is, not who had it before; one
//! that nobody has is the machine's whose card is behind it. A boot that only asked for an address
//! may be anybody's: messages belong to none such.

use std::net::IpAddr;

use machine_core::attempt::Attempt;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::MachineId;
use machine_store::{attempts, boots};

use crate::error::StepError;
use crate::node_reports::holder::BOOTS;
use crate::site::Site;

/// A machine as it speaks from one address.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) machine: MachineId,
    peer: IpAddr,
    /// Whether the records say that it has this address; else its card alone does.
    is_on_record: bool,
    /// Its recent boots, newest first.
    pub(super) boots: Vec<Boot>,
    /// The newest attempt of it whose config was released.
    released: Option<Attempt>,
}

impl Node {
    /// This machine, as it speaks from this address; and whether the records say that it has it.
    pub(super) async fn of(
        site: &Site,
        machine: MachineId,
        (peer, is_on_record): (IpAddr, bool),
    ) -> Result<Self, StepError> {
        let db = &site.db;
        Ok(Self {
            machine,
            peer,
            is_on_record,
            boots: boots::recent_and_seen(db, machine, BOOTS).await?,
            released: attempts::newest_released(db, machine).await?,
        })
    }

    /// The boot that its messages belong to. Beside an install nobody else of the same address is
    /// believed, unless its system tells that it runs from its disk.
    pub(super) fn boot(&self) -> Option<&Boot> {
        let own = |boot: &&Boot| boot.address == Some(self.peer) && is_seen(boot);
        let newest = self.boots.iter().find(own)?;
        let serving = self.installing().and_then(|attempt| attempt.boot);
        match (newest.origin, serving) {
            (BootOrigin::Network, Some(id)) => self.boots.iter().find(|boot| boot.id == id),
            _ => Some(newest),
        }
    }

    /// The newest boot from disk, at whatever address.
    pub(super) fn newest_disk_boot(&self) -> Option<&Boot> {
        let mut boots = self.boots.iter();
        boots.find(|boot| boot.origin == BootOrigin::Disk)
    }

    /// The newest boot from disk at this address.
    pub(super) fn disk_boot(&self) -> Option<&Boot> {
        self.boots
            .iter()
            .find(|boot| boot.origin == BootOrigin::Disk && boot.address == Some(self.peer))
    }

    /// The attempt whose config went to this address, while it is open.
    pub(super) fn installing(&self) -> Option<&Attempt> {
        self.fetched().filter(|attempt| attempt.is_open())
    }

    /// The attempt whose config went to this address last, open or not. A machine that has moved has
    /// left its address.
    pub(super) fn fetched(&self) -> Option<&Attempt> {
        let released = self.released.as_ref().filter(|_| self.is_on_record);
        released.filter(|attempt| {
            attempt
                .release
                .is_some_and(|release| release.peer() == self.peer)
        })
    }
}

/// Whether more was seen of a boot than that somebody asked for an address.
fn is_seen(boot: &Boot) -> bool {
    boot.origin == BootOrigin::Disk || boot.step >= BootStep::Script
}
