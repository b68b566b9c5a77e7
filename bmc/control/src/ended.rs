//! Why an operation ended early, and which error that is to the caller.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use bmc_ipmi::command::CompletionCode;
use bmc_ipmi::error::IpmiError;

use crate::error::{BmcError, Operation};
use crate::line::LineError;

/// Why an operation ended early.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The session, or the socket.
    Line(LineError),
    /// Too many logins failed before.
    LockedOut { failures: usize, retry_in: Duration },
}

impl<E: Into<LineError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Line(error.into())
    }
}

impl Ended {
    /// The error for whoever asked for `operation` as `username`.
    pub(crate) fn explain(
        self,
        operation: Operation,
        address: SocketAddr,
        username: &str,
    ) -> BmcError {
        let username = username.to_owned();
        let source = match self {
            Self::LockedOut { failures, retry_in } => {
                return BmcError::LockedOut {
                    operation,
                    address,
                    username,
                    failures,
                    retry_in,
                };
            }
            Self::Line(LineError::Socket(source)) => {
                return match source.kind() {
                    ErrorKind::ConnectionRefused => BmcError::NobodyListens {
                        operation,
                        address,
                        service: SERVICE,
                    },
                    _ => BmcError::Network {
                        operation,
                        address,
                        source: source.into(),
                    },
                };
            }
            Self::Line(LineError::Ipmi(source)) => source,
        };
        of_ipmi(&source, (operation, address, username))
    }
}

/// The error that IPMI's is to a caller who knows no protocol.
fn of_ipmi(
    source: &IpmiError,
    (operation, address, username): (Operation, SocketAddr, String),
) -> BmcError {
    let cause = source.clone().into();
    match source {
        IpmiError::Timeout { .. } => BmcError::NoAnswer {
            operation,
            address,
            service: SERVICE,
            source: cause,
        },
        IpmiError::AuthenticationFailed(_) | IpmiError::TooLong { .. } => BmcError::LoginFailed {
            operation,
            address,
            username,
            source: cause,
        },
        IpmiError::NoRmcpPlus | IpmiError::CipherSuiteRefused { .. } => BmcError::TooWeak {
            operation,
            address,
            wanted: SUITES,
            source: cause,
        },
        IpmiError::PrivilegeRefused { .. }
        | IpmiError::CompletionCode {
            code: CompletionCode::INSUFFICIENT_PRIVILEGE,
            ..
        } => BmcError::NotAllowed {
            operation,
            address,
            username,
            source: cause,
        },
        IpmiError::NoFreeSession { .. }
        | IpmiError::SessionRefused { .. }
        | IpmiError::CompletionCode { .. }
        | IpmiError::Malformed { .. }
        | IpmiError::NotReady => BmcError::Refused {
            operation,
            address,
            source: cause,
        },
    }
}

/// What BMCs call it in their settings.
const SERVICE: &str = "IPMI over LAN";
/// What is spoken here.
const SUITES: &str = "cipher suite 17 or 3";
