//! The power of machines, through their BMCs.

use async_trait::async_trait;
use machine_core::machine::Machine;
use machine_core::power::PowerState;

use crate::effects::error::EffectError;

/// What to do with a machine's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerRequest {
    /// Bring it on.
    On,
    /// Bring it off.
    Off(PowerOff),
    /// Off, seen off, then on.
    Cycle(PowerOff),
}

/// How a machine is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerOff {
    /// The system that runs is asked to shut down (ACPI); its power is cut if it does not.
    Graceful,
    /// Its power is cut at once.
    Forced,
}

/// The BMCs of machines.
#[async_trait]
pub trait PowerControl: Send + Sync + 'static {
    /// Switches a machine's power and says what it is then.
    async fn switch_power(
        &self,
        machine: &Machine,
        request: PowerRequest,
    ) -> Result<PowerState, EffectError>;
    /// The GUID that a machine's BMC says of the machine around it, in hexadecimal digits; none if
    /// it says nothing that could identify a machine.
    async fn bmc_guid(&self, machine: &Machine) -> Result<Option<String>, EffectError>;
}
