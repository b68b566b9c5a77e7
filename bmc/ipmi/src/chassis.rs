//! Power and boot order: the chassis commands (§28).
//!
//! Power is a level: there are "down" and "up" here, never "cycle" or "reset"; and the request to the
//! system that runs to bring itself down.

use ipmi_rs_core::connection::{IpmiCommand, Message, NetFn, NotEnoughData};
use machine_core::power::{BootDevice, BootOverride, PowerState};

use crate::reader::Reader;

/// Get Chassis Status (§28.2).
#[derive(Debug, Clone, Copy)]
pub struct GetChassisStatus;

impl From<GetChassisStatus> for Message {
    fn from(_: GetChassisStatus) -> Self {
        Self::new_request(NetFn::Chassis, 0x01, Vec::new())
    }
}

/// What the chassis says of its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChassisStatus {
    /// On or off.
    pub power: PowerState,
    /// A fault was seen in the main power: overload, fault, or the control of it failed.
    pub fault: bool,
}

impl IpmiCommand for GetChassisStatus {
    type Output = ChassisStatus;
    type Error = NotEnoughData;

    fn parse_success_response(data: &[u8]) -> Result<ChassisStatus, NotEnoughData> {
        /// Overload (bit 1), fault (3), control fault (4).
        const FAULTS: u8 = 0b0001_1010;
        let state = Reader::new(data).byte().ok_or(NotEnoughData)?;
        Ok(ChassisStatus {
            power: if state & 1 == 1 {
                PowerState::On
            } else {
                PowerState::Off
            },
            fault: state & FAULTS != 0,
        })
    }
}

/// Chassis Control (§28.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChassisControl {
    /// Power goes off at once.
    PowerDown,
    /// Power comes on.
    PowerUp,
    /// The system that runs is asked by ACPI to shut down, which it may ignore. Not every BMC knows
    /// this.
    SoftShutdown,
}

impl From<PowerState> for ChassisControl {
    fn from(wanted: PowerState) -> Self {
        match wanted {
            PowerState::Off => Self::PowerDown,
            PowerState::On => Self::PowerUp,
        }
    }
}

impl From<ChassisControl> for Message {
    fn from(command: ChassisControl) -> Self {
        let control = match command {
            ChassisControl::PowerDown => 0x00,
            ChassisControl::PowerUp => 0x01,
            ChassisControl::SoftShutdown => 0x05,
        };
        Self::new_request(NetFn::Chassis, 0x02, vec![control])
    }
}

impl IpmiCommand for ChassisControl {
    type Output = ();
    type Error = NotEnoughData;

    fn parse_success_response(_: &[u8]) -> Result<(), NotEnoughData> {
        Ok(())
    }
}

/// Set System Boot Options (§28.12, parameters in table 28-14).
#[derive(Debug, Clone, Copy)]
pub enum SetBootOptions {
    /// Parameter 0: whether the parameters are being written. A BMC that knows this keeps what is
    /// written meanwhile as one.
    InProgress(bool),
    /// Parameter 3: an override stays valid when no Chassis Control follows within 60 seconds.
    /// Without it the BMC drops the override of a machine that is powered on later.
    KeepUntilUsed,
    /// Parameter 4: nobody has seen the boot information yet.
    Unseen,
    /// Parameter 5: what to boot next, once.
    Flags(BootOverride),
}

impl From<SetBootOptions> for Message {
    fn from(command: SetBootOptions) -> Self {
        let data = match command {
            SetBootOptions::InProgress(is_being_set) => vec![0x00, u8::from(is_being_set)],
            SetBootOptions::KeepUntilUsed => vec![0x03, 0b0000_1000],
            SetBootOptions::Unseen => vec![0x04, 0xff, 0xff],
            SetBootOptions::Flags(wanted) => {
                let flags = BootFlags::once(wanted);
                vec![0x05, flags.first_byte(), flags.selector << 2, 0, 0, 0]
            }
        };
        Self::new_request(NetFn::Chassis, 0x08, data)
    }
}

impl IpmiCommand for SetBootOptions {
    type Output = ();
    type Error = NotEnoughData;

    fn parse_success_response(_: &[u8]) -> Result<(), NotEnoughData> {
        Ok(())
    }
}

/// Get System Boot Options (§28.13), parameter 5.
#[derive(Debug, Clone, Copy)]
pub struct GetBootFlags;

impl From<GetBootFlags> for Message {
    fn from(_: GetBootFlags) -> Self {
        Self::new_request(NetFn::Chassis, 0x09, vec![0x05, 0x00, 0x00])
    }
}

impl IpmiCommand for GetBootFlags {
    type Output = BootFlags;
    type Error = NotEnoughData;

    /// Fewer bytes than the five of the parameter say nothing that could be relied on.
    fn parse_success_response(data: &[u8]) -> Result<BootFlags, NotEnoughData> {
        let [_version, parameter, first, second, _, _, _] =
            Reader::new(data).take::<7>().ok_or(NotEnoughData)?;
        Ok(BootFlags {
            valid: first & VALID != 0 && parameter & INVALID_PARAMETER == 0,
            persistent: first & PERSISTENT != 0,
            efi: first & EFI != 0,
            selector: second >> 2 & 0x0f,
        })
    }
}

