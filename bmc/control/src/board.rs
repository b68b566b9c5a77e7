//! Whether a BMC is in the machine that it is recorded for.
//!
//! A mistyped address is the BMC of somebody else's machine. Both know who they are: the firmware
//! says the SMBIOS system UUID, and the BMC the GUID of the system around it (IPMI 2.0 §22.14),
//! which is meant to be the same number.

use bmc_ipmi::application::SystemGuid;
use machine_core::hardware::SystemUuid;

/// What a BMC's GUID says of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardMatch {
    /// The BMC is in this machine.
    Same,
    /// It is in another one, or counts its GUID in its own way.
    Other(SystemGuid),
    /// It says nothing that could tell: no GUID, or a placeholder.
    Untold,
}

/// Compares what a BMC says with the UUID of the machine that it is recorded for.
pub fn match_board(said: Option<SystemGuid>, uuid: &SystemUuid) -> BoardMatch {
    match said.filter(|guid| guid.is_usable()) {
        None => BoardMatch::Untold,
        Some(guid) if guid.is(uuid) => BoardMatch::Same,
        Some(guid) => BoardMatch::Other(guid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_guid_that_says_something_can_contradict() {
        let uuid: SystemUuid = "4c4c4544-0000-4000-8000-0123456789ab".parse().unwrap();
        let mut reversed = *uuid.as_bytes();
        reversed.reverse();
        let other = SystemGuid([0x17; 16]);
        let mut placeholder: SystemUuid = "03000200-0400-0500-0006-000700080009".parse().unwrap();
        for said in [
            None,
            Some(SystemGuid([0; 16])),
            Some(SystemGuid([0xff; 16])),
        ] {
            assert_eq!(match_board(said, &uuid), BoardMatch::Untold, "{said:?}");
        }
        for _ in 0..2 {
            let said = Some(SystemGuid(*placeholder.as_bytes()));
            assert_eq!(match_board(said, &uuid), BoardMatch::Untold, "{said:?}");
            placeholder = SystemUuid::from_mixed_endian(*placeholder.as_bytes());
        }
        for said in [*uuid.as_bytes(), reversed] {
            let said = Some(SystemGuid(said));
            assert_eq!(match_board(said, &uuid), BoardMatch::Same, "{said:?}");
        }
        assert_eq!(match_board(Some(other), &uuid), BoardMatch::Other(other));
    }
}
