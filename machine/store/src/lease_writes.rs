//! How the table of leases is written: unique on (subnet, client) and on (address, subnet), by the
//! database and not by hope.
//!
//! The allocator proposes, the statement here decides, between replicas too; who loses proposes
//! another address.

use std::net::IpAddr;

use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::sabotage::Sabotage;
use machine_core::time::Timestamp;

use crate::error::StoreError;
use crate::lease_row::{COLUMNS, TABLE, read, values};
use crate::statement::Statement;
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
        .execute(Statement::insert(&TABLE, [values(lease)]))
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
