//! What documents say of the identity of machines: which cards, which UUID, which serial number.
//!
//! A machine may show more of itself on the wire; that is evidence and none of this. What a
//! document says is evidence as well, until a later document leaves it out.

use machine_core::evidence::{EvidenceKind, EvidenceSource};
use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::evidence::{self, Evidence, Fact};
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// A write of what documents say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationWrite {
    /// A document says this of a machine.
    Say {
        /// Of which.
        machine: MachineId,
        /// What.
        fact: Fact,
        /// When.
        at: Timestamp,
    },
    /// No document says this of a machine any more: it is no evidence of it either.
    Unsay {
        /// Of which.
        machine: MachineId,
        /// What.
        fact: Fact,
    },
}

/// What a document says of a machine.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Vec<Fact>, StoreError> {
    const OF_MACHINE: &str = "WHERE machine = $1 ORDER BY kind, value";
    let statement = Statement::select("registration", &COLUMNS, OF_MACHINE).bind(&machine);
    db.all(statement).await?.iter().map(read).collect()
}

/// What people said of a machine by a command, and no document says: a card or a board that they
/// accepted.
pub async fn accepted(db: &Db, machine: MachineId) -> Result<Vec<Fact>, StoreError> {
    const ACCEPTED: &str = "WHERE machine = $1 AND source = 'person' ORDER BY kind, value";
    let statement = Statement::select("evidence", &COLUMNS, ACCEPTED).bind(&machine);
    db.all(statement).await?.iter().map(read).collect()
}

pub(crate) async fn write(
    transaction: &mut Transaction,
    write: &RegistrationWrite,
) -> Result<(), StoreError> {
    match write {
        RegistrationWrite::Say { machine, fact, at } => {
            let row: Vec<Value> = vec![
                machine.into(),
                fact.kind().as_str().into(),
                fact.value().into(),
            ];
            transaction
                .execute(Statement::insert(&INSERT, [row]))
                .await?;
            let evidence = Evidence {
                machine: *machine,
                at: *at,
                source: EvidenceSource::Registered,
                facts: vec![fact.clone()],
            };
            evidence::add(transaction, &evidence).await
        }
        RegistrationWrite::Unsay { machine, fact } => {
            const UNSAY: &str =
                "DELETE FROM registration WHERE machine = $1 AND kind = $2 AND value = $3";
            let statement = Statement::new(UNSAY)
                .bind(machine)
                .bind(fact.kind().as_str())
                .bind(fact.value());
            transaction.execute(statement).await?;
            evidence::remove(transaction, *machine, fact).await
        }
    }
}

const COLUMNS: [&str; 3] = ["machine", "kind", "value"];
const INSERT: Insert = Insert {
    table: "registration",
    columns: &COLUMNS,
    rest: "ON CONFLICT DO NOTHING",
};

fn read(row: &Row) -> Result<Fact, StoreError> {
    let fields = Fields::new(row, "registration", "machine");
    let known = |text: &str| EvidenceKind::ALL.into_iter().find(|it| it.as_str() == text);
    Ok(match fields.named("kind", known)? {
        EvidenceKind::Mac => Fact::Mac(fields.parsed("value")?),
        EvidenceKind::SystemUuid => Fact::Uuid(fields.parsed("value")?),
        EvidenceKind::SystemSerial => Fact::Serial(fields.parsed("value")?),
    })
}
