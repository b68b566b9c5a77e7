//! The journal of leases: where SQLite keeps those that were just granted.
//!
//! In the table `lease` each new lease changes pages at random places, of the table and of its indexes,
//! and all of them are synced before its ACK. So leases are appended to `lease_journal`, where many
//! share a page, and some thousands at once are folded into the table, in the order of its clients.
//!
//! ```text
//!  grant ─► is it in nobody's way? ─► lease_journal + memory ─► fold ─► lease
//!                 │ no, or a lease ends                          ▲
//!                 └──────────────────────────────────────────────┘  and then as on PostgreSQL
//! ```
//! What the journal holds is in memory, too ([`Pending`]), and counts more than the table. It is folded
//! when it is full, before a lease ends or is refused, when the database is opened, and when the commit
//! task ends. Only the commit task writes leases. PostgreSQL has many writers: there the rules of the
//! table decide, and the journal stays empty.

pub(crate) mod pending;

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine_core::network::{Lease, SubnetName};

use crate::db::Db;
use crate::error::StoreError;
use crate::lease_journal::pending::Pending;
use crate::leases;
use crate::statement::{Insert, Statement, placeholders};
use crate::transaction::Transaction;

/// Rows of the journal at most. A fold of so many takes some 15 ms, in which leases wait for their ACK;
/// then their answers come at once. With four times as many, perfdhcp's own buffer does not take them
/// (`make bench`).
const ROWS: usize = 2048;

/// The journal of one database. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeaseJournal {
    pending: Arc<Mutex<Pending>>,
}

/// What a transaction has done to the journal: it counts once the transaction is committed.
#[derive(Debug)]
pub(crate) struct Journaled {
    journal: LeaseJournal,
    is_folded: bool,
    appended: Vec<Lease>,
}

impl LeaseJournal {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction that has done nothing to it yet.
    pub(crate) fn untouched(&self) -> Journaled {
        Journaled {
            journal: self.clone(),
            is_folded: false,
            appended: Vec::new(),
        }
    }

    /// The leases it holds, and the addresses that nobody has any more.
    fn all(&self) -> (Vec<Lease>, Vec<(SubnetName, IpAddr)>) {
        let pending = self.pending();
        (pending.leases().cloned().collect(), pending.left())
    }

    /// How often it was folded so far.
    pub(crate) fn folds(&self) -> u64 {
        self.pending().folds()
    }

    /// What stands, of rows that were read from the table when it had been folded `folds` times: those
    /// that nothing supersedes, and what it holds `also`. None if it was folded in between.
    pub(crate) fn complete(
        &self,
        folds: u64,
        mut rows: Vec<Lease>,
        also: impl Fn(&Pending) -> Vec<Lease>,
    ) -> Option<Vec<Lease>> {
        let pending = self.pending();
        if pending.folds() != folds {
            return None;
        }
        rows.retain(|row| !pending.supersedes(row));
        rows.extend(also(&pending));
        Some(rows)
    }
}

impl Journaled {
    /// The transaction is committed.
    pub(crate) fn settle(&mut self) {
        if !self.is_folded && self.appended.is_empty() {
            return;
        }
        let mut pending = self.journal.pending();
        if mem::take(&mut self.is_folded) {
            pending.clear();
        }
        self.appended.drain(..).for_each(|it| pending.put(it));
    }
}

/// Appends leases that are in nobody's way. `false` if one may be, or if the database has several
/// writers; nothing of them is written then.
pub(crate) async fn append(
    transaction: &mut Transaction,
    leases: &[&Lease],
) -> Result<bool, StoreError> {
    if !transaction.has_one_writer() || !are_free(transaction, leases).await? {
        return Ok(false);
    }
    let rows = transaction.journaled().journal.pending().rows();
    if rows + leases.len() > ROWS {
        fold(transaction).await?;
    }
    let rows = leases.iter().map(|it| leases::values(it));
    for statement in Statement::inserts(&JOURNAL, rows.collect()) {
        transaction.execute(statement).await?;
    }
    let appended = leases.iter().copied().cloned();
    transaction.journaled().appended.extend(appended);
    Ok(true)
}

/// Whether no other client holds the address of one of these.
async fn are_free(transaction: &mut Transaction, leases: &[&Lease]) -> Result<bool, StoreError> {
    let mut wanted: BTreeMap<(IpAddr, &SubnetName), &Lease> = BTreeMap::new();
    {
        let pending = transaction.journaled().journal.pending();
        for lease in leases {
            let first = wanted
                .entry((lease.address, &lease.subnet))
                .or_insert(lease);
            let holder = pending.holder(&lease.subnet, lease.address);
            if first.client != lease.client || holder.is_some_and(|it| it != lease.client) {
                return Ok(false);
            }
        }
    }
    let all: Vec<&Lease> = wanted.values().copied().collect();
    for chunk in all.chunks(Statement::ROWS) {
        for row in transaction.all(at_addresses(chunk)).await? {
            let Ok(row) = leases::read(&row) else {
                return Ok(false);
            };
            let stands = wanted.get(&(row.address, &row.subnet)).is_none_or(|lease| {
                row.client == lease.client || row.expires <= leases::gives_way_at(lease)
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
    let statement = Statement::select(
        "lease",
        &leases::COLUMNS,
        &format!("WHERE address IN {places}"),
    );
    leases
        .iter()
        .fold(statement, |statement, it| statement.bind(&it.address))
}

/// Sorts what the journal holds into the table. From then on the transaction finds all leases there.
pub(crate) async fn fold(transaction: &mut Transaction) -> Result<(), StoreError> {
    const EMPTY: &str = "DELETE FROM lease_journal";
    let journaled = transaction.journaled();
    let (pending, left) = journaled.journal.all();
    if pending.is_empty() || mem::replace(&mut journaled.is_folded, true) {
        return Ok(());
    }
    for (subnet, address) in &left {
        leases::end_at(transaction, subnet, *address).await?;
    }
    let rows = || pending.iter().map(leases::values).collect();
    if !transaction.insert_together(&leases::UPSERT, rows()).await? {
        // An address has gone to another client since the last fold.
        for lease in &pending {
            leases::make_room(transaction, lease).await?;
        }
        for statement in Statement::inserts(&leases::UPSERT, rows()) {
            transaction.execute(statement).await?;
        }
    }
    transaction.execute(Statement::new(EMPTY)).await.map(|_| ())
}

/// Folds what a database holds that was just opened.
pub(crate) async fn recover(db: &Db) -> Result<(), StoreError> {
    let all = Statement::select("lease_journal", &leases::COLUMNS, "ORDER BY id");
    let rows = db.all(all).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let found = db.readable(&rows, leases::read)?;
    {
        let mut pending = db.lease_journal().pending();
        for lease in found {
            pending.put(lease);
        }
    }
    if let Err(error) = fold_all(db).await {
        // On a disk that is full, what is in the journal is still known.
        tracing::warn!(%error, "the journal of leases is not folded into their table yet");
    }
    Ok(())
}

/// Folds what it holds, in a transaction of its own.
pub(crate) async fn fold_all(db: &Db) -> Result<(), StoreError> {
    if db.lease_journal().pending().rows() == 0 {
        return Ok(());
    }
    let mut transaction = db.begin().await?;
    fold(&mut transaction).await?;
    transaction.commit_and(|| {}).await
}

const JOURNAL: Insert = Insert {
    table: "lease_journal",
    columns: &leases::COLUMNS,
    rest: "",
};
