//! The one read behind a boot decision: who asks, and what stands for that machine.
//!
//! Two queries: the machines that share a card or a board with the claim, and then, of the machine
//! that the claim is, its record with its latest intent, that intent's latest attempt and its
//! latest boot. Of somebody unknown, the second is the latest boot of the card.

use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::evidence::{Claim, Identity, KnownIdentity, identify};
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::machine::Machine;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row, prefixed};
use crate::statement::Statement;
use crate::{attempts, boots, identities, intents, machines};

/// What is known when somebody asks to be booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootRead {
    /// Every machine that shares a card or a board with the claim.
    pub candidates: Vec<KnownIdentity>,
    /// Who it is.
    pub identity: Identity,
    /// What stands for the machine that it is, or that it has a record as.
    pub standing: Option<Standing>,
    /// The latest boot of that machine; of somebody unknown, the latest of its card that belongs
    /// to no machine.
    pub boot: Option<Boot>,
}

/// A machine and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its record.
    pub machine: Machine,
    /// Its latest intent, open or closed.
    pub intent: Option<Intent>,
    /// The latest attempt of that intent.
    pub attempt: Option<Attempt>,
}

/// Reads what a boot decision needs.
pub async fn boot_read(db: &Db, claim: &Claim) -> Result<BootRead, StoreError> {
    let candidates = identities::candidates_of_claim(db, claim).await?;
    let identity = identify(claim, &candidates);
    let machine = match identity {
        Identity::Known(machine) => Some(machine),
        Identity::Conflict { claimant, .. } => claimant,
        Identity::Unknown | Identity::Candidate(_) => None,
    };
    let (standing, boot) = match machine {
        Some(machine) => standing(db, machine).await?.unzip(),
        None => (None, Some(boots::latest_sighting(db, claim.mac).await?)),
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
    let statement = Statement::new(joined()).bind(&machine);
    let row = db.optional(statement).await?;
    row.as_ref().map(read).transpose()
}

fn joined() -> String {
    let columns = [
        prefixed("m", &machines::COLUMNS),
        prefixed("i", &intents::COLUMNS),
        prefixed("a", &attempts::COLUMNS),
        prefixed("b", &boots::COLUMNS),
    ];
    format!("SELECT {} {JOIN}", columns.join(", "))
}

const JOIN: &str = "FROM machine_record m \
     LEFT JOIN intent i ON i.id = (SELECT latest.id FROM intent latest \
     WHERE latest.machine = m.id ORDER BY latest.opened DESC, latest.id DESC LIMIT 1) \
     LEFT JOIN attempt a ON a.id = (SELECT latest.id FROM attempt latest \
     WHERE latest.intent = i.id ORDER BY latest.number DESC LIMIT 1) \
     LEFT JOIN boot b ON b.id = (SELECT latest.id FROM boot latest \
     WHERE latest.machine = m.id ORDER BY latest.opened DESC, latest.id DESC LIMIT 1) \
     WHERE m.id = $1 AND m.forgotten IS NULL";

fn read(row: &Row) -> Result<(Standing, Option<Boot>), StoreError> {
    let fields = |table, prefix| Fields::new(row, table, "id").under(prefix);
    let standing = Standing {
        machine: machines::read_fields(fields("machine", "m_"))?,
        intent: if_there(fields("intent", "i_"), intents::read_fields)?,
        attempt: if_there(fields("attempt", "a_"), attempts::read_fields)?,
    };
    let boot = if_there(fields("boot", "b_"), boots::read_fields)?;
    Ok((standing, boot))
}

fn if_there<'r, T>(
    fields: Fields<'r>,
    read: impl FnOnce(Fields<'r>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match fields.optional_text("id")? {
        Some(_) => read(fields).map(Some),
        None => Ok(None),
    }
}
