//! Who spoke for a machine: written by the boot plane through [`crate::commit`], and bounded, since
//! anybody on the wire can speak.

use machine_core::claimant::Claimant;
use machine_core::id::{BootId, MachineId};

use crate::commit::item::{Item, Verdict, Writing};
use crate::db::Db;
use crate::dossier::Voice;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::touched::Parts;
use crate::transaction::Transaction;

/// How many are kept of those with a card of the machine, and how many of all others: a flood of
/// strangers does not push the machine itself out.
const KEPT: u32 = 16;

/// That somebody spoke for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// For which machine.
    pub machine: MachineId,
    /// Who, from where, and what it said.
    pub claimant: Claimant,
    /// Whether its card is one of the machine's.
    pub is_own: bool,
    /// Why it gets nothing; empty if nothing hinders it.
    pub why: String,
}

/// Everybody who spoke for a machine, the last one first.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Vec<Heard>, StoreError> {
    let held = db.model().read(|held| {
        let voices = &held.machine(machine)?.dossier.spoken.voices;
        Some(
            voices
                .iter()
                .map(|it| Heard::from_voice(machine, it))
                .collect(),
        )
    });
    if let Some(heard) = held.flatten() {
        return Ok(heard);
    }
    let rows = db.all(of_machine_statement(machine)).await?;
    rows.iter().map(read).collect()
}

pub(crate) fn of_machine_statement(machine: MachineId) -> Statement {
    const OF_MACHINE: &str = "WHERE machine = $1 ORDER BY last_seen DESC, boot, address";
    Statement::select("claimant", &COLUMNS, OF_MACHINE).bind(&machine)
}

/// Everybody who spoke for any machine; of one machine, the last one first.
pub(crate) fn list_statement() -> Statement {
    Statement::select(
        "claimant",
        &COLUMNS,
        "ORDER BY last_seen DESC, boot, address",
    )
}

impl Heard {
    fn from_voice(machine: MachineId, voice: &Voice) -> Self {
        Self {
            machine,
            claimant: voice.claimant.clone(),
            is_own: voice.is_own,
            why: voice.why.clone(),
        }
    }
}

/// Forgets everybody who spoke for a machine but this boot, which was accepted: nothing hinders it.
pub(crate) async fn forget_others(
    transaction: &mut Transaction,
    machine: MachineId,
    boot: BootId,
) -> Result<(), StoreError> {
    const CLEAR: &str = "UPDATE claimant SET why = '' WHERE machine = $1 AND boot = $2";
    const FORGET: &str = "DELETE FROM claimant WHERE machine = $1 AND boot <> $2";
    let statement = Statement::new(CLEAR).bind(&machine).bind(&boot);
    transaction.execute(statement).await?;
    let statement = Statement::new(FORGET).bind(&machine).bind(&boot);
    transaction.execute(statement).await.map(|_| ())
}

/// Forgets why anybody who spoke for a machine got nothing: a person has said who it is since. Whoever
/// still gets nothing is heard again, with the reason that is true then.
pub(crate) async fn settle(
    transaction: &mut Transaction,
    machine: MachineId,
) -> Result<(), StoreError> {
    const SETTLE: &str = "UPDATE claimant SET why = '' WHERE machine = $1";
    let statement = Statement::new(SETTLE).bind(&machine);
    transaction.execute(statement).await.map(|_| ())
}

impl Item for Heard {
    type Outcome = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<()>, StoreError> {
        const UPSERT: Insert = Insert {
            table: "claimant",
            columns: &COLUMNS,
            rest: "ON CONFLICT (machine, boot, card, address, uuid, serial) DO UPDATE SET \
                 is_own = excluded.is_own, why = excluded.why, \
                 last_seen = CASE WHEN excluded.last_seen > claimant.last_seen \
                 THEN excluded.last_seen ELSE claimant.last_seen END",
        };
        const BOUND: &str = "DELETE FROM claimant WHERE machine = $1 AND is_own = $2 \
             AND last_seen < (SELECT MIN(kept.last_seen) FROM \
             (SELECT last_seen FROM claimant WHERE machine = $1 AND is_own = $2 \
             ORDER BY last_seen DESC LIMIT $3) kept)";
        let transaction = &mut *writing.transaction;
        transaction.touched().machine(self.machine, Parts::SPOKEN);
        let statement = Statement::insert(&UPSERT, [values(self)]);
        transaction.execute(statement).await?;
        let bound = Statement::new(BOUND).bind(&self.machine).bind(self.is_own);
        transaction.execute(bound.bind(KEPT)).await?;
        Ok(Verdict::Keep(()))
    }
}

const COLUMNS: [&str; 10] = [
    "machine",
    "boot",
    "card",
    "address",
    "uuid",
    "serial",
    "is_own",
    "why",
    "first_seen",
    "last_seen",
];

fn values(heard: &Heard) -> Vec<Value> {
    let it = &heard.claimant;
    let uuid = it.uuid.map(|uuid| uuid.to_string()).unwrap_or_default();
    let serial = it.serial.as_ref().map(ToString::to_string);
    vec![
        (&heard.machine).into(),
        (&it.boot).into(),
        (&it.card).into(),
        (&it.address).into(),
        uuid.into(),
        serial.unwrap_or_default().into(),
        heard.is_own.into(),
        heard.why.as_str().into(),
        it.first_seen.into(),
        it.last_seen.into(),
    ]
}

pub(crate) fn read(row: &Row) -> Result<Heard, StoreError> {
    let fields = Fields::new(row, "claimant", "boot");
    // What was not said is empty.
    let uuid = fields.text("uuid")?;
    let serial = fields.text("serial")?;
    let claimant = Claimant {
        boot: fields.parsed("boot")?,
        card: fields.parsed("card")?,
        address: fields.parsed("address")?,
        uuid: (!uuid.is_empty())
            .then(|| fields.parsed("uuid"))
            .transpose()?,
        serial: (!serial.is_empty())
            .then(|| fields.parsed("serial"))
            .transpose()?,
        first_seen: fields.time("first_seen")?,
        last_seen: fields.time("last_seen")?,
    };
    Ok(Heard {
        machine: fields.parsed("machine")?,
        claimant,
        is_own: fields.boolean("is_own")?,
        why: fields.text("why")?,
    })
}
