//! What a test may ask of the stand-in: troubles that real machines have now and then.
//!
//! They stand on the kernel line as `node.…`, which a Talos would pass over. The line of a boot from
//! disk is the boot loader's own, so those that last are kept beside the config in STATE.

use crate::command_line::CommandLine;
use std::time::Duration;

/// What is asked of this boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Whether the installer ends by an error before it has written anything.
    pub install: InstallQuirk,
    /// Those that last.
    pub lasting: Lasting,
}

/// What is asked of the installer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InstallQuirk {
    /// Nothing.
    #[default]
    Works,
    /// `node.install=fails-once`: it fails, unless an installation to one of the disks has failed
    /// before and none has gone well since.
    FailsOnce,
    /// `node.install=fails`.
    Fails,
}

/// What is asked of this boot and of those that follow from its disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lasting {
    /// `node.log-from=N`: the kernel's ring buffer has lost every record before this number.
    pub log_from: u16,
    /// `node.time-after=SECONDS`: how much later than usual the clock is synchronised.
    pub time_after: u8,
}

impl Quirks {
    /// Reads them from the kernel line. A number that is none is 0.
    pub fn read(line: &CommandLine) -> Self {
        let value = |name| line.first(name).unwrap_or_default();
        Self {
            install: match value("node.install") {
                "fails" => InstallQuirk::Fails,
                "fails-once" => InstallQuirk::FailsOnce,
                _ => InstallQuirk::Works,
            },
            lasting: Lasting {
                log_from: value("node.log-from").parse().unwrap_or_default(),
                time_after: value("node.time-after").parse().unwrap_or_default(),
            },
        }
    }
}

impl InstallQuirk {
    /// Whether the installer is to fail; `failed_before` if one has.
    pub fn fails(self, failed_before: bool) -> bool {
        match self {
            Self::Works => false,
            Self::FailsOnce => !failed_before,
            Self::Fails => true,
        }
    }
}

impl Lasting {
    /// How much later than usual the clock is synchronised.
    pub fn time_after(self) -> Duration {
        Duration::from_secs(self.time_after.into())
    }

    /// As they stand in STATE.
    pub const fn to_bytes(self) -> [u8; 3] {
        let [low, high] = self.log_from.to_le_bytes();
        [low, high, self.time_after]
    }

    /// Read back from STATE.
    pub const fn from_bytes([low, high, time_after]: [u8; 3]) -> Self {
        Self {
            log_from: u16::from_le_bytes([low, high]),
            time_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_stand_on_the_kernel_line() {
        let line = "node.install=fails node.log-from=134 node.time-after=30";
        let quirks = Quirks::read(&CommandLine::parse(line));
        assert!(quirks.install.fails(true));
        assert_eq!(quirks.lasting.log_from, 134);
        assert_eq!(quirks.lasting.time_after(), Duration::from_secs(30));
        assert_eq!(
            Lasting::from_bytes(quirks.lasting.to_bytes()),
            quirks.lasting
        );
        let once = Quirks::read(&CommandLine::parse("node.install=fails-once")).install;
        assert!(once.fails(false) && !once.fails(true));
        let none = Quirks::read(&CommandLine::parse("node.log-from=x quiet"));
        assert_eq!(none, Quirks::default());
    }
}
