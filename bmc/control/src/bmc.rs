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
    /// Whether the machine has power.
    async fn power(&self) -> Result<PowerState, BmcError>;

    /// Brings the machine's power to `wanted`. Looks first, so that nothing is done to a machine that
    /// is there already; does not wait until the machine has followed.
    async fn set_power(&self, wanted: PowerState) -> Result<PowerChange, BmcError>;

    /// Says what the machine boots next, once, and reads back what the BMC made of it.
    async fn set_boot(&self, wanted: BootOverride) -> Result<BootOverrideOutcome, BmcError>;

    /// Who the BMC says it is.
    async fn identity(&self) -> Result<BmcIdentity, BmcError>;
}

/// What it took to bring the power to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerChange {
    /// Nothing.
    AlreadyThere,
    /// The BMC took the command; the machine follows in a while.
    Commanded,
}

/// What a BMC made of a boot override. BMCs drop parts of it without an error, so this is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootOverrideOutcome {
    /// What was asked for.
    pub asked: BootOverride,
    /// The device and the EFI flag as they are now.
    pub read_back: BootOverride,
    /// The EFI flag is as asked. Without it a UEFI machine may still boot from the network, as its
    /// firmware likes.
    pub efi_kept: bool,
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
        self.read_back.device == self.asked.device
    }

    /// Whether all of it is as asked.
    pub fn is_as_asked(&self) -> bool {
        self.device_kept() && self.efi_kept && self.valid && !self.persistent
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
