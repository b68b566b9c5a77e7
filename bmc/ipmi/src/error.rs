//! Why a session or a command failed, and why a datagram did not count.
//!
//! A datagram that is wrong, late or doubled is [`Ignored`], a value: anybody can send one. Only what
//! the BMC said, or its silence, ends a session.

use std::fmt;

use thiserror::Error;

use crate::cipher::CipherSuite;
use crate::command::{CommandName, CompletionCode};
use crate::privilege::Privilege;

/// What a session was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Get Channel Authentication Capabilities: does anybody speak IPMI 2.0 here?
    Capabilities,
    /// Open Session Request and Response.
    OpenSession,
    /// RAKP messages 1 and 2: the BMC proves that it knows the password.
    Rakp1,
    /// RAKP messages 3 and 4: we do.
    Rakp3,
    /// A command within the session.
    Command(CommandName),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capabilities => f.write_str("Get Channel Authentication Capabilities"),
            Self::OpenSession => f.write_str("Open Session"),
            Self::Rakp1 => f.write_str("RAKP-1"),
            Self::Rakp3 => f.write_str("RAKP-3"),
            Self::Command(command) => command.fmt(f),
        }
    }
}

/// How the login was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationFailure {
    /// The BMC does not know the user (RAKP status 0x0d).
    UnknownUser,
    /// The code in RAKP-2 was not made with our password: the password is wrong, or this is not the
    /// BMC. Nothing that depends on the password was sent.
    PasswordDiffers,
    /// The code in RAKP-2 was made with the first 16 bytes of our password: the BMC has cut it.
    PasswordCut,
    /// The BMC did not accept our proof in RAKP-3 (RAKP status 0x0f).
    ProofRefused,
    /// The code in RAKP-4 was made with another key: the BMC's own key (`K_G`) differs.
    BmcKeyDiffers,
}

impl fmt::Display for AuthenticationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownUser => "it does not know this user",
            Self::PasswordDiffers => "its password for this user is another one",
            Self::PasswordCut => {
                "it keeps only the first 16 bytes of this password; set one of at most 16 bytes, at \
                 the BMC and in the machine's document"
            }
            Self::ProofRefused => "it did not accept the proof of the password",
            Self::BmcKeyDiffers => "its own key (K_G) is another one",
        })
    }
}

/// How a cipher suite was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteRefusal {
    /// By this status.
    Status(RakpStatus),
    /// The BMC chose these algorithms (authentication, integrity, confidentiality) instead.
    Chose([u8; 3]),
}

impl fmt::Display for SuiteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Chose([authentication, integrity, confidentiality]) => write!(
                f,
                "it chose the algorithms {authentication}/{integrity}/{confidentiality} instead"
            ),
        }
    }
}

/// A status in an Open Session Response or a RAKP message (§13.24, table 13-15).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RakpStatus(pub u8);

impl RakpStatus {
    /// Nothing is wrong.
    pub const OK: Self = Self(0);

    const fn as_str(self) -> &'static str {
        match self.0 {
            0x01 => "insufficient resources to create a session",
            0x02 => "invalid session id",
            0x03 => "invalid payload type",
            0x04 => "invalid authentication algorithm",
            0x05 => "invalid integrity algorithm",
            0x06 => "no matching authentication payload",
            0x07 => "no matching integrity payload",
            0x08 => "inactive session id",
            0x09 => "invalid role",
            0x0a => "unauthorized role or privilege level",
            0x0b => "insufficient resources for a session at this role",
            0x0c => "invalid name length",
            0x0d => "unauthorized name",
            0x0e => "unauthorized GUID",
            0x0f => "invalid integrity check value",
            0x10 => "invalid confidentiality algorithm",
            0x11 => "no cipher suite matches",
            0x12 => "illegal parameter",
            _ => "unknown status",
        }
    }
}

impl fmt::Display for RakpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x} ({})", self.0, self.as_str())
    }
}

