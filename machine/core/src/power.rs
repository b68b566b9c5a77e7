//! Power and boot order as levels: a plan says On or Off, never Cycle, so that repeating an action
//! after looking is the same action.

use std::fmt;

use crate::time::Timestamp;

/// Whether a machine has power, as its BMC says, or as a plan wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerState {
    /// Running, or at least powered.
    On,
    /// Off (ACPI G2/S5 or G3).
    Off,
}

impl PowerState {
    /// `on` or `off`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a machine's next start comes from, if not from its own boot order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootDevice {
    /// No override: the machine's own boot order.
    Default,
    /// The network, once.
    Network,
}

/// A one-time override of the boot order (IPMI 2.0 §28.12, parameter 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootOverride {
    /// What to boot next.
    pub device: BootDevice,
    /// Whether the override is for UEFI (the "BIOS boot type" bit); a BMC may lose it.
    pub efi: bool,
}

/// What the machine's BMC said when it was asked for this plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PowerObservation {
    /// There is no BMC to ask.
    NoBmc,
    /// It said this.
    Is(PowerState),
    /// It did not answer, or not usefully: what it said instead.
    Unreachable(String),
}

/// The last command to a machine's BMC for what is being tried now. It is remembered, not kept: a
/// new process does not know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerCommand {
    /// To which level.
    pub wanted: PowerState,
    /// When.
    pub at: Timestamp,
    /// The how-many-eth it was for what is being tried now, from 1.
    pub count: u32,
    /// What the BMC said instead of doing it.
    pub refused: Option<String>,
}
