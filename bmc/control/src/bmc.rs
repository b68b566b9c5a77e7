//! What can be asked of a BMC, whatever it speaks.
//!
//! Each operation may be repeated: power is a level that is looked at first, and a boot override is
//! written whole and read back.

use std::fmt;

use async_trait::async_trait;
use bmc_ipmi::application::SystemGuid;
use machine_core::power::{BootOverride, PowerState};

use crate::error::BmcError;

/// A BMC that a caller may log in to.
#[async_trait]
pub trait Bmc: fmt::Debug + Send + Sync {
    /// A session for one operation: one login, however often is asked within it. Waits until nobody
    /// else has one, because BMCs have few and some freeze over several. Nothing is sent before it
    /// is asked for something.
    async fn session(&self) -> Result<Box<dyn BmcSession>, BmcError>;

    /// Whether the machine has power, asked in a session for this question alone.
    async fn power(&self) -> Result<PowerState, BmcError> {
        let mut session = self.session().await?;
        let power = session.power().await;
        session.close().await;
        power
    }
}

/// A session with a BMC. One that the BMC has lost is opened anew by the next question, so a caller
/// who looks again and again may pass over a question that failed.
#[async_trait]
pub trait BmcSession: fmt::Debug + Send {
    /// Whether the machine has power.
    async fn power(&mut self) -> Result<PowerState, BmcError>;

    /// Brings the machine's power to `wanted`. Looks first, so that nothing is done to a machine that
    /// is there already; does not wait until the machine has followed.
    async fn set_power(&mut self, wanted: PowerState) -> Result<PowerChange, BmcError>;

    /// Asks the system that runs to shut down (ACPI), which it may ignore.
    async fn shut_down(&mut self) -> Result<ShutdownRequest, BmcError>;

    /// Says what the machine boots next, once, and reads back what the BMC made of it.
    async fn set_boot(&mut self, wanted: BootOverride) -> Result<BootOverrideOutcome, BmcError>;

    /// Who the BMC says it is.
    async fn identity(&mut self) -> Result<BmcIdentity, BmcError>;

    /// Logs out. A session that is dropped instead holds a place in the BMC until that ends it, about
    /// a minute later.
    async fn close(self: Box<Self>);
}

/// What it took to bring the power to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerChange {
    /// Nothing.
    AlreadyThere,
    /// The BMC took the command; the machine follows in a while.
    Commanded,
}

/// What came of asking the system that runs to shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutdownRequest {
    /// The machine is off.
    AlreadyOff,
    /// The BMC has passed it on; whether anybody heard it is seen later.
    Asked,
    /// The BMC can't do that, at all or now.
    NotOffered,
}

/// What a BMC made of a boot override. BMCs drop parts of it without an error, so this is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootOverrideOutcome {
    /// What was asked for.
    pub asked: BootOverride,
    /// The device and the EFI flag as they are now; `None` if the BMC does not tell, or not all of
    /// it.
    pub read_back: Option<BootOverride>,
    /// The BMC says that the override counts for the next boot. One that keeps the device and says
    /// that it does not count (`ipmi_sim` does) may still obey.
    pub valid: bool,
    /// The override stays for all boots, though it was asked for once. Nobody takes it back:
    /// docs/decisions/004 says why.
    pub persistent: bool,
}

impl BootOverrideOutcome {
    /// Whether the device is as asked.
    pub fn device_kept(&self) -> bool {
        self.read_back
            .is_some_and(|it| it.device == self.asked.device)
    }

    /// Whether the EFI flag is as asked. Without it a UEFI machine may still boot from the network,
    /// as its firmware likes.
    pub fn efi_kept(&self) -> bool {
        self.read_back.is_some_and(|it| it.efi == self.asked.efi)
    }

    /// Whether all of it is as asked.
    pub fn is_as_asked(&self) -> bool {
        self.read_back == Some(self.asked) && self.valid && !self.persistent
    }
}

/// Who a BMC says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BmcIdentity {
    /// Its maker's IANA enterprise number.
    pub manufacturer: u32,
    /// The maker's number for the product.
    pub product: u16,
    /// The version of its firmware, `major.minor`.
    pub firmware: String,
    /// The GUID of the machine, if the BMC tells.
    pub system_guid: Option<SystemGuid>,
}
