//! How much of what a machine says goes to its timeline: enough for every real story, and bounded
//! for one that never ends. What moves a state is not counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::boot::{Boot, BootOrigin};
use machine_core::id::{BootId, MachineId};
use machine_core::time::Timestamp;

/// Notes of a machine in one [`WINDOW`]: a whole install says about twenty.
const NOTES: u32 = 120;
/// Lines of a panic in one boot: the first say what it is.
const PANIC_LINES: u32 = 3;
/// Starts from disk in one [`WINDOW`]: one in three minutes is a machine that never comes up.
const DISK_BOOTS: usize = 20;
/// Over how long is counted.
const WINDOW: Duration = Duration::from_hours(1);
/// How soon after a start from disk there can't be another: the kernel alone takes as long.
const RESTART: Duration = Duration::from_secs(5);

/// What was told of each machine so far.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    notes: Mutex<BTreeMap<MachineId, (Timestamp, u32)>>,
    panics: Mutex<BTreeMap<MachineId, (BootId, u32)>>,
}

impl Allowance {
    /// Counts a note; whether there was room for it.
    pub(super) fn note(&self, machine: MachineId, now: Timestamp) -> bool {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = notes.entry(machine).or_insert((now, 0));
        if now.since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= NOTES
    }

    /// Counts a line of a panic; whether there was room for it.
    pub(super) fn panic_line(&self, machine: MachineId, boot: BootId) -> bool {
        let mut panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        let (in_boot, count) = panics.entry(machine).or_insert((boot, 0));
        if *in_boot != boot {
            (*in_boot, *count) = (boot, 0);
        }
        *count = count.saturating_add(1);
        *count <= PANIC_LINES
    }
}

/// Whether a machine with these boots may start from its disk once more.
pub(super) fn may_start_from_disk(boots: &[Boot], now: Timestamp) -> bool {
    let since = |boot: &Boot| now.since(boot.opened);
    let mut from_disk = boots.iter().filter(|boot| boot.origin == BootOrigin::Disk);
    let is_too_soon = from_disk
        .clone()
        .next()
        .is_some_and(|boot| since(boot) < RESTART);
    let recent = from_disk.by_ref().filter(|boot| since(boot) < WINDOW);
    !is_too_soon && recent.count() < DISK_BOOTS
}