/// Boot flags (parameter 5), as they were sent or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootFlags {
    /// The flags count for the next boot; the BMC clears this when they were used.
    pub valid: bool,
    /// They count for each boot from now on, not only for the next.
    pub persistent: bool,
    /// They are for UEFI, not for a PC BIOS.
    pub efi: bool,
    /// The device selector: 0 none, 1 network, 2 disk, others not used here.
    pub selector: u8,
}

const VALID: u8 = 0x80;
/// Beside the number of the parameter: what follows does not count (§28.13).
const INVALID_PARAMETER: u8 = 0x80;
const PERSISTENT: u8 = 0x40;
const EFI: u8 = 0x20;

impl BootFlags {
    /// The flags for `wanted`, once.
    pub const fn once(wanted: BootOverride) -> Self {
        Self {
            valid: true,
            persistent: false,
            efi: wanted.efi,
            selector: match wanted.device {
                BootDevice::Default => 0,
                BootDevice::Network => 1,
            },
        }
    }

    /// What the selector and the EFI flag say, whether the flags count or not.
    pub const fn said(self) -> BootOverride {
        BootOverride {
            device: if self.selector == 1 {
                BootDevice::Network
            } else {
                BootDevice::Default
            },
            efi: self.efi,
        }
    }

    const fn first_byte(self) -> u8 {
        (if self.valid { VALID } else { 0 })
            | (if self.persistent { PERSISTENT } else { 0 })
            | (if self.efi { EFI } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: BootOverride = BootOverride {
        device: BootDevice::Network,
        efi: true,
    };

    #[test]
    fn requests_are_those_of_the_specification() {
        for (message, command, data) in [
            (Message::from(GetChassisStatus), 0x01, vec![]),
            (ChassisControl::PowerDown.into(), 0x02, vec![0]),
            (ChassisControl::PowerUp.into(), 0x02, vec![1]),
            (ChassisControl::SoftShutdown.into(), 0x02, vec![5]),
            (SetBootOptions::InProgress(true).into(), 0x08, vec![0, 1]),
            (SetBootOptions::InProgress(false).into(), 0x08, vec![0, 0]),
            (SetBootOptions::KeepUntilUsed.into(), 0x08, vec![3, 8]),
            (SetBootOptions::Unseen.into(), 0x08, vec![4, 0xff, 0xff]),
            (
                SetBootOptions::Flags(NETWORK).into(),
                0x08,
                vec![5, 0xa0, 0x04, 0, 0, 0],
            ),
            (
                SetBootOptions::Flags(BootOverride {
                    device: BootDevice::Default,
                    efi: false,
                })
                .into(),
                0x08,
                vec![5, 0x80, 0x00, 0, 0, 0],
            ),
            (GetBootFlags.into(), 0x09, vec![5, 0, 0]),
        ] {
            assert_eq!(message.netfn_raw(), 0x00);
            assert_eq!((message.cmd(), message.data()), (command, &data[..]));
        }
    }

    #[test]
    fn power_and_faults() {
        for (state, power, fault) in [
            (0x00, PowerState::Off, false),
            (0x01, PowerState::On, false),
            (0x61, PowerState::On, false),
            (0x60, PowerState::Off, false),
            (0x0b, PowerState::On, true),
            (0x10, PowerState::Off, true),
        ] {
            let status = GetChassisStatus::parse_success_response(&[state, 0, 0]).unwrap();
            assert_eq!(status, ChassisStatus { power, fault }, "{state:#04x}");
        }
        assert!(GetChassisStatus::parse_success_response(&[]).is_err());
    }

    #[test]
    fn flags_as_two_bmcs_read_them_back() {
        let read = |bytes: [u8; 7]| GetBootFlags::parse_success_response(&bytes).unwrap();
        // pyghmi 1.6.19 keeps them, ipmi_sim 2.0.33 keeps the selector only.
        let kept = read([1, 5, 0xa0, 0x04, 0, 0, 0]);
        assert_eq!(kept, BootFlags::once(NETWORK));
        let reduced = read([1, 5, 0x00, 0x04, 0, 0, 0]);
        assert_eq!(
            (reduced.valid, reduced.efi, reduced.selector),
            (false, false, 1)
        );
        assert_eq!(reduced.said().device, BootDevice::Network);
        assert_eq!(
            read([1, 5, 0x80, 0x08, 0, 0, 0]).said().device,
            BootDevice::Default
        );
        assert!(!read([1, 0x85, 0xa0, 0x04, 0, 0, 0]).valid);
    }

    #[test]
    fn fewer_than_the_five_bytes_of_the_boot_flags_are_no_answer() {
        let whole = [1, 5, 0xa0, 0x04, 0, 0, 0];
        for length in 0..whole.len() {
            let cut = &whole[..length];
            assert!(
                GetBootFlags::parse_success_response(cut).is_err(),
                "{cut:?}"
            );
        }
    }
}
