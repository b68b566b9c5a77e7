//! What a status other than 0 in the handshake means (§13.24, table 13-15).

use crate::error::{AuthenticationFailure, IpmiError, RakpStatus, Step, SuiteRefusal};
use crate::handshake::{Handshake, Stage};

/// The error of a login that the BMC refuses with `status`.
pub(crate) fn error(handshake: &Handshake, status: RakpStatus) -> IpmiError {
    let step = handshake.step();
    let crossed = matches!(handshake.stage, Stage::Rakp3 { crossed: true, .. });
    match (step, status.0) {
        (Step::OpenSession, 0x03..=0x07 | 0x10..=0x12) => IpmiError::CipherSuiteRefused {
            suite: handshake.suite,
            refusal: SuiteRefusal::Status(status),
        },
        (_, 0x01 | 0x0b) => IpmiError::NoFreeSession { status },
        (_, 0x09 | 0x0a) => IpmiError::PrivilegeRefused {
            wanted: handshake.privilege,
            got: format!("status {status}"),
        },
        (_, 0x0c | 0x0d) => IpmiError::AuthenticationFailed(AuthenticationFailure::UnknownUser),
        (_, 0x0f) if !crossed => {
            IpmiError::AuthenticationFailed(AuthenticationFailure::ProofRefused)
        }
        _ => IpmiError::SessionRefused { step, status },
    }
}
