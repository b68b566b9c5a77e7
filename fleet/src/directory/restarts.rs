//! Boots whose kernel never starts: they fetch it with its RAM disk, and ask for their script again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::boot::{Boot, BootStep};
use machine_core::id::BootId;

use crate::directory::BootDirectory;
use crate::records::About;
use machine_core::time::Timestamp;
use pxe_server::directory::ScriptAnswer;

/// How often a boot may come back from its kernel before it is told of: a transfer that broke off
/// does so once or twice.
const TOLD: u32 = 5;
/// After how many times it gets no installer any more: each costs two hundred megabytes.
const MOST: u32 = 10;
/// Boots that are counted; then all are counted anew.
const BOOTS: usize = 8192;

/// How often boots came back from their kernel.
#[derive(Debug, Default)]
pub(super) struct Restarts(Mutex<BTreeMap<BootId, u32>>);

impl Restarts {
    /// Counts that this boot asks for its script; how often it has come back from its kernel.
    fn count(&self, boot: &Boot) -> u32 {
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

impl BootDirectory {
    /// The wait of a boot whose kernel did not start so often that another try changes nothing.
    pub(super) fn gives_up_kernel(&self, boot: &Boot, at: Timestamp) -> Option<ScriptAnswer> {
        let count = self.restarts.count(boot);
        let why = || {
            format!(
                "it fetched its kernel and RAM disk {count} times and asked for its script again: the \
                 kernel does not start; look at its console: Secure Boot refuses it, or its memory is \
                 too small"
            )
        };
        if count == TOLD {
            let event = About::boot(boot).event(at, "trouble", why());
            self.records.commit.try_event(event);
        }
        (count > MOST).then(|| ScriptAnswer::Wait { because: why() })
    }
}
