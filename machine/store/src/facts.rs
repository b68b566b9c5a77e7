//! Facts of machines: what is known of their hardware, and who says so. They stand beside the
//! record of a machine: to learn one changes no version that anybody has read.
//!
//! What was only heard on the wire does not take the place of what a document, a person or a BMC
//! says.

use machine_core::evidence::EvidenceSource;
use machine_core::id::MachineId;
use machine_core::machine::Hardware;
use machine_core::time::Timestamp;

use crate::commit::item::{Item, Verdict, Writing};
use crate::db::Db;
use crate::error::StoreError;
use crate::evidence::named_source;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::touched::Parts;
use crate::transaction::Transaction;

/// A kind of fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    /// The instruction set.
    Arch,
    /// The kind of firmware that it last booted with.
    Firmware,
    /// The SMBIOS system manufacturer.
    Manufacturer,
    /// The SMBIOS product name.
    Product,
}

impl FactKind {
    /// `arch`, `firmware`, `manufacturer`, `product`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arch => "arch",
            Self::Firmware => "firmware",
            Self::Manufacturer => "manufacturer",
            Self::Product => "product",
        }
    }

    /// Every kind there is.
    pub const ALL: [Self; 4] = [
        Self::Arch,
        Self::Firmware,
        Self::Manufacturer,
        Self::Product,
    ];
}

/// That somebody says something of a machine's hardware. What is not said stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// Of which machine.
    pub machine: MachineId,
    /// When.
    pub at: Timestamp,
    /// Who says so.
    pub source: EvidenceSource,
    /// What.
    pub hardware: Hardware,
}

/// A fact as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFact {
    /// What kind of fact.
    pub kind: FactKind,
    /// What it is.
    pub value: String,
    /// Who says so.
    pub source: EvidenceSource,
    /// When it was said.
    pub seen: Timestamp,
}

/// What is known of a machine's hardware, by kind.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Vec<KnownFact>, StoreError> {
    const COLUMNS: [&str; 4] = ["kind", "value", "source", "seen"];
    let statement = Statement::select("fact", &COLUMNS, "WHERE machine = $1 ORDER BY kind");
    let rows = db.all(statement.bind(&machine)).await?;
    rows.iter().map(read).collect()
}

impl Item for Learned {
    type Outcome = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<()>, StoreError> {
        // Rules choose by it which disk a permission names.
        *writing.protects_a_disk = true;
        let touched = writing.transaction.touched();
        touched.machine(self.machine, Parts::WORK);
        learn(writing.transaction, self).await.map(Verdict::Keep)
    }
}

pub(crate) async fn learn(
    transaction: &mut Transaction,
    learned: &Learned,
) -> Result<(), StoreError> {
    const UPSERT: Insert = Insert {
        table: "fact",
        columns: &["machine", "kind", "value", "source", "seen"],
        rest: "ON CONFLICT (machine, kind) DO UPDATE SET value = excluded.value, \
             source = excluded.source, seen = excluded.seen \
             WHERE fact.source = 'asked' OR excluded.source <> 'asked'",
    };
    for kind in FactKind::ALL {
        let Some(value) = value(&learned.hardware, kind) else {
            continue;
        };
        let row: Vec<Value> = vec![
            (&learned.machine).into(),
            kind.as_str().into(),
            value.into(),
            learned.source.as_str().into(),
            learned.at.into(),
        ];
        let statement = Statement::insert(&UPSERT, [row]);
        transaction.execute(statement).await?;
    }
    Ok(())
}

fn value(hardware: &Hardware, kind: FactKind) -> Option<String> {
    match kind {
        FactKind::Arch => hardware.arch.map(|it| it.to_string()),
        FactKind::Firmware => hardware.firmware.map(|it| it.to_string()),
        FactKind::Manufacturer => hardware.manufacturer.clone(),
        FactKind::Product => hardware.product.clone(),
    }
}

fn read(row: &Row) -> Result<KnownFact, StoreError> {
    let fields = Fields::new(row, "fact", "value");
    let known = |text: &str| FactKind::ALL.into_iter().find(|it| it.as_str() == text);
    Ok(KnownFact {
        kind: fields.named("kind", known)?,
        value: fields.text("value")?,
        source: fields.named("source", named_source)?,
        seen: fields.time("seen")?,
    })
}
