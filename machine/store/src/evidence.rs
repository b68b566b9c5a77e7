//! Evidence of identity: which machine showed what, first and last, and who says so. What a document
//! said and does not say any more is taken away ([`crate::registrations`]); the rest is only ever
//! added. Of two sources of the same value the stronger one stands.

use std::collections::BTreeSet;

use machine_core::evidence::{Claim, EvidenceKind, EvidenceSource};
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// One thing that identifies a machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// One of its cards.
    Mac(MacAddress),
    /// A card that a boot of it listed: it is shown, whatever the source of the rest is.
    Listed(MacAddress),
    /// Its SMBIOS system UUID.
    Uuid(SystemUuid),
    /// Its SMBIOS system serial number.
    Serial(SerialNumber),
}

impl Fact {
    pub(crate) const fn kind(&self) -> EvidenceKind {
        match self {
            Self::Mac(_) | Self::Listed(_) => EvidenceKind::Mac,
            Self::Uuid(_) => EvidenceKind::SystemUuid,
            Self::Serial(_) => EvidenceKind::SystemSerial,
        }
    }

    const fn source(&self, source: EvidenceSource) -> EvidenceSource {
        match self {
            Self::Listed(_) => EvidenceSource::Listed,
            Self::Mac(_) | Self::Uuid(_) | Self::Serial(_) => source,
        }
    }

    pub(crate) fn value(&self) -> String {
        match self {
            Self::Mac(mac) | Self::Listed(mac) => mac.to_string(),
            Self::Uuid(uuid) => uuid.to_string(),
            Self::Serial(serial) => serial.to_string(),
        }
    }
}

/// That a machine showed something of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which machine.
    pub machine: MachineId,
    /// When.
    pub at: Timestamp,
    /// Who says so.
    pub source: EvidenceSource,
    /// What.
    pub facts: Vec<Fact>,
}

impl Evidence {
    /// All that a claim says of the machine which it was found to be. It was only heard.
    pub fn of_claim(machine: MachineId, claim: &Claim, at: Timestamp) -> Self {
        let listed = claim.others.iter().copied().map(Fact::Listed);
        let facts = std::iter::once(Fact::Mac(claim.mac))
            .chain(listed)
            .chain(claim.uuid.map(Fact::Uuid))
            .chain(claim.serial.clone().map(Fact::Serial))
            .collect();
        Self {
            machine,
            at,
            source: EvidenceSource::Asked,
            facts,
        }
    }
}

/// Evidence as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFact {
    /// What kind of thing.
    pub kind: EvidenceKind,
    /// Which.
    pub value: String,
    /// Who says so.
    pub source: EvidenceSource,
    /// When the machine showed it first.
    pub first_seen: Timestamp,
    /// When it showed it last.
    pub last_seen: Timestamp,
}

/// All that a machine has ever shown of itself; what was seen last comes first within a kind.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Vec<RecordedFact>, StoreError> {
    const COLUMNS: [&str; 5] = ["kind", "value", "source", "first_seen", "last_seen"];
    const OF_MACHINE: &str = "WHERE machine = $1 ORDER BY kind, last_seen DESC, value";
    let statement = Statement::select("evidence", &COLUMNS, OF_MACHINE).bind(&machine);
    db.all(statement).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<RecordedFact, StoreError> {
    let fields = Fields::new(row, "evidence", "value");
    let known = |text: &str| EvidenceKind::ALL.into_iter().find(|it| it.as_str() == text);
    Ok(RecordedFact {
        kind: fields.named("kind", known)?,
        value: fields.text("value")?,
        source: fields.named("source", named_source)?,
        first_seen: fields.time("first_seen")?,
        last_seen: fields.time("last_seen")?,
    })
}

pub(crate) async fn remove(
    transaction: &mut Transaction,
    machine: MachineId,
    fact: &Fact,
) -> Result<(), StoreError> {
    const REMOVE: &str = "DELETE FROM evidence WHERE machine = $1 AND kind = $2 AND value = $3";
    let statement = Statement::new(REMOVE)
        .bind(&machine)
        .bind(fact.kind().as_str())
        .bind(fact.value());
    transaction.execute(statement).await.map(|_| ())
}

/// The source of this name.
pub(crate) fn named_source(text: &str) -> Option<EvidenceSource> {
    EvidenceSource::ALL
        .into_iter()
        .find(|it| it.as_str() == text)
}

pub(crate) async fn add(
    transaction: &mut Transaction,
    evidence: &Evidence,
) -> Result<(), StoreError> {
    const UPSERT: Insert = Insert {
        table: "evidence",
        columns: &[
            "machine",
            "kind",
            "value",
            "source",
            "first_seen",
            "last_seen",
        ],
        rest: "ON CONFLICT (machine, kind, value) DO UPDATE SET \
             first_seen = CASE WHEN excluded.first_seen < evidence.first_seen \
             THEN excluded.first_seen ELSE evidence.first_seen END, \
             source = CASE WHEN excluded.source = 'listed' \
             OR (excluded.source = 'asked' AND evidence.source <> 'listed') \
             THEN evidence.source ELSE excluded.source END, \
             last_seen = CASE WHEN excluded.last_seen > evidence.last_seen \
             AND (excluded.source NOT IN ('listed', 'asked') \
             OR evidence.source IN ('listed', 'asked')) \
             THEN excluded.last_seen ELSE evidence.last_seen END",
    };
    for fact in &evidence.facts {
        let row: Vec<Value> = vec![
            (&evidence.machine).into(),
            fact.kind().as_str().into(),
            fact.value().into(),
            fact.source(evidence.source).as_str().into(),
            evidence.at.into(),
            evidence.at.into(),
        ];
        transaction
            .execute(Statement::insert(&UPSERT, [row]))
            .await?;
    }
    let of_facts = evidence.facts.iter().map(|fact| {
        let source = fact.source(evidence.source);
        (fact.kind().as_str(), source)
    });
    let heard: BTreeSet<_> = of_facts.filter(|(_, it)| !it.is_authority()).collect();
    for (kind, source) in heard {
        bound(transaction, evidence.machine, (kind, source)).await?;
    }
    Ok(())
}

/// How many values of one kind and source are kept of those that were heard first, and of those that
/// were heard last: anybody on the wire can say any.
const KEPT: u32 = 16;

/// Drops what was heard in between. What was heard first stays, so that no flood pushes out the card
/// by which a machine was found.
async fn bound(
    transaction: &mut Transaction,
    machine: MachineId,
    (kind, source): (&str, EvidenceSource),
) -> Result<(), StoreError> {
    const BOUND: &str = "DELETE FROM evidence WHERE machine = $1 AND kind = $2 AND source = $3 \
         AND value NOT IN (SELECT kept.value FROM (SELECT value FROM evidence \
         WHERE machine = $1 AND kind = $2 AND source = $3 \
         ORDER BY first_seen, value LIMIT $4) kept) \
         AND value NOT IN (SELECT kept.value FROM (SELECT value FROM evidence \
         WHERE machine = $1 AND kind = $2 AND source = $3 \
         ORDER BY last_seen DESC, value LIMIT $4) kept)";
    let statement = Statement::new(BOUND).bind(&machine).bind(kind);
    let statement = statement.bind(source.as_str()).bind(KEPT);
    transaction.execute(statement).await.map(|_| ())
}
