//! Reservations: the addresses that a machine's record reserves for its cards.

use std::net::IpAddr;

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// An address that is kept for one card of one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// Which address; nobody else has it.
    pub address: IpAddr,
    /// For which card.
    pub mac: MacAddress,
    /// Of which machine.
    pub machine: MachineId,
}

/// Every reservation that can be read.
pub async fn list(db: &Db) -> Result<Vec<Reservation>, StoreError> {
    let statement = Statement::select("reservation", &COLUMNS, "ORDER BY address");
    let rows = db.all(statement).await?;
    db.readable(&rows, read)
}

/// The reservations of a machine.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Vec<Reservation>, StoreError> {
    const OF_MACHINE: &str = "WHERE machine = $1 ORDER BY address";
    let statement = Statement::select("reservation", &COLUMNS, OF_MACHINE).bind(&machine);
    db.all(statement).await?.iter().map(read).collect()
}

/// For whom an address is reserved.
pub async fn of_address(db: &Db, address: IpAddr) -> Result<Option<Reservation>, StoreError> {
    let statement = Statement::select("reservation", &COLUMNS, "WHERE address = $1");
    let row = db.optional(statement.bind(&address)).await?;
    row.as_ref().map(read).transpose()
}

/// The addresses that are reserved for a card.
pub async fn of_mac(db: &Db, mac: MacAddress) -> Result<Vec<Reservation>, StoreError> {
    let statement = Statement::select("reservation", &COLUMNS, "WHERE mac = $1 ORDER BY address");
    let rows = db.all(statement.bind(&mac)).await?;
    rows.iter().map(read).collect()
}

/// Reserves an address; `false` if it is reserved already, unless for the very same.
pub(crate) async fn reserve(
    transaction: &mut Transaction,
    reservation: &Reservation,
) -> Result<bool, StoreError> {
    const UPSERT: Insert = Insert {
        table: "reservation",
        columns: &COLUMNS,
        rest: "ON CONFLICT (address) DO UPDATE SET mac = excluded.mac \
             WHERE reservation.machine = excluded.machine",
    };
    let row: Vec<Value> = vec![
        (&reservation.address).into(),
        (&reservation.mac).into(),
        (&reservation.machine).into(),
    ];
    transaction
        .changes_one(Statement::insert(&UPSERT, [row]))
        .await
}

/// Gives an address of a machine back.
pub(crate) async fn free(
    transaction: &mut Transaction,
    machine: MachineId,
    address: IpAddr,
) -> Result<(), StoreError> {
    const FREE: &str = "DELETE FROM reservation WHERE machine = $1 AND address = $2";
    let statement = Statement::new(FREE).bind(&machine).bind(&address);
    transaction.execute(statement).await.map(|_| ())
}

const COLUMNS: [&str; 3] = ["address", "mac", "machine"];

fn read(row: &Row) -> Result<Reservation, StoreError> {
    let fields = Fields::new(row, "reservation", "address");
    Ok(Reservation {
        address: fields.parsed("address")?,
        mac: fields.parsed("mac")?,
        machine: fields.parsed("machine")?,
    })
}
