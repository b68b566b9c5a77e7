//! What can go wrong with a node's API. For [`BootstrapError`], which outcome it was decides
//! whether a cluster may ever be asked again, so there only what the node surely refused counts as
//! refused.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tonic::{Code, Status};

use crate::text::cleaned;

/// Credentials that can't be used. What they hold is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum CredentialsError {
    /// The CA is not one.
    #[error("wanted the certificate of an authority in PEM, got something else")]
    Authority,
    /// The client certificate is not one.
    #[error("wanted a client certificate in PEM, got something else")]
    Certificate,
    /// The key is not one.
    #[error("wanted a private key in PEM (PKCS#8 or SEC1), got something else")]
    Key,
    /// Certificate and key do not belong together, or are of an unusable kind.
    #[error("wanted a key that belongs to the client certificate, got another")]
    Pair,
}

/// No connection to a node's API. Nothing was asked of it.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// There was no TCP connection.
    #[error("could not reach {address}")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There was no TLS connection: what answers is not a node of this cluster at this address, or
    /// not Talos.
    #[error("no trusted node at {address}")]
    NotTrusted {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There was no HTTP/2 connection.
    #[error("no gRPC at {address}")]
    NotGrpc {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: tonic::transport::Error,
    },
    /// It took too long.
    #[error("wanted a connection to {address} within {patience:?}, got none")]
    TimedOut {
        /// Where.
        address: SocketAddr,
        /// What was granted.
        patience: Duration,
    },
}

/// A question to a node's API that got no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// The node, or the connection to it, said no.
    #[error("the node answered {code:?}: {message}")]
    Status {
        /// Its code. A connection that breaks is `Unavailable` or `Unknown`; so is, after a TLS 1.3
        /// handshake, one whose client certificate the node does not accept.
        code: Code,
        /// Its words, cleaned.
        message: String,
    },
    /// The reply was empty.
    #[error("wanted the answer of one node, got none")]
    Empty,
    /// It took too long.
    #[error("wanted an answer within {patience:?}, got none")]
    TimedOut {
        /// What was granted.
        patience: Duration,
    },
}

impl CallError {
    /// The error of this status.
    pub(crate) fn of_status(status: &Status) -> Self {
        Self::of_code(status.code(), status.message())
    }

    /// The error of this code and these words.
    pub(crate) fn of_code(code: Code, message: &str) -> Self {
        Self::Status {
            code,
            message: cleaned(message, MESSAGE_LIMIT),
        }
    }
}

/// A bootstrap that was not accepted, or of which it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BootstrapError {
    /// Not yet: the node says that it can't be bootstrapped now. Nothing was done.
    #[error("not ready for a bootstrap: {message}")]
    NotReady {
        /// Its words.
        message: String,
    },
    /// Its etcd holds data: it was bootstrapped before.
    #[error("bootstrapped before")]
    AlreadyDone,
    /// The node refuses, and would again. Nothing was done.
    #[error("bootstrap refused, {code:?}: {message}")]
    Refused {
        /// The code.
        code: Code,
        /// Its words.
        message: String,
    },
    /// The call was sent, and how it ended is not known: it may have been carried out.
    #[error("it is not known whether the bootstrap was carried out: {cause}")]
    Unknown {
        /// What is known.
        cause: CallError,
    },
}

impl From<CallError> for BootstrapError {
    /// Only codes with which a node answers *instead of* carrying the call out are a refusal:
    /// `Unavailable`, `Unknown` and the like also come from a connection that broke, or from the
    /// node's own proxy, when the call was under way.
    fn from(cause: CallError) -> Self {
        match cause {
            CallError::Status {
                code: Code::FailedPrecondition,
                message,
            } => Self::NotReady { message },
            CallError::Status {
                code: Code::AlreadyExists,
                ..
            } => Self::AlreadyDone,
            CallError::Status {
                code:
                    code @ (Code::InvalidArgument
                    | Code::PermissionDenied
                    | Code::Unauthenticated
                    | Code::Unimplemented),
                message,
            } => Self::Refused { code, message },
            CallError::Status { .. } | CallError::Empty | CallError::TimedOut { .. } => {
                Self::Unknown { cause }
            }
        }
    }
}

/// Characters of a node's words that are kept.
const MESSAGE_LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sure_refusal_is_a_refusal() {
        let outcome = |code| match BootstrapError::from(CallError::of_code(code, "words")) {
            BootstrapError::NotReady { .. } => "not ready",
            BootstrapError::AlreadyDone => "already done",
            BootstrapError::Refused { .. } => "refused",
            BootstrapError::Unknown { .. } => "unknown",
        };
        for (code, wanted) in [
            (Code::Ok, "unknown"),
            (Code::Cancelled, "unknown"),
            (Code::Unknown, "unknown"),
            (Code::InvalidArgument, "refused"),
            (Code::DeadlineExceeded, "unknown"),
            (Code::NotFound, "unknown"),
            (Code::AlreadyExists, "already done"),
            (Code::PermissionDenied, "refused"),
            (Code::ResourceExhausted, "unknown"),
            (Code::FailedPrecondition, "not ready"),
            (Code::Aborted, "unknown"),
            (Code::OutOfRange, "unknown"),
            (Code::Unimplemented, "refused"),
            (Code::Internal, "unknown"),
            (Code::Unavailable, "unknown"),
            (Code::DataLoss, "unknown"),
            (Code::Unauthenticated, "refused"),
        ] {
            assert_eq!(outcome(code), wanted, "{code:?}");
        }
        let timed_out = CallError::TimedOut {
            patience: Duration::from_secs(1),
        };
        assert!(matches!(
            BootstrapError::from(timed_out),
            BootstrapError::Unknown { .. }
        ));
        assert!(matches!(
            BootstrapError::from(CallError::Empty),
            BootstrapError::Unknown { .. }
        ));
    }
}
