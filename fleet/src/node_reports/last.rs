//! What each machine told last, so that what is sent again is not told twice.
//!
//! It is taken out while the next is committed, and put back when that is durable. A commit that
//! fails, and a call that breaks off, leave nothing behind: then the records are asked.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::id::{BootId, MachineId};
use machine_core::report::{STATUS, Told};

/// What every machine told last.
#[derive(Debug)]
pub(super) struct Lasts(Mutex<BTreeMap<MachineId, Last>>);

/// What a machine told last, of what is kept.
#[derive(Debug)]
pub(super) struct Last {
    boot: BootId,
    id: String,
    status: Option<String>,
}

impl Lasts {
    /// Nobody told anything.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Takes out what this machine told last, if it was in this boot.
    pub(super) fn take(&self, machine: MachineId, boot: BootId) -> Option<Last> {
        let last = self.lock().remove(&machine);
        last.filter(|last| last.boot == boot)
    }

    /// Remembers what is durable now.
    pub(super) fn keep(&self, machine: MachineId, last: Last) {
        self.lock().insert(machine, last);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MachineId, Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Last {
    /// What was told last once this is told, too.
    pub(super) fn after(before: Option<Self>, boot: BootId, id: String, told: &Told) -> Self {
        let status = if told.kind == STATUS {
            Some(told.detail.clone())
        } else {
            before.and_then(|before| before.status)
        };
        Self { boot, id, status }
    }

    /// Whether it says this already: the same event, sent again, or the same status, which nodes
    /// tell again and again as new events. `None` if it has no word of a status.
    pub(super) fn says(&self, id: &str, told: &Told) -> Option<bool> {
        if self.id == id || told.kind != STATUS {
            return Some(self.id == id);
        }
        let status = self.status.as_ref();
        status.map(|status| *status == told.detail)
    }
}
