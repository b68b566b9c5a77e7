//! Boots whose kernel never starts: they fetch it with its RAM disk, and ask for their script again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::boot::{Boot, BootStep};
use machine_core::id::BootId;

/// Boots that are counted; then all are counted anew.
const BOOTS: usize = 8192;

/// How often boots came back from their kernel.
#[derive(Debug, Default)]
pub(super) struct Restarts(Mutex<BTreeMap<BootId, u32>>);

impl Restarts {
    /// Counts that this boot asks for its script; how often it has come back from its kernel.
    pub(super) fn count(&self, boot: &Boot) -> u32 {
        if boot.step < BootStep::Initrd {
            return 0;
        }
        let mut boots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if boots.len() >= BOOTS && !boots.contains_key(&boot.id) {
            boots.clear();
        }
        let count = boots.entry(boot.id).or_default();
        *count = count.saturating_add(1);
        *count
    }
}
