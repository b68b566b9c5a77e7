//! Commands of the BMC itself: what it can do, who it is, and the session (§20, §22).
//!
//! Get Device ID is `ipmi_rs_core::app::GetDeviceId`.

use std::fmt;

use ipmi_rs_core::connection::{IpmiCommand, Message, NetFn, NotEnoughData};
use machine_core::hardware::SystemUuid;

use crate::privilege::Privilege;
use crate::reader::Reader;

/// Get Channel Authentication Capabilities (§22.13), for the channel that it comes in by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GetCapabilities {
    pub(crate) privilege: Privilege,
}

impl From<GetCapabilities> for Message {
    fn from(command: GetCapabilities) -> Self {
        /// The channel that this comes in by, with the IPMI 2.0 part of the answer.
        const THIS_CHANNEL: u8 = 0x8e;
        let data = vec![THIS_CHANNEL, command.privilege.level()];
        Self::new_request(NetFn::App, 0x38, data)
    }
}

/// What the BMC's channel can do, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) rmcp_plus: bool,
}

impl IpmiCommand for GetCapabilities {
    type Output = Capabilities;
    type Error = NotEnoughData;

    fn parse_success_response(data: &[u8]) -> Result<Capabilities, NotEnoughData> {
        let [_channel, types, _status, extended] =
            Reader::new(data).take::<4>().ok_or(NotEnoughData)?;
        Ok(Capabilities {
            rmcp_plus: types & 0x80 != 0 && extended & 0x02 != 0,
        })
    }
}

/// Set Session Privilege Level (§22.18). A session starts as a user's, however much was asked for in
/// the handshake; without this, Chassis Control ends with 0xd4.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SetPrivilege(pub(crate) Privilege);

impl From<SetPrivilege> for Message {
    fn from(command: SetPrivilege) -> Self {
        Self::new_request(NetFn::App, 0x3b, vec![command.0.level()])
    }
}

impl IpmiCommand for SetPrivilege {
    /// The level that the session now has.
    type Output = u8;
    type Error = NotEnoughData;

    fn parse_success_response(data: &[u8]) -> Result<u8, NotEnoughData> {
        let level = Reader::new(data).byte().ok_or(NotEnoughData)?;
        Ok(level & 0x0f)
    }
}

/// Close Session (§22.19).
#[derive(Debug, Clone, Copy)]
pub(crate) struct CloseSession {
    pub(crate) session: u32,
}

impl From<CloseSession> for Message {
    fn from(command: CloseSession) -> Self {
        Self::new_request(NetFn::App, 0x3c, command.session.to_le_bytes().to_vec())
    }
}

/// Get System GUID (§22.14): the identity of the machine around the BMC.
#[derive(Debug, Clone, Copy)]
pub struct GetSystemGuid;

impl From<GetSystemGuid> for Message {
    fn from(_: GetSystemGuid) -> Self {
        Self::new_request(NetFn::App, 0x37, Vec::new())
    }
}

impl IpmiCommand for GetSystemGuid {
    type Output = SystemGuid;
    type Error = NotEnoughData;

    fn parse_success_response(data: &[u8]) -> Result<SystemGuid, NotEnoughData> {
        Reader::new(data)
            .take()
            .map(SystemGuid)
            .ok_or(NotEnoughData)
    }
}

/// The machine's GUID, in the order in which the BMC sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemGuid(pub [u8; 16]);

impl SystemGuid {
    /// Whether this is that UUID of SMBIOS. IPMI wants the least significant byte first (§20.8);
    /// BMCs send that, the printed order, or the mixed order of SMBIOS.
    pub fn is(self, uuid: &SystemUuid) -> bool {
        self.readings().contains(uuid)
    }

    /// Whether it can identify anything: a placeholder in any order can't.
    pub fn is_usable(self) -> bool {
        self.readings().iter().all(SystemUuid::is_usable)
    }

    fn readings(self) -> [SystemUuid; 3] {
        let mut reversed = self.0;
        reversed.reverse();
        [
            SystemUuid::from_bytes(self.0),
            SystemUuid::from_bytes(reversed),
            SystemUuid::from_mixed_endian(self.0),
        ]
    }
}

/// 32 hexadecimal digits, in the order in which the BMC sent it.
impl fmt::Display for SystemGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bmc_of_ipmi_1_5_is_told_apart() {
        for (data, rmcp_plus) in [
            ([0x01, 0x80, 0x14, 0x02], true),
            ([0x01, 0x80, 0x14, 0x03], true),
            ([0x01, 0x80, 0x14, 0x01], false),
            ([0x01, 0x15, 0x14, 0x00], false),
            ([0x01, 0x15, 0x14, 0x02], false),
        ] {
            let capabilities = GetCapabilities::parse_success_response(&data).unwrap();
            assert_eq!(capabilities, Capabilities { rmcp_plus }, "{data:02x?}");
        }
        assert!(GetCapabilities::parse_success_response(&[1, 0x80, 0]).is_err());
    }

    #[test]
    fn a_guid_is_known_in_three_orders() {
        let uuid: SystemUuid = "4c4c4544-0000-4000-8000-0123456789ab".parse().unwrap();
        let printed = *uuid.as_bytes();
        let mut reversed = printed;
        reversed.reverse();
        let mixed = *SystemUuid::from_mixed_endian(printed).as_bytes();
        let mut other = printed;
        other[15] = 0;
        for (bytes, known) in [
            (printed, true),
            (reversed, true),
            (mixed, true),
            (other, false),
        ] {
            assert_eq!(SystemGuid(bytes).is(&uuid), known, "{bytes:02x?}");
        }
    }
}
