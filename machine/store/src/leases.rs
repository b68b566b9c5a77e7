//! Leases: unique on (subnet, client) and on (address, subnet), by the database and not by hope.
//!
//! The allocator proposes, the statement here decides, between replicas too; who loses proposes
//! another address. They are written by [`crate::commit`] only, on SQLite first to the journal of
//! leases, which everybody who reads them here is told of.

use std::net::IpAddr;

use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::sabotage::Sabotage;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::lease_journal::pending::Pending;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// What became of a lease that was to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is on disk: acknowledge it.
    Committed,
    /// Its address belongs to somebody else: propose another.
    Taken {
        /// Whose it is, and until when.
        holder: Lease,
    },
}

/// Every lease of a subnet that can be read, also the expired ones, by address.
pub async fn of_subnet(db: &Db, subnet: &SubnetName) -> Result<Vec<Lease>, StoreError> {
    let rows = Statement::select("lease", &COLUMNS, "WHERE subnet = $1").bind(subnet);
    let readable = |rows: &[Row]| db.readable(rows, read);
    current(db, rows, readable, |it| it.of_subnet(subnet)).await
}

/// The leases of an address, one a subnet.
pub async fn of_address(db: &Db, address: IpAddr) -> Result<Vec<Lease>, StoreError> {
    let rows = Statement::select("lease", &COLUMNS, "WHERE address = $1").bind(&address);
    current(db, rows, read_all, |it| it.of_address(address)).await
}

/// The leases of a client, one a subnet, also the expired ones.
pub async fn of_client(db: &Db, client: ClientKey) -> Result<Vec<Lease>, StoreError> {
    let rows = Statement::select("lease", &COLUMNS, "WHERE client = $1").bind(&client);
    current(db, rows, read_all, |it| it.of_client(client)).await
}

/// What stands of the rows of the table, and what the journal has of the kind.
async fn current(
    db: &Db,
    rows: Statement,
    read: impl Fn(&[Row]) -> Result<Vec<Lease>, StoreError>,
    also: impl Fn(&Pending) -> Vec<Lease>,
) -> Result<Vec<Lease>, StoreError> {
    loop {
        let folds = db.lease_journal().folds();
        let found = read(&db.all(rows.clone()).await?)?;
        if let Some(mut leases) = db.lease_journal().complete(folds, found, &also) {
            leases.sort_by(|a, b| (a.address, &a.subnet).cmp(&(b.address, &b.subnet)));
            return Ok(leases);
        }
    }
}

/// Grants or renews one lease, if the database lets it. One that expired before this one was
/// granted gives way.
pub(crate) async fn grant(
    transaction: &mut Transaction,
    lease: &Lease,
) -> Result<LeaseOutcome, StoreError> {
    const HOLDER: &str = "WHERE subnet = $1 AND address = $2 AND client <> $3";
    drop_expired(transaction, lease).await?;
    let holder = at(lease, Statement::select("lease", &COLUMNS, HOLDER));
    if let Some(holder) = transaction.optional(holder).await? {
        let holder = read(&holder)?;
        return Ok(LeaseOutcome::Taken { holder });
    }
    transaction
        .execute(Statement::insert(&UPSERT, [values(lease)]))
        .await?;
    Ok(LeaseOutcome::Committed)
}

/// Drops the lease of another client to the same address that expired before this one was granted.
pub(crate) async fn drop_expired(
    transaction: &mut Transaction,
    lease: &Lease,
) -> Result<(), StoreError> {
    const EXPIRED: &str = "DELETE FROM lease WHERE subnet = $1 AND address = $2 \
         AND client <> $3 AND expires <= $4";
    let expired = at(lease, Statement::new(EXPIRED)).bind(gives_way_at(lease));
    transaction.execute(expired).await.map(|_| ())
}

/// Until when the lease of another client to the same address has to have ended.
pub(crate) fn gives_way_at(lease: &Lease) -> Timestamp {
    if Sabotage::AddressGivenTwice.is_on() {
        lease.expires
    } else {
        lease.granted
    }
}

/// Drops whatever the table has of the client and of the address of a lease that stands.
pub(crate) async fn make_room(
    transaction: &mut Transaction,
    lease: &Lease,
) -> Result<(), StoreError> {
    const OTHERS: &str = "DELETE FROM lease WHERE subnet = $1 AND (address = $2 OR client = $3)";
    let others = at(lease, Statement::new(OTHERS));
    transaction.execute(others).await.map(|_| ())
}

fn at(lease: &Lease, statement: Statement) -> Statement {
    statement
        .bind(&lease.subnet)
        .bind(&lease.address)
        .bind(&lease.client)
}

/// Ends a lease; `false` if there is none for this client and address.
pub(crate) async fn end(
    transaction: &mut Transaction,
    subnet: &SubnetName,
    client: &ClientKey,
    address: IpAddr,
) -> Result<bool, StoreError> {
    const END: &str = "DELETE FROM lease WHERE subnet = $1 AND client = $2 AND address = $3";
    let statement = Statement::new(END).bind(subnet).bind(client).bind(&address);
    transaction.changes_one(statement).await
}

/// Ends whatever the table has of an address.
pub(crate) async fn end_at(
    transaction: &mut Transaction,
    subnet: &SubnetName,
    address: IpAddr,
) -> Result<(), StoreError> {
    const END: &str = "DELETE FROM lease WHERE subnet = $1 AND address = $2";
    let statement = Statement::new(END).bind(subnet).bind(&address);
    transaction.execute(statement).await.map(|_| ())
}

/// Grants or renews leases that are in nobody's way.
pub(crate) const UPSERT: Insert = Insert {
    table: "lease",
    columns: &COLUMNS,
    rest: "ON CONFLICT (subnet, client) DO UPDATE SET address = excluded.address, \
         client_identifier = excluded.client_identifier, granted = excluded.granted, \
         expires = excluded.expires",
};

pub(crate) const COLUMNS: [&str; 6] = [
    "subnet",
    "client",
    "address",
    "client_identifier",
    "granted",
    "expires",
];

pub(crate) fn values(lease: &Lease) -> Vec<Value> {
    vec![
        (&lease.subnet).into(),
        (&lease.client).into(),
        (&lease.address).into(),
        lease.client_identifier.clone().into(),
        lease.granted.into(),
        lease.expires.into(),
    ]
}

fn read_all(rows: &[Row]) -> Result<Vec<Lease>, StoreError> {
    rows.iter().map(read).collect()
}

pub(crate) fn read(row: &Row) -> Result<Lease, StoreError> {
    let fields = Fields::new(row, "lease", "client");
    let client = |text: &str| text.parse().ok().map(ClientKey::Hardware);
    Ok(Lease {
        subnet: SubnetName::new(fields.text("subnet")?),
        client: fields.named("client", client)?,
        address: fields.parsed("address")?,
        client_identifier: fields.optional_bytes("client_identifier")?,
        granted: fields.time("granted")?,
        expires: fields.time("expires")?,
    })
}
