//! The one read behind a boot decision: who asks, and what stands for that machine.
//!
//! It comes from memory. Where that is in doubt, it is two queries: the machines that share a card or
//! a board with the claim, and then, of the machine that the claim is, its record with its latest
//! intent, that intent's latest attempt and its latest boot.

use machine_core::boot::Boot;
use machine_core::evidence::Claim;
use machine_core::evidence::identification::identify;
use machine_core::id::MachineId;

use crate::db::Db;
use crate::dossier::BootRead;
use crate::error::StoreError;
use crate::identities;
use crate::read_model::{load, machine_of};
use machine_core::dossier::Standing;

/// Reads what a boot decision needs.
pub async fn boot_read(db: &Db, claim: &Claim) -> Result<BootRead, StoreError> {
    if let Some(read) = db.model().read(|held| held.boot_read(claim)) {
        return Ok(read);
    }
    let candidates = identities::candidates_of_claim(db, claim).await?;
    let identity = identify(claim, &candidates);
    let (standing, boot) = match machine_of(&identity) {
        Some(machine) => standing(db, machine).await?.unzip(),
        None => (None, None),
    };
    Ok(BootRead {
        candidates,
        identity,
        standing,
        boot: boot.flatten(),
    })
}

/// What stands for a machine, and its latest boot, in one query.
pub async fn standing(
    db: &Db,
    machine: MachineId,
) -> Result<Option<(Standing, Option<Boot>)>, StoreError> {
    let work = load::work(&mut &*db, machine).await?;
    Ok(work.map(|work| (work.standing, work.boot)))
}
