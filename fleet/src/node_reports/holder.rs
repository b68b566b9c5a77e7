//! Who has an address: whoever holds its lease now; without a lease the machine whose newest boot
//! with an address has it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use machine_core::id::MachineId;
use machine_core::network::ClientKey;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{boots, identities, leases};

/// How many boots are looked through, firmware with many cards opens one for each; and how many of
/// which more was seen than a DISCOVER.
pub(crate) const BOOTS: (u32, u32) = (32, 8);

/// Who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A machine on record.
    Machine(MachineId),
    /// Somebody whose card is no machine's.
    Stranger,
    /// Nobody that the records know of.
    Nobody,
}

/// Who has this address.
pub(crate) async fn holder(db: &Db, address: IpAddr, at: Timestamp) -> Result<Holder, StoreError> {
    for lease in leases::of_address(db, address).await? {
        // A DUID says nothing of a card: what booted at the address says more.
        if at < lease.expires
            && let Some(mac) = lease.client.card()
        {
            let known = identities::candidates(db, &[mac].into(), None).await?;
            return Ok(known
                .first()
                .map_or(Holder::Stranger, |known| Holder::Machine(known.machine)));
        }
    }
    let latest = boots::latest_of_address(db, address).await?;
    let Some(machine) = latest.and_then(|boot| boot.machine) else {
        return Ok(Holder::Nobody);
    };
    let recent = boots::recent_and_seen(db, machine, BOOTS).await?;
    let newest = recent.iter().find_map(|boot| boot.address);
    Ok(if newest == Some(address) {
        Holder::Machine(machine)
    } else {
        Holder::Nobody
    })
}

/// Of these addresses and those that were ever leased to its cards, the ones at which a machine may
/// be. One that is another's by now is left out: who answers there is somebody else.
pub(crate) async fn addresses(
    db: &Db,
    machine: MachineId,
    mut had: BTreeSet<IpAddr>,
    at: Timestamp,
) -> Result<BTreeSet<IpAddr>, StoreError> {
    let known = identities::of_machine(db, machine).await?;
    for card in known.into_iter().flat_map(|known| known.macs) {
        let leased = leases::of_client(db, &ClientKey::Hardware(card)).await?;
        had.extend(leased.into_iter().map(|lease| lease.address));
    }
    let mut own = BTreeSet::new();
    for address in had {
        let is_anothers = match holder(db, address, at).await? {
            Holder::Machine(holder) => holder != machine,
            Holder::Stranger => true,
            Holder::Nobody => false,
        };
        if !is_anothers {
            own.insert(address);
        }
    }
    Ok(own)
}
