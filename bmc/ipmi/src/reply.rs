//! What a BMC answered to a command, and what the command makes of it.

use ipmi_rs_core::connection::{IpmiCommand, NotEnoughData};

use crate::command::{CommandName, CompletionCode};
use crate::error::IpmiError;

/// What a BMC answered to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The command.
    pub command: CommandName,
    /// How it ended.
    pub completion: CompletionCode,
    /// What came with it.
    pub payload: Vec<u8>,
}

impl Reply {
    /// What command `C` makes of this answer to it.
    pub fn read<C: IpmiCommand<Error = NotEnoughData>>(&self) -> Result<C::Output, IpmiError> {
        if self.completion != CompletionCode::OK {
            return Err(IpmiError::CompletionCode {
                command: self.command,
                code: self.completion,
            });
        }
        C::parse_success_response(&self.payload).map_err(|NotEnoughData| IpmiError::Malformed {
            command: self.command,
            length: self.payload.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipmi_rs_core::app::GetDeviceId;

    #[test]
    fn an_error_names_the_command_and_the_code() {
        let reply = Reply {
            command: CommandName::of(&GetDeviceId.into()),
            completion: CompletionCode::INSUFFICIENT_PRIVILEGE,
            payload: Vec::new(),
        };
        let error = reply.read::<GetDeviceId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the BMC answered Get Device ID (0x06/0x01) with 0xd4 (InsufficientPrivilege)"
        );
    }

    #[test]
    fn a_short_answer_is_malformed() {
        let reply = Reply {
            command: CommandName::of(&GetDeviceId.into()),
            completion: CompletionCode::OK,
            payload: vec![0; 10],
        };
        assert!(matches!(
            reply.read::<GetDeviceId>(),
            Err(IpmiError::Malformed { length: 10, .. })
        ));
    }
}
