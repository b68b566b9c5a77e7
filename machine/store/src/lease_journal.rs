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

use std::mem;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine_core::network::{ClientKey, Lease, SubnetName};

use crate::lease_journal::pending::Pending;

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

/// What the table of leases does not know yet.
#[derive(Debug)]
pub(crate) struct Folded {
    /// By subnet and client.
    pub(crate) leases: Vec<Lease>,
    /// The addresses that nobody has any more.
    pub(crate) left: Vec<(SubnetName, IpAddr)>,
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

    /// Holds what was found in the journal of a database that was just opened, in its order.
    pub(crate) fn hold(&self, found: Vec<Lease>) {
        let mut pending = self.pending();
        for lease in found {
            pending.put(lease);
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.pending().rows()
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
    /// How many rows the journal had when the transaction began.
    pub(crate) fn rows(&self) -> usize {
        self.journal.rows()
    }

    /// Who had an address then, if the journal knew it.
    pub(crate) fn holder(&self, subnet: &SubnetName, address: IpAddr) -> Option<ClientKey> {
        self.journal.pending().holder(subnet, address)
    }

    /// Notes that leases were appended.
    pub(crate) fn append<'a>(&mut self, leases: impl Iterator<Item = &'a Lease>) {
        self.appended.extend(leases.cloned());
    }

    /// What is to be folded. None if there is nothing, or if this transaction has done it already.
    pub(crate) fn take(&mut self) -> Option<Folded> {
        let pending = self.journal.pending();
        if pending.is_empty() || mem::replace(&mut self.is_folded, true) {
            return None;
        }
        Some(Folded {
            leases: pending.leases().cloned().collect(),
            left: pending.left(),
        })
    }

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
