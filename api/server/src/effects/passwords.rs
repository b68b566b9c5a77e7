//! The passwords of BMCs, sealed.

use async_trait::async_trait;
use machine_core::id::MachineId;
use machine_store::change::SecretWrite;

use crate::effects::error::EffectError;

/// Where the passwords of BMCs are kept.
#[async_trait]
pub trait PasswordVault: Send + Sync + 'static {
    /// The password of a machine's BMC, sealed.
    fn seal_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<SecretWrite, EffectError>;
    /// The removal of the password of a machine's BMC.
    fn forget_bmc_password(&self, machine: MachineId) -> SecretWrite;
    /// Whether this is the password that is kept for a machine's BMC.
    async fn is_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<bool, EffectError>;
}
