//! What can go wrong with a command: one sentence for the person who typed it.

use std::path::PathBuf;
use std::time::Duration;

use api_proto::error_class::ErrorClass;
use api_proto::v1;
use api_proto::v1::ErrorCode;
use api_proto::word::Word as _;
use thiserror::Error;

use crate::patience::Silence;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum CommandError {
    /// No daemon answers on the socket.
    #[error(
        "can't reach the daemon at {socket}: {why} (is `drover serve` running, and is this its \
         state directory? --socket names another)"
    )]
    NoDaemon {
        /// Where.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The socket is there, and another user's.
    #[error(
        "can't open the daemon's socket {socket}: only the user that the daemon runs as may, which \
         is root as a rule: type it with sudo"
    )]
    Forbidden {
        /// Where.
        socket: PathBuf,
    },
    /// The daemon refused.
    #[error("{message}")]
    Refused {
        /// What for.
        code: ErrorCode,
        /// In its words.
        message: String,
    },
    /// What was typed can't be understood.
    #[error("{0}")]
    Usage(String),
    /// A change without a reason.
    #[error(
        "wanted a reason for the record (--reason 'WHY', or DROVER_REASON in the environment), got \
         none"
    )]
    NoReason,
    /// A file can't be read.
    #[error("can't read {path}: {why}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A person has not confirmed what can't be undone.
    #[error("not confirmed: {how}")]
    NotConfirmed {
        /// What came instead.
        how: &'static str,
    },
    /// A file is there that is not to be overwritten.
    #[error("{path} is left alone: {why}; name another file (--file), or move this one away")]
    Occupied {
        /// Which file.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// A file can't be written.
    #[error("can't write {path}: {why}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The output can't be written: the reader has gone.
    #[error("can't write the output")]
    Output(#[from] std::io::Error),
    /// The output can't be written in the format that is wanted.
    #[error("can't write the output in this format: {0}")]
    Unprintable(String),
    /// The daemon is there and does not answer.
    #[error(transparent)]
    Silent(#[from] Silence),
    /// The connection ended before the answer did.
    #[error("the connection to the daemon broke: {why}; look whether it still runs")]
    Broken {
        /// What was heard of it.
        why: String,
    },
    /// What is waited for will not come by itself.
    #[error("{name}: {why}")]
    Lost {
        /// Of whom.
        name: String,
        /// Why.
        why: String,
    },
    /// What was waited for did not come in time.
    #[error("{name}: not so after {} s: {why}", timeout.as_secs())]
    TimedOut {
        /// Of whom.
        name: String,
        /// How long it was waited for.
        timeout: Duration,
        /// What it waits for.
        why: String,
    },
    /// No random bytes for the request's key.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

/// What the program ends with when the time of a `wait` is over.
const TIME_IS_OVER: u8 = 7;

impl CommandError {
    /// What the program ends with: the class of the error (see [`ErrorClass::exit_code`]), 7 if only
    /// the time of a `wait` is over, else 1.
    pub const fn exit_code(&self) -> u8 {
        match (self.class(), self) {
            (Some(class), _) => class.exit_code(),
            (None, Self::TimedOut { .. }) => TIME_IS_OVER,
            (None, _) => 1,
        }
    }

    /// The kind of refusal that it is; none for failures of the program itself, and for what did not
    /// come to pass.
    const fn class(&self) -> Option<ErrorClass> {
        match self {
            Self::Refused { code, .. } => code.class(),
            Self::Usage(_) | Self::Unreadable { .. } | Self::NoReason => Some(ErrorClass::Usage),
            Self::Forbidden { .. } | Self::NotConfirmed { .. } => Some(ErrorClass::Refused),
            Self::Occupied { .. } => Some(ErrorClass::Refused),
            Self::NoDaemon { .. } | Self::Silent(_) | Self::Broken { .. } => {
                Some(ErrorClass::Unavailable)
            }
            Self::TimedOut { .. } | Self::Lost { .. } | Self::Unwritable { .. } => None,
            Self::Output(_) | Self::Unprintable(_) | Self::NoRandomness(_) => None,
        }
    }

    /// The word that programs tell it by: that of the API, or one of these.
    fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => match code.word() {
                "" => "unknown",
                word => word,
            },
            Self::Usage(_) => ErrorCode::InvalidArgument.word(),
            Self::NoReason => ErrorCode::Unaccounted.word(),
            Self::Forbidden { .. } => ErrorCode::Forbidden.word(),
            Self::Unreadable { .. } => "unreadable_file",
            Self::Unwritable { .. } => "unwritable_file",
            Self::Occupied { .. } => "occupied_file",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::NoDaemon { .. } => "no_daemon",
            Self::Silent(_) => "silent_daemon",
            Self::Broken { .. } => "broken_connection",
            Self::TimedOut { .. } => "timed_out",
            Self::Lost { .. } => "lost",
            Self::Output(_) | Self::Unprintable(_) => "output_failed",
            Self::NoRandomness(_) => "no_randomness",
        }
    }

    /// The error as programs read it on standard error, on one line; `message` is it and its causes.
    pub fn as_json(&self, message: &str) -> String {
        let (code, exit_code) = (self.code(), self.exit_code());
        let error = serde_json::json!({
            "error": { "code": code, "message": message, "exit_code": exit_code },
        });
        error.to_string()
    }

    /// Whether whoever read the output has gone, as `head` does: nobody is to be told.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<tonic::Status> for CommandError {
    fn from(status: tonic::Status) -> Self {
        // What the daemon itself says has no source; what the transport says has.
        if let Some(source) = std::error::Error::source(&status) {
            let cause = innermost(source);
            return match cause.downcast_ref::<Silence>() {
                Some(silence) => Self::Silent(silence.clone()),
                None => Self::Broken {
                    why: cause.to_string(),
                },
            };
        }
        let code = v1::Error::of(&status).map_or(ErrorCode::Unspecified, |it| it.code());
        Self::Refused {
            code,
            message: status.message().to_owned(),
        }
    }
}

fn innermost<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode) -> CommandError {
        tonic::Status::from(v1::Error {
            code: code.into(),
            message: "no".to_owned(),
        })
        .into()
    }

    #[test]
    fn each_kind_of_error_ends_with_a_code_of_its_own() {
        let no_daemon = CommandError::NoDaemon {
            socket: "/run/drover.sock".into(),
            why: "Connection refused".to_owned(),
        };
        let over = CommandError::TimedOut {
            name: "cp-1".to_owned(),
            timeout: Duration::from_secs(1),
            why: String::new(),
        };
        let unreadable = CommandError::Unreadable {
            path: "a.yaml".into(),
            why: String::new(),
        };
        for (error, code) in [
            (CommandError::NoRandomness(String::new()), 1),
            (unreadable, 2),
            (CommandError::NoReason, 2),
            (refused(ErrorCode::InvalidDocument), 2),
            (refused(ErrorCode::WrongState), 3),
            (refused(ErrorCode::NotFound), 4),
            (refused(ErrorCode::KeyReused), 5),
            (refused(ErrorCode::Records), 6),
            (no_daemon, 6),
            (over, 7),
        ] {
            assert_eq!(error.exit_code(), code, "{error:?}");
        }
    }

    #[test]
    fn programs_read_an_error_as_one_object() {
        let error = refused(ErrorCode::NotFound);
        let told: serde_json::Value = serde_json::from_str(&error.as_json("no")).unwrap();
        let wanted = serde_json::json!({
            "error": { "code": "not_found", "message": "no", "exit_code": 4 },
        });
        assert_eq!(told, wanted);
    }
}
