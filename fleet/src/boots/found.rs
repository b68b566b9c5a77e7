//! Machines that were found in the network, told in the log: whoever waits for one sees it come, and
//! whoever expects none sees that there is one.

use machine_core::hardware::MacAddress;
use machine_core::time::Timestamp;
use tracing::info;

use crate::boots::BootAnswers;

impl BootAnswers {
    /// Tells of a machine that was found. The line stands within the span of its boot.
    pub(super) fn tell_found(&self, name: &str, card: MacAddress, at: Timestamp) {
        if let Some(more) = self.found.take(at) {
            info!(
                name,
                %card,
                more,
                "a machine was found in the network: it waits until somebody accepts it"
            );
        }
    }
}
