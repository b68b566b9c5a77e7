//! Leases: unique on (subnet, client) and on (subnet, address), by the database and not by hope.
//!
//! The allocator proposes, the statement here decides, between replicas too; who loses proposes
//! another address. They are written by [`crate::commit`] only.

use std::net::IpAddr;

use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::sabotage::Sabotage;

use crate::db::Db;
use crate::error::StoreError;
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

/// Every lease of a subnet that can be read, also the expired ones.
pub async fn of_subnet(db: &Db, subnet: &SubnetName) -> Result<Vec<Lease>, StoreError> {
    let statement = Statement::select("lease", &COLUMNS, "WHERE subnet = $1 ORDER BY address");
    let rows = db.all(statement.bind(subnet)).await?;
    db.readable(&rows, read)
}

/// The leases of an address, one a subnet.
pub async fn of_address(db: &Db, address: IpAddr) -> Result<Vec<Lease>, StoreError> {
    let statement = Statement::select("lease", &COLUMNS, "WHERE address = $1 ORDER BY subnet");
    let rows = db.all(statement.bind(&address)).await?;
    rows.iter().map(read).collect()
}

/// The leases of a client, one a subnet, also the expired ones.
pub async fn of_client(db: &Db, client: ClientKey) -> Result<Vec<Lease>, StoreError> {
    let statement = Statement::select("lease", &COLUMNS, "WHERE client = $1 ORDER BY subnet");
    let rows = db.all(statement.bind(&client)).await?;
    rows.iter().map(read).collect()
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
    let until = if Sabotage::AddressGivenTwice.is_on() {
        lease.expires
    } else {
        lease.granted
    };
    let expired = at(lease, Statement::new(EXPIRED)).bind(until);
    transaction.execute(expired).await.map(|_| ())
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

/// Grants or renews leases that are in nobody's way.
pub(crate) const UPSERT: Insert = Insert {
    table: "lease",
    columns: &COLUMNS,
    rest: "ON CONFLICT (subnet, client) DO UPDATE SET address = excluded.address, \
         client_identifier = excluded.client_identifier, granted = excluded.granted, \
         expires = excluded.expires",
};

const COLUMNS: [&str; 6] = [
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

fn read(row: &Row) -> Result<Lease, StoreError> {
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
