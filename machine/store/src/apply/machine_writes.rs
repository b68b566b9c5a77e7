//! How a change writes machines: each with its BMC, and only over what was read.

use machine_core::sabotage::Sabotage;

use crate::apply::refusals::{stale, taken};
use crate::change::{MachineWrite, Outcome};
use crate::error::StoreError;
use crate::transaction::Transaction;
use crate::{bmcs, boards, forgotten, machines};

/// Gives up every BMC address first, where several machines change: two may exchange theirs.
pub(super) async fn write_machines(
    transaction: &mut Transaction,
    writes: &[MachineWrite],
) -> Result<Option<Outcome>, StoreError> {
    if writes.len() > 1 {
        for it in writes {
            if let MachineWrite::Update(machine) = it {
                bmcs::give_up(transaction, machine).await?;
            }
        }
    }
    for it in writes {
        if let Some(refused) = write_machine(transaction, it).await? {
            return Ok(Some(refused));
        }
    }
    Ok(None)
}

async fn write_machine(
    transaction: &mut Transaction,
    write: &MachineWrite,
) -> Result<Option<Outcome>, StoreError> {
    if let MachineWrite::Insert(machine) | MachineWrite::Update(machine) = write
        && let Some(bmc) = &machine.bmc
        && bmcs::is_of_another(transaction, machine.id, bmc).await?
    {
        return Ok(Some(taken("BMC address", &bmc.address().to_string())));
    }
    Ok(match write {
        MachineWrite::Insert(machine) => {
            let inserted = machines::insert(transaction, machine).await?;
            (!inserted).then(|| taken("machine name", &machine.name))
        }
        MachineWrite::Update(machine) => {
            let updated = machines::update(transaction, machine).await?;
            (!updated).then(|| stale("machine", &machine.id))
        }
        MachineWrite::Hold { id, version } => {
            let held = machines::hold(transaction, *id, *version).await?
                || Sabotage::VersionUnchecked.is_on();
            (!held).then(|| stale("machine", id))
        }
        MachineWrite::Forget { id, version, at } => {
            let forgotten = forgotten::forget(transaction, *id, *version, *at).await?;
            (!forgotten).then(|| stale("machine", id))
        }
        MachineWrite::ForgetBoard { id, version } => {
            let held = boards::forget_board(transaction, *id, *version).await?;
            (!held).then(|| stale("machine", id))
        }
        MachineWrite::AcceptBmc { id, version, guid } => {
            let held = boards::accept_bmc(transaction, *id, *version, guid).await?;
            (!held).then(|| stale("machine", id))
        }
    })
}
