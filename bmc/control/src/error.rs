//! Why a BMC did not do what it was asked, and what to do about it.
//!
//! Each error names the operation and the address; what the BMC said, or did not say, is its source.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use machine_core::power::PowerState;
use thiserror::Error;

/// What a BMC's protocol, or the system, says of a failure.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// What was asked of a BMC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`crate::bmc::Bmc::session`].
    AwaitTurn,
    /// [`crate::bmc::BmcSession::power`].
    ReadPower,
    /// [`crate::bmc::BmcSession::set_power`].
    SetPower(PowerState),
    /// [`crate::bmc::BmcSession::shut_down`].
    ShutDown,
    /// [`crate::bmc::BmcSession::set_boot`].
    SetBoot,
    /// [`crate::bmc::BmcSession::identity`].
    Identify,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AwaitTurn => f.write_str("waiting for others to be done with it"),
            Self::ShutDown => f.write_str("asking the system to shut down"),
            Self::ReadPower => f.write_str("reading the power"),
            Self::SetPower(wanted) => write!(f, "switching the power {wanted}"),
            Self::SetBoot => f.write_str("setting the next boot"),
            Self::Identify => f.write_str("asking who the BMC is"),
        }
    }
}

/// Why an operation failed.
#[derive(Debug, Error)]
pub enum BmcError {
    /// The host is there, but refuses the datagrams.
    #[error(
        "{operation}: nobody listens at {address}; check the address, and that {service} is on"
    )]
    NobodyListens {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// What should listen there, as BMCs call it in their settings.
        service: &'static str,
    },
    /// Silence, or nothing but datagrams that do not count.
    #[error(
        "{operation}: the BMC at {address} does not answer; check its address, the cable, the \
         network between, and that {service} is on"
    )]
    NoAnswer {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// What should answer there, as BMCs call it in their settings.
        service: &'static str,
        /// To which step there was no answer.
        source: Cause,
    },
    /// It answers, but took too long over the whole operation.
    #[error("{operation}: the BMC at {address} was not done within {limit:?}; try again later")]
    Deadline {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// How long it had.
        limit: Duration,
    },
    /// User, password or key is wrong.
    #[error(
        "{operation}: the BMC at {address} did not take the login of {username:?}; check the user \
         and its password before trying again, or the BMC may lock the user out"
    )]
    LoginFailed {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// As whom.
        username: String,
        /// What it said.
        source: Cause,
    },
    /// Not tried, because logins failed before.
    #[error(
        "{operation}: not tried, because {failures} logins of {username:?} at {address} failed; \
         correct the user or the password, and try again in {} s", retry_in.as_secs().max(1)
    )]
    LockedOut {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// As whom.
        username: String,
        /// How many logins failed.
        failures: usize,
        /// When it will be tried again.
        retry_in: Duration,
    },
    /// It offers weaker protection than is accepted.
    #[error(
        "{operation}: the BMC at {address} offers no protection that is strong enough; switch \
         {wanted} on in its settings"
    )]
    TooWeak {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// What would be strong enough.
        wanted: &'static str,
        /// What it offers.
        source: Cause,
    },
    /// The user may log in, but not do this.
    #[error(
        "{operation}: the user {username:?} may not do this at the BMC at {address}; give it the \
         operator privilege"
    )]
    NotAllowed {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// As whom.
        username: String,
        /// What it said.
        source: Cause,
    },
    /// It said no in another way.
    #[error("{operation}: the BMC at {address} refused")]
    Refused {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// What it said.
        source: Cause,
    },
    /// This host has no way to the BMC.
    #[error("{operation}: no way to the BMC at {address}; check this host's network")]
    Network {
        /// What was asked.
        operation: Operation,
        /// Of whom.
        address: SocketAddr,
        /// What the system said.
        source: Cause,
    },
}

impl BmcError {
    /// Whether it will be the same until a person changes something, so that asking again is no use.
    pub const fn is_lasting(&self) -> bool {
        match self {
            Self::LoginFailed { .. }
            | Self::LockedOut { .. }
            | Self::TooWeak { .. }
            | Self::NotAllowed { .. } => true,
            Self::NobodyListens { .. }
            | Self::NoAnswer { .. }
            | Self::Deadline { .. }
            | Self::Refused { .. }
            | Self::Network { .. } => false,
        }
    }
}
