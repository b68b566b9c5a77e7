//! What the model does when it is told to.

use super::Bmc;
use super::lie::Lie;

impl Bmc {
    pub(super) fn execute(&mut self, function: u8, command: u8, data: &[u8]) -> Vec<u8> {
        if let Lie::Completes(code, times) = self.lie
            && (function, command) != (0x06, 0x3b)
            && times > 0
        {
            self.lie = Lie::Completes(code, times - 1);
            return vec![code];
        }
        if self.unknown.contains(&(function, command)) {
            return vec![0xc1];
        }
        let operator = self.session.level >= 3;
        match (function, command, data) {
            (0x06, 0x3b, [level]) if *level <= self.limit => {
                self.session.level = (*level).max(2);
                vec![0, self.session.level]
            }
            (0x06, 0x3b, _) => vec![0x81],
            // The answer still goes out under the session's keys.
            (0x06, 0x3c, _) => vec![0],
            (0x06, 0x01, _) => vec![0, 0x20, 1, 2, 0x34, 0x51, 0x9f, 0x91, 0x12, 0, 0x02, 0x0f],
            (0x06, 0x37, _) => [&[0][..], &self.guid].concat(),
            (0x00, 0x01, _) => vec![0, u8::from(self.power), 0, 0],
            (0x00, 0x02 | 0x08, _) if !operator => vec![0xd4],
            (0x00, 0x02, [control]) => self.control(*control),
            (0x00, 0x08, [parameter, data @ ..]) => self.set_boot_option(*parameter, data),
            (0x00, 0x09, [0x05, ..]) => {
                let kept = &self.boot_flags[..self.told_flags];
                [&[0, 1, 5][..], kept].concat()
            }
            _ => vec![0xc1],
        }
    }

    /// Chassis Control (§28.3).
    fn control(&mut self, control: u8) -> Vec<u8> {
        if let Lie::IgnoresControl(times) = self.lie
            && times > 0
        {
            self.lie = Lie::IgnoresControl(times - 1);
            return vec![0];
        }
        match control {
            0x01 if self.power => vec![0xd5],
            0x00 | 0x01 => {
                self.power = control == 1;
                vec![0]
            }
            0x05 => match self.shutdown {
                Shutdown::Unknown => vec![0xcc],
                Shutdown::Obeyed => {
                    self.power = false;
                    vec![0]
                }
                Shutdown::Unheard => vec![0],
            },
            _ => vec![0xcc],
        }
    }

    /// Set System Boot Options (§28.12): parameter 5 must be known, the others may be.
    fn set_boot_option(&mut self, parameter: u8, data: &[u8]) -> Vec<u8> {
        match (parameter, data) {
            (0x00, [state]) if self.knows_parameter_0 => {
                self.in_progress = *state == 1;
                vec![0]
            }
            (0x03, [kept]) if self.knows_parameter_3 => {
                self.kept_through = *kept;
                vec![0]
            }
            (0x04, [_, _]) => vec![0],
            (0x05, flags) if flags.len() == 5 => {
                self.boot_flags.copy_from_slice(flags);
                let is_lost = match self.lie {
                    Lie::DropsDeviceUnlessInProgress => !self.in_progress,
                    Lie::DropsDeviceWithEfi => flags[0] & 0x20 != 0,
                    Lie::DropsDevice => true,
                    _ => false,
                };
                if is_lost {
                    self.boot_flags[1] = 0;
                }
                vec![0]
            }
            _ => vec![0x80],
        }
    }
}

/// What comes of the request to the system that runs to shut itself down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// The BMC does not know that command.
    Unknown,
    /// The system shuts down.
    #[default]
    Obeyed,
    /// Nobody listens: no system runs, or it hangs.
    Unheard,
}
