//! What kind of refusal an error is, for who acts on it: a script by its exit code, a client of
//! another face by a status.

use prost::Message as _;
use tonic::Status;

use crate::v1::{Error, ErrorCode};

/// A kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// What was typed or written is wrong: to be corrected before it is asked for again.
    Usage,
    /// It was understood, and is not done.
    Refused,
    /// There is nothing of this name.
    NotFound,
    /// Somebody else was faster, or used this key.
    Conflict,
    /// It can't be done at the moment: later it may.
    Unavailable,
}

impl ErrorClass {
    /// What a program ends with. 1 is left for failures of the program itself, and a shell gives
    /// meanings of its own to 126 and above.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Unavailable => 6,
        }
    }
}

impl ErrorCode {
    /// Its kind; none for a code that this version does not know.
    pub const fn class(self) -> Option<ErrorClass> {
        match self {
            Self::Unspecified => None,
            Self::InvalidArgument | Self::InvalidDocument | Self::Unaccounted => {
                Some(ErrorClass::Usage)
            }
            Self::Forbidden | Self::WrongState | Self::Contradiction | Self::Secrets => {
                Some(ErrorClass::Refused)
            }
            Self::SafeMode => Some(ErrorClass::Refused),
            Self::NotFound => Some(ErrorClass::NotFound),
            Self::Overtaken | Self::KeyReused => Some(ErrorClass::Conflict),
            Self::OutsideFailed | Self::Records | Self::Stopping => Some(ErrorClass::Unavailable),
        }
    }

    /// The status of gRPC that says most of it.
    const fn status(self) -> tonic::Code {
        match self {
            Self::Unspecified => tonic::Code::Unknown,
            Self::InvalidArgument | Self::InvalidDocument | Self::Unaccounted => {
                tonic::Code::InvalidArgument
            }
            Self::Forbidden => tonic::Code::PermissionDenied,
            Self::WrongState | Self::Contradiction | Self::Secrets | Self::SafeMode => {
                tonic::Code::FailedPrecondition
            }
            Self::NotFound => tonic::Code::NotFound,
            Self::Overtaken => tonic::Code::Aborted,
            Self::KeyReused => tonic::Code::AlreadyExists,
            Self::OutsideFailed => tonic::Code::FailedPrecondition,
            Self::Records | Self::Stopping => tonic::Code::Unavailable,
        }
    }
}

impl From<Error> for Status {
    /// The error itself travels in the details.
    fn from(error: Error) -> Self {
        let details = error.encode_to_vec();
        Self::with_details(error.code().status(), error.message, details.into())
    }
}

impl Error {
    /// What a server of ours said with a status; none if something else made it.
    pub fn of(status: &Status) -> Option<Self> {
        if status.details().is_empty() {
            return None;
        }
        Self::decode(status.details()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::Word;

    #[test]
    fn each_class_of_error_has_an_exit_code_of_its_own() {
        let codes = ErrorCode::ALL.iter().map(|word| {
            let class = ErrorCode::from_word(word).and_then(ErrorCode::class);
            class.map(ErrorClass::exit_code)
        });
        let mut codes: Vec<Option<u8>> = codes.collect();
        assert!(codes.iter().all(Option::is_some), "{codes:?}");
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes, [2, 3, 4, 5, 6].map(Some));
    }

    #[test]
    fn an_error_arrives_as_it_was_sent() {
        let error = Error {
            code: ErrorCode::KeyReused.into(),
            message: "the key was used".to_owned(),
        };
        let status = Status::from(error.clone());
        assert_eq!(status.code(), tonic::Code::AlreadyExists);
        assert_eq!(status.message(), "the key was used");
        assert_eq!(Error::of(&status), Some(error));
        assert_eq!(Error::of(&Status::unknown("from a proxy")), None);
    }
}
