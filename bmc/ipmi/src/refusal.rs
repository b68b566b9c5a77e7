//! What a status other than 0 in the handshake means (§13.24, table 13-15).

use crate::cipher::CipherSuite;
use crate::error::{AuthenticationFailure, IpmiError, RakpStatus, Step, SuiteRefusal};
use crate::privilege::Privilege;

/// What was asked for when the BMC refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) step: Step,
    pub(crate) suite: CipherSuite,
    pub(crate) privilege: Privilege,
    /// RAKP-1 was sent more than once, so the BMC may hold another random number than we do.
    pub(crate) crossed: bool,
}

impl Refused {
    /// The error of a login that ends with `status`.
    pub(crate) fn error(self, status: RakpStatus) -> IpmiError {
        let Self {
            step,
            suite,
            privilege,
            crossed,
        } = self;
        match (step, status.0) {
            (Step::OpenSession, 0x03..=0x07 | 0x10..=0x12) => IpmiError::CipherSuiteRefused {
                suite,
                refusal: SuiteRefusal::Status(status),
            },
            (_, 0x01 | 0x0b) => IpmiError::NoFreeSession { status },
            (_, 0x09 | 0x0a) => IpmiError::PrivilegeRefused {
                wanted: privilege,
                got: format!("status {status}"),
            },
            (_, 0x0c | 0x0d) => IpmiError::AuthenticationFailed(AuthenticationFailure::UnknownUser),
            (_, 0x0f) if !crossed => {
                IpmiError::AuthenticationFailed(AuthenticationFailure::ProofRefused)
            }
            _ => IpmiError::SessionRefused { step, status },
        }
    }
}