impl fmt::Debug for RakpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why there is no session, or no answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IpmiError {
    /// A name or a password that IPMI cannot carry.
    #[error("wanted a {what} of at most {limit} bytes, got {length}")]
    TooLong {
        /// `user name` or `password`.
        what: &'static str,
        /// How many bytes IPMI has for it.
        limit: usize,
        /// How many it has.
        length: usize,
    },
    /// The BMC speaks IPMI 1.5 only, whose logins are not protected.
    #[error("wanted a BMC with IPMI 2.0 (RMCP+), got one that offers IPMI 1.5 only")]
    NoRmcpPlus,
    /// The BMC will not have the suite; another may be tried.
    #[error("the BMC refused cipher suite {suite}: {refusal}")]
    CipherSuiteRefused {
        /// The suite that was asked for.
        suite: CipherSuite,
        /// What it said.
        refusal: SuiteRefusal,
    },
    /// User, password or key is wrong. Not to be repeated soon: BMCs lock users out.
    #[error("the BMC refused the login: {0}")]
    AuthenticationFailed(AuthenticationFailure),
    /// The user may log in, but not do this much.
    #[error("wanted the privilege {wanted}, which the BMC refused to this user: {got}")]
    PrivilegeRefused {
        /// What was asked for.
        wanted: Privilege,
        /// What it said.
        got: String,
    },
    /// All sessions of the BMC are taken. They end by themselves after a minute or so of silence.
    #[error("the BMC has no session free: status {status}")]
    NoFreeSession {
        /// What it said.
        status: RakpStatus,
    },
    /// Any other status.
    #[error("the BMC answered {step} with status {status}")]
    SessionRefused {
        /// To what.
        step: Step,
        /// What it said.
        status: RakpStatus,
    },
    /// No answer that counts.
    #[error(
        "no answer to {step}, sent {sends} times ({ignored} datagrams came that did not count)"
    )]
    Timeout {
        /// To what.
        step: Step,
        /// How often it was sent.
        sends: u8,
        /// How many datagrams came meanwhile that were no answer.
        ignored: u32,
    },
    /// The command was refused.
    #[error("the BMC answered {command} with {code}")]
    CompletionCode {
        /// The command.
        command: CommandName,
        /// How it ended.
        code: CompletionCode,
    },
    /// The answer is too short for what was asked.
    #[error("the BMC's answer to {command} has only {length} bytes")]
    Malformed {
        /// The command.
        command: CommandName,
        /// How many bytes came.
        length: usize,
    },
    /// A command was given to a session that is not open or still waits for another answer.
    #[error("the session is not ready for a command")]
    NotReady,
}

impl IpmiError {
    /// Whether the two ends have lost step in the login, so that one that begins anew may succeed: the
    /// BMC does not know the session of a RAKP message (any more), or holds another random number
    /// than we do. That follows from an answer that was lost or late, and is no refusal of the user.
    pub const fn is_out_of_step(&self) -> bool {
        const UNKNOWN_SESSION: u8 = 0x02;
        const INACTIVE_SESSION: u8 = 0x08;
        const WRONG_CHECK: u8 = 0x0f;
        match self {
            Self::SessionRefused {
                step: Step::Rakp1 | Step::Rakp3,
                status: RakpStatus(UNKNOWN_SESSION | INACTIVE_SESSION | WRONG_CHECK),
            } => true,
            // A BMC that answered RAKP-1 is there: it drops a RAKP-3 whose answer was lost.
            Self::Timeout { step, .. } => matches!(step, Step::Rakp3),
            _ => false,
        }
    }
}

/// Why a datagram did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Ignored {
    /// It is no message of IPMI, or cut off.
    #[error("not a whole IPMI message")]
    Malformed,
    /// A checksum of the message is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// It belongs to another session.
    #[error("another session's message")]
    AnotherSession,
    /// It answers something else than what is asked: late, doubled, or not for us.
    #[error("not the answer that is waited for")]
    AnotherMessage,
    /// The BMC has no room for the command now, or still works on the first copy of it.
    #[error("busy")]
    Busy,
    /// In a session everything must be signed and encrypted.
    #[error("neither signed nor encrypted")]
    Unprotected,
    /// Its code was not made with the session's key.
    #[error("wrong integrity code")]
    Forged,
    /// Its sequence number was seen already, or is far from all that were.
    #[error("a sequence number that was seen or is out of the window")]
    Replayed,
}
