//! Who is known: the machines that share a card or a board with a claim. A card that was only listed
//! makes nobody known. A UUID that a person found on more than one board counts for nobody, and a
//! machine that was forgotten is nobody.

use std::collections::BTreeSet;

use machine_core::evidence::identification::identify;
use machine_core::evidence::{Claim, EvidenceKind, EvidenceSource, Heard, Identity, KnownIdentity};
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::MachineId;

use crate::db::Db;
use crate::error::StoreError;
use crate::evidence::{Fact, named_source};
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
    if let Some(known) = db.model().read(|held| held.candidates(macs, uuid)) {
        return Ok(known);
    }
    gather(&db.all(candidates_statement(macs, uuid)).await?)
}

/// The same for a claim: its card and its UUID. The other cards that it lists prove nothing.
pub async fn candidates_of_claim(db: &Db, claim: &Claim) -> Result<Vec<KnownIdentity>, StoreError> {
    candidates(db, &BTreeSet::from([claim.mac]), claim.uuid).await
}

/// What is known of the identity of one machine.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Option<KnownIdentity>, StoreError> {
    let held = db.model().read(|held| {
        let held = held.machine(machine);
        held.map(|it| it.dossier.recognised.identity.clone())
    });
    if let Some(known) = held {
        return Ok(known);
    }
    let rows = db.all(of_machine_statement(machine)).await?;
    Ok(gather(&rows)?.pop())
}

pub(crate) fn of_machine_statement(machine: MachineId) -> Statement {
    let sql = format!("{SELECT} WHERE machine.forgotten IS NULL AND machine.id = $1 {ORDER}");
    Statement::new(sql).bind(&machine)
}

/// Whether a machine is what it claims to be, judged by all that it was told to have.
pub async fn judge(db: &Db, machine: MachineId) -> Result<Identity, StoreError> {
    let Some(known) = of_machine(db, machine).await? else {
        return Ok(Identity::Unknown);
    };
    let Some(mac) = known.macs.first().copied() else {
        return Ok(Identity::Unknown);
    };
    let claim = Claim {
        mac,
        others: BTreeSet::new(),
        uuid: known.uuid,
        serial: known.serial.clone(),
        complete: true,
    };
    let candidates = candidates(db, &known.macs, claim.uuid).await?;
    Ok(identify(&claim, &candidates))
}

/// What is known of the identity of every machine; the longest known first. What can't be read of one
/// is left out: it could be no card that anybody names.
pub async fn list(db: &Db) -> Result<Vec<KnownIdentity>, StoreError> {
    let rows = db.all(list_statement()).await?;
    let piece = |row: &Row| {
        let evidence = db.readable(std::slice::from_ref(row), read_evidence)?;
        Ok(Piece {
            machine: read_machine(row)?,
            evidence: evidence.into_iter().flatten().next(),
            is_ignored: read_ignored(row)?,
        })
    };
    Ok(joined(db.readable(&rows, piece)?))
}

