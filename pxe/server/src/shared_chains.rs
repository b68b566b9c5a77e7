//! Which cards were given a loader that led nowhere: counted where it is given, and ended where a
//! script is asked for, over DHCP by iPXE and over TFTP by GRUB.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::time::Timestamp;
use pxe_dhcp::chains::{Chains, Endless};

/// The counts. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedChains(Arc<Mutex<Chains>>);

impl SharedChains {
    /// A boot of this card is to be given a loader.
    pub(crate) fn load(
        &self,
        mac: MacAddress,
        boot: BootId,
        now: Timestamp,
    ) -> Result<(), Endless> {
        self.chains().load(mac, boot, now)
    }

    /// The card's loader has started: it asks for its script.
    pub(crate) fn started(&self, mac: MacAddress) {
        self.chains().became_ipxe(mac);
    }

    fn chains(&self) -> MutexGuard<'_, Chains> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
