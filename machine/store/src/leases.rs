//! Leases: what the database has of them, its table and the journal of those that were just granted
//! together.
//!
//! They are written by [`crate::commit`] only.

use std::net::IpAddr;

use machine_core::network::{ClientKey, Lease, SubnetName};

use crate::db::Db;
use crate::error::StoreError;
use crate::lease_journal::pending::Pending;
use crate::lease_row::{COLUMNS, read};
use crate::row::Row;
use crate::statement::Statement;

pub use crate::lease_writes::LeaseOutcome;

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
pub async fn of_client(db: &Db, client: &ClientKey) -> Result<Vec<Lease>, StoreError> {
    let rows = Statement::select("lease", &COLUMNS, "WHERE client = $1").bind(client);
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

fn read_all(rows: &[Row]) -> Result<Vec<Lease>, StoreError> {
    rows.iter().map(read).collect()
}