pub(crate) fn list_statement() -> Statement {
    Statement::new(format!("{SELECT} WHERE machine.forgotten IS NULL {ORDER}"))
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

/// What identifies a machine. Evidence that comes late for a forgotten one identifies nobody.
const SELECT: &str = "SELECT machine.id, machine.name, machine.known_since, \
     evidence.kind, evidence.value, evidence.source, ignored_uuid.value AS ignored \
     FROM machine LEFT JOIN evidence ON evidence.machine = machine.id \
     LEFT JOIN ignored_uuid ON evidence.kind = 'uuid' AND ignored_uuid.value = evidence.value";
const ORDER: &str = "ORDER BY machine.known_since, machine.id, evidence.last_seen, evidence.value";

fn candidates_statement(macs: &BTreeSet<MacAddress>, uuid: Option<SystemUuid>) -> Statement {
    let mut shared = Vec::new();
    if !macs.is_empty() {
        let list = placeholders(1, macs.len());
        shared.push(format!(
            "kind = 'mac' AND source <> 'listed' AND value IN {list}"
        ));
    }
    let uuid = uuid.filter(SystemUuid::is_usable);
    if uuid.is_some() {
        let list = placeholders(macs.len() + 1, 2);
        shared.push(format!("kind = 'uuid' AND value IN {list}"));
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
    let boards = uuid.into_iter().flat_map(|it| [it, it.swapped()]);
    let boards = boards.map(|uuid| uuid.to_string());
    Statement::with(sql, cards.chain(boards).map(Into::into).collect())
}

/// What one row says: of which machine, and what is known of it.
struct Piece {
    machine: KnownIdentity,
    evidence: Option<(EvidenceSource, Fact)>,
    /// Whether it is a UUID that a person found on more than one board.
    is_ignored: bool,
}

pub(crate) fn gather(rows: &[Row]) -> Result<Vec<KnownIdentity>, StoreError> {
    let pieces: Result<Vec<Piece>, StoreError> = rows.iter().map(read).collect();
    pieces.map(joined)
}

/// One identity for the rows of each machine. Of several UUIDs or serial numbers that were told, the
/// one that was seen last is its own: a board may be swapped, and a person may say so.
fn joined(pieces: Vec<Piece>) -> Vec<KnownIdentity> {
    let mut known: Vec<KnownIdentity> = Vec::new();
    for piece in pieces {
        let Piece {
            machine,
            evidence,
            is_ignored,
        } = piece;
        if known.last().is_none_or(|it| it.machine != machine.machine) {
            known.push(machine);
        }
        match (known.last_mut(), evidence) {
            (Some(last), Some(evidence)) if is_ignored => disregard(last, &evidence),
            (Some(last), Some(evidence)) => add(last, evidence),
            (None, _) | (_, None) => {}
        }
    }
    known
}

fn read(row: &Row) -> Result<Piece, StoreError> {
    Ok(Piece {
        machine: read_machine(row)?,
        evidence: read_evidence(row)?,
        is_ignored: read_ignored(row)?,
    })
}

fn read_ignored(row: &Row) -> Result<bool, StoreError> {
    let ignored = Fields::new(row, "ignored_uuid", "id").optional_text("ignored")?;
    Ok(ignored.is_some())
}

fn read_machine(row: &Row) -> Result<KnownIdentity, StoreError> {
    let machine = Fields::new(row, "machine", "id");
    Ok(KnownIdentity {
        machine: machine.parsed("id")?,
        name: machine.text("name")?,
        since: machine.time("known_since")?,
        macs: BTreeSet::new(),
        registered: false,
        uuid: None,
        serial: None,
        heard: Heard::default(),
    })
}

fn read_evidence(row: &Row) -> Result<Option<(EvidenceSource, Fact)>, StoreError> {
    let fields = Fields::new(row, "evidence", "id");
    let find = |text: &str| EvidenceKind::ALL.into_iter().find(|it| it.as_str() == text);
    let Some(kind) = fields.optional_named("kind", find)? else {
        return Ok(None);
    };
    let fact = match kind {
        EvidenceKind::Mac => Fact::Mac(fields.parsed("value")?),
        EvidenceKind::SystemUuid => Fact::Uuid(fields.parsed("value")?),
        EvidenceKind::SystemSerial => Fact::Serial(fields.parsed("value")?),
    };
    Ok(Some((fields.named("source", named_source)?, fact)))
}

/// What its board says, and identifies none. Where it was told last, no UUID that was told before is
/// its own any more: its board was said to say another one.
fn disregard(known: &mut KnownIdentity, (source, _): &(EvidenceSource, Fact)) {
    if source.is_authority() {
        known.uuid = None;
    }
}

fn add(known: &mut KnownIdentity, (source, fact): (EvidenceSource, Fact)) {
    match fact {
        Fact::Mac(_) if source == EvidenceSource::Listed => {}
        Fact::Listed(_) => {}
        Fact::Mac(mac) => {
            known.macs.insert(mac);
            known.registered |= source.is_authority();
        }
        Fact::Uuid(uuid) if source.is_authority() => known.uuid = Some(uuid),
        Fact::Uuid(uuid) => {
            known.heard.uuids.insert(uuid);
        }
        Fact::Serial(serial) if source.is_authority() => known.serial = Some(serial),
        Fact::Serial(serial) => {
            known.heard.serials.insert(serial);
        }
    }
}
