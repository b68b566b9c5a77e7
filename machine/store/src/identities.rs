//! Who is known: the machines that share a card or a board with a claim. A UUID that a person found
//! on more than one board counts for nobody, and a machine that was forgotten is nobody.

use std::collections::BTreeSet;

use machine_core::evidence::{Claim, EvidenceKind, Identity, KnownIdentity, identify};
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::MachineId;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Statement, placeholders};
use crate::transaction::Transaction;

/// Every machine that has one of these cards, or this UUID if it can identify anything, with all
/// that is known of its identity; the longest known first.
pub async fn candidates(
    db: &Db,
    macs: &BTreeSet<MacAddress>,
    uuid: Option<SystemUuid>,
) -> Result<Vec<KnownIdentity>, StoreError> {
    if macs.is_empty() && uuid.is_none() {
        return Ok(Vec::new());
    }
    gather(&db.all(candidates_statement(macs, uuid)).await?)
}

/// The same for a claim: its card, the others that it named, and its UUID.
pub async fn candidates_of_claim(db: &Db, claim: &Claim) -> Result<Vec<KnownIdentity>, StoreError> {
    candidates(db, &cards(claim), claim.uuid).await
}

/// What is known of the identity of one machine.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Option<KnownIdentity>, StoreError> {
    let sql = format!("{SELECT} WHERE machine.forgotten IS NULL AND machine.id = $1 {ORDER}");
    let rows = db.all(Statement::new(sql).bind(&machine)).await?;
    Ok(gather(&rows)?.pop())
}

/// Whether a machine is what it claims to be, judged by all that it has shown of itself.
pub async fn judge(db: &Db, machine: MachineId) -> Result<Identity, StoreError> {
    let Some(known) = of_machine(db, machine).await? else {
        return Ok(Identity::Unknown);
    };
    let mut macs = known.macs.iter().copied();
    let Some(mac) = macs.next() else {
        return Ok(Identity::Unknown);
    };
    let claim = Claim {
        mac,
        others: macs.collect(),
        uuid: known.uuid,
        serial: known.serial.clone(),
        complete: true,
    };
    Ok(identify(&claim, &candidates_of_claim(db, &claim).await?))
}

/// What is known of the identity of every machine; the longest known first.
pub async fn list(db: &Db) -> Result<Vec<KnownIdentity>, StoreError> {
    gather(
        &db.all(Statement::new(format!(
            "{SELECT} WHERE machine.forgotten IS NULL {ORDER}"
        )))
        .await?,
    )
}

/// The candidates of a claim as a transaction sees them.
pub(crate) async fn candidates_within(
    transaction: &mut Transaction,
    macs: &BTreeSet<MacAddress>,
    uuid: Option<SystemUuid>,
) -> Result<Vec<KnownIdentity>, StoreError> {
    if macs.is_empty() && uuid.is_none() {
        return Ok(Vec::new());
    }
    gather(&transaction.all(candidates_statement(macs, uuid)).await?)
}

fn cards(claim: &Claim) -> BTreeSet<MacAddress> {
    claim.others.iter().copied().chain([claim.mac]).collect()
}

/// What identifies a machine. Evidence that comes late for a forgotten one identifies nobody.
const SELECT: &str = "SELECT machine.id, machine.name, machine.known_since, \
     evidence.kind, evidence.value \
     FROM machine LEFT JOIN evidence ON evidence.machine = machine.id \
     AND NOT (evidence.kind = 'uuid' \
     AND EXISTS (SELECT 1 FROM ignored_uuid WHERE ignored_uuid.value = evidence.value))";
const ORDER: &str = "ORDER BY machine.known_since, machine.id, evidence.last_seen, evidence.value";

fn candidates_statement(macs: &BTreeSet<MacAddress>, uuid: Option<SystemUuid>) -> Statement {
    let mut shared = Vec::new();
    if !macs.is_empty() {
        let list = placeholders(1, macs.len());
        shared.push(format!("kind = 'mac' AND value IN {list}"));
    }
    let uuid = uuid.filter(SystemUuid::is_usable);
    if uuid.is_some() {
        shared.push(format!("kind = 'uuid' AND value = ${}", macs.len() + 1));
    }
    if shared.is_empty() {
        shared.push("1 = 0".to_owned());
    }
    let shared = shared.join(") OR (");
    let sql = format!(
        "{SELECT} WHERE machine.forgotten IS NULL \
         AND machine.id IN (SELECT machine FROM evidence WHERE ({shared})) {ORDER}"
    );
    let cards = macs.iter().map(ToString::to_string);
    let board = uuid.map(|uuid| uuid.to_string());
    Statement::with(sql, cards.chain(board).map(Into::into).collect())
}

/// One identity for the rows of each machine. Of several UUIDs or serial numbers the one that was
/// seen last is its own: a board may be swapped, and a person may say so.
fn gather(rows: &[Row]) -> Result<Vec<KnownIdentity>, StoreError> {
    let mut known: Vec<KnownIdentity> = Vec::new();
    for row in rows {
        let machine = Fields::new(row, "machine", "id");
        let id = machine.parsed("id")?;
        if known.last().is_none_or(|last| last.machine != id) {
            known.push(KnownIdentity {
                machine: id,
                name: machine.text("name")?,
                since: machine.time("known_since")?,
                macs: BTreeSet::new(),
                uuid: None,
                serial: None,
            });
        }
        if let Some(last) = known.last_mut() {
            add(last, Fields::new(row, "evidence", "id"))?;
        }
    }
    Ok(known)
}

fn add(known: &mut KnownIdentity, fields: Fields<'_>) -> Result<(), StoreError> {
    let find = |text: &str| EvidenceKind::ALL.into_iter().find(|it| it.as_str() == text);
    match fields.optional_named("kind", find)? {
        None => {}
        Some(EvidenceKind::Mac) => {
            known.macs.insert(fields.parsed("value")?);
        }
        Some(EvidenceKind::SystemUuid) => known.uuid = Some(fields.parsed("value")?),
        Some(EvidenceKind::SystemSerial) => known.serial = Some(fields.parsed("value")?),
    }
    Ok(())
}
