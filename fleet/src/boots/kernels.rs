//! What is done about a kernel that never starts: it is told of, and in the end not sent any more.

use machine_core::boot::Boot;
use machine_core::time::Timestamp;
use pxe_server::directory::ScriptAnswer;

use crate::boots::BootAnswers;
use crate::site::About;

/// How often a boot may come back from its kernel before it is told of: a transfer that broke off
/// does so once or twice.
const TOLD: u32 = 5;
/// After how many times it gets no installer any more: each costs two hundred megabytes.
const MOST: u32 = 10;

impl BootAnswers {
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
            self.site.commit.try_event(event);
        }
        (count > MOST).then(|| ScriptAnswer::Wait { because: why() })
    }
}
