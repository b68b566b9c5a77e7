//! What the commands are called, and what a BMC may answer to them.

use std::fmt;

use ipmi_rs_core::connection::{CompletionErrorCode, Message};

/// One command of IPMI: its network function (§5.1) and its number (appendix G).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandName {
    network_function: u8,
    command: u8,
}

impl CommandName {
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            network_function: message.netfn_raw(),
            command: message.cmd(),
        }
    }

    const fn as_str(self) -> &'static str {
        match (self.network_function, self.command) {
            (0x00, 0x01) => "Get Chassis Status",
            (0x00, 0x02) => "Chassis Control",
            (0x00, 0x08) => "Set System Boot Options",
            (0x00, 0x09) => "Get System Boot Options",
            (0x06, 0x01) => "Get Device ID",
            (0x06, 0x37) => "Get System GUID",
            (0x06, 0x38) => "Get Channel Authentication Capabilities",
            (0x06, 0x3b) => "Set Session Privilege Level",
            (0x06, 0x3c) => "Close Session",
            _ => "command",
        }
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            network_function,
            command,
        } = self;
        write!(
            f,
            "{} ({network_function:#04x}/{command:#04x})",
            self.as_str()
        )
    }
}

impl fmt::Debug for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a BMC ended a command (§5.2, table 5-2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CompletionCode(pub u8);

impl CompletionCode {
    /// It was done.
    pub const OK: Self = Self(0x00);
    /// The BMC has no room for it now; it may be sent again.
    pub const NODE_BUSY: Self = Self(0xc0);
    /// The BMC still works on the first of two equal requests.
    pub const DUPLICATE: Self = Self(0xcf);
    /// This session may not do that.
    pub const INSUFFICIENT_PRIVILEGE: Self = Self(0xd4);
    /// Not in the state that the machine is in, such as "power up" when it is on.
    pub const NOT_IN_THIS_STATE: Self = Self(0xd5);
}

impl fmt::Display for CompletionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)?;
        match CompletionErrorCode::try_from(self.0) {
            Ok(meaning) => write!(f, " ({meaning:?})"),
            Err(()) => f.write_str(" (done)"),
        }
    }
}

impl fmt::Debug for CompletionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
