//! Whose message this is: the machine behind an address, the boot that its messages belong to, and
//! the attempt whose config went there.
//!
//! A message of Talos names no machine. The address is a lease's, and whoever holds the lease now
//! is meant, not who held it before; without a lease it is that of the machine whose newest boot
//! with an address has it. A boot that only asked for an address may be anybody's: messages belong
//! to none such.

use std::net::IpAddr;

use machine_core::attempt::Attempt;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::MachineId;
use machine_core::network::ClientKey;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::{attempts, boots, identities, leases};

use crate::error::StepError;
use crate::records::Records;

/// How many boots are looked through, firmware with many cards opens one for each; and how many of
/// which more was seen than a DISCOVER.
const BOOTS: (u32, u32) = (32, 8);

/// A machine as it speaks from one address.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) machine: MachineId,
    peer: IpAddr,
    /// Its recent boots, newest first.
    pub(super) boots: Vec<Boot>,
    /// The newest attempt of it whose config was released.
    released: Option<Attempt>,
}

impl Node {
    /// Who speaks from this address; `None` if it is nobody we know.
    pub(super) async fn at(records: &Records, peer: IpAddr) -> Result<Option<Self>, StepError> {
        let db = &records.db;
        let Some(machine) = machine_at(db, peer, records.now()).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            machine,
            peer,
            boots: boots::recent_and_seen(db, machine, BOOTS).await?,
            released: attempts::newest_released(db, machine).await?,
        }))
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

    /// The attempt whose config went to this address last, open or not.
    pub(super) fn fetched(&self) -> Option<&Attempt> {
        self.released.as_ref().filter(|attempt| {
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

async fn machine_at(db: &Db, peer: IpAddr, at: Timestamp) -> Result<Option<MachineId>, StepError> {
    for lease in leases::of_address(db, peer).await? {
        if at < lease.expires {
            let ClientKey::Hardware(mac) = lease.client;
            let known = identities::candidates(db, &[mac].into(), None).await?;
            return Ok(known.first().map(|known| known.machine));
        }
    }
    let latest = boots::latest_of_address(db, peer).await?;
    let Some(machine) = latest.and_then(|boot| boot.machine) else {
        return Ok(None);
    };
    let recent = boots::recent_and_seen(db, machine, BOOTS).await?;
    let newest = recent.iter().find_map(|boot| boot.address);
    Ok((newest == Some(peer)).then_some(machine))
}
