//! How leases come into the journal, and from there into their table.

use std::collections::BTreeMap;
use std::net::IpAddr;

use machine_core::network::{Lease, SubnetName};

use crate::error::StoreError;
use crate::lease_row::{COLUMNS, JOURNAL, TABLE, read, values};
use crate::lease_writes::{end_at, gives_way_at, make_room};
use crate::statement::{Statement, placeholders};
use crate::transaction::Transaction;

/// Rows of the journal at most. A fold of so many takes some 15 ms, in which leases wait for their ACK;
/// then their answers come at once. With four times as many, perfdhcp's own buffer does not take them
/// (`make bench`).
const ROWS: usize = 2048;

/// Appends leases that are in nobody's way. `false` if one may be, or if the database has several
/// writers; nothing of them is written then.
pub(crate) async fn append(
    transaction: &mut Transaction,
    leases: &[&Lease],
) -> Result<bool, StoreError> {
    if !transaction.has_one_writer() || !are_free(transaction, leases).await? {
        return Ok(false);
    }
    if transaction.journaled().rows() + leases.len() > ROWS {
        fold(transaction).await?;
    }
    let rows = leases.iter().map(|it| values(it));
    for statement in Statement::inserts(&JOURNAL, rows.collect()) {
        transaction.execute(statement).await?;
    }
    transaction.journaled().append(leases.iter().copied());
    Ok(true)
}

/// Whether no other client holds the address of one of these.
async fn are_free(transaction: &mut Transaction, leases: &[&Lease]) -> Result<bool, StoreError> {
    let mut wanted: BTreeMap<(IpAddr, &SubnetName), &Lease> = BTreeMap::new();
    let journaled = transaction.journaled();
    for lease in leases {
        let first = wanted
            .entry((lease.address, &lease.subnet))
            .or_insert(lease);
        let holder = journaled.holder(&lease.subnet, lease.address);
        if first.client != lease.client || holder.is_some_and(|it| it != lease.client) {
            return Ok(false);
        }
    }
    let all: Vec<&Lease> = wanted.values().copied().collect();
    for chunk in all.chunks(Statement::ROWS) {
        for row in transaction.all(at_addresses(chunk)).await? {
            let Ok(row) = read(&row) else {
                return Ok(false);
            };
            let stands = wanted.get(&(row.address, &row.subnet)).is_none_or(|lease| {
                row.client == lease.client || row.expires <= gives_way_at(lease)
            });
            if !stands {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn at_addresses(leases: &[&Lease]) -> Statement {
    let places = placeholders(1, leases.len());
    let statement = Statement::select("lease", &COLUMNS, &format!("WHERE address IN {places}"));
    leases
        .iter()
        .fold(statement, |statement, it| statement.bind(&it.address))
}

/// Sorts what the journal holds into the table. From then on the transaction finds all leases there.
pub(crate) async fn fold(transaction: &mut Transaction) -> Result<(), StoreError> {
    const EMPTY: &str = "DELETE FROM lease_journal";
    let Some(folded) = transaction.journaled().take() else {
        return Ok(());
    };
    for (subnet, address) in &folded.left {
        end_at(transaction, subnet, *address).await?;
    }
    let rows = || folded.leases.iter().map(values).collect();
    if !transaction.insert_together(&TABLE, rows()).await? {
        // An address has gone to another client since the last fold.
        for lease in &folded.leases {
            make_room(transaction, lease).await?;
        }
        for statement in Statement::inserts(&TABLE, rows()) {
            transaction.execute(statement).await?;
        }
    }
    transaction.execute(Statement::new(EMPTY)).await.map(|_| ())
}
