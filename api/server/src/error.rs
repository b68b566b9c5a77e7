//! Why a use case was not carried out.

use api_proto::v1;
use api_proto::v1::ErrorCode;
use machine_core::command::Command;
use machine_core::lifecycle::Refused;
use machine_core::safe_mode::SafeMode;
use machine_store::error::StoreError;
use thiserror::Error;

use crate::cluster_vault::VaultError;
use crate::document::DocumentError;
use crate::effects::error::EffectError;
use crate::operation::Operation;

/// Why a use case was not carried out.
#[derive(Debug, Error)]
pub enum UseCaseError {
    /// There is nothing of this name.
    #[error("there is no {what} {name:?}{}", meant(.similar.as_deref()))]
    NotFound {
        /// `machine` or `cluster`.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// The name that was probably meant.
        similar: Option<String>,
    },
    /// A change that does not say who asks, why, or under which key.
    #[error("wanted {0} with the change, got none")]
    Unaccounted(&'static str),
    /// The caller's roles do not permit it.
    #[error("{caller} and may not do {}: it takes {}", .operation.method(), takes(*.operation))]
    Forbidden {
        /// Who, with which roles.
        caller: String,
        /// What was asked for.
        operation: Operation,
    },
    /// The records are doubted, and it rests on them.
    #[error(
        "{} waits, for the records that it is judged by may lack what happened since ({safe_mode}); \
         {}",
        .operation.method(),
        .safe_mode.advice()
    )]
    SafeMode {
        /// What was asked for.
        operation: Operation,
        /// Why nothing may be done.
        safe_mode: SafeMode,
    },
    /// A value of the request is not what it should be.
    #[error("{0}")]
    Invalid(String),
    /// The document can't be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The machine's state does not permit it.
    #[error("{name}: {refused}; possible now: {}", listed(.possible))]
    Lifecycle {
        /// The machine.
        name: String,
        /// What it refused.
        refused: Refused,
        /// What can be commanded instead.
        possible: Vec<Command>,
    },
    /// What is asked for contradicts what is there.
    #[error("{0}")]
    Contradiction(String),
    /// Somebody else changes the same thing all the time.
    #[error("somebody else changed it at the same time: try again")]
    Overtaken,
    /// Something outside did not do what it was asked.
    #[error(transparent)]
    Effect(#[from] EffectError),
    /// A cluster's secrets can't be made, opened or used.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The records can't be read or written.
    #[error("the records are not available: {0}")]
    Store(StoreError),
    /// The key stands for another request.
    #[error("the idempotency key {0:?} was used for a different request: use another")]
    KeyReused(String),
}

fn meant(similar: Option<&str>) -> String {
    similar.map_or_else(String::new, |name| format!(": did you mean {name}?"))
}

fn takes(operation: Operation) -> String {
    let roles: Vec<&str> = operation.roles().iter().map(|it| it.as_str()).collect();
    roles.join(" or ")
}

fn listed(commands: &[Command]) -> String {
    let words: Vec<&str> = commands.iter().map(|it| it.as_str()).collect();
    words.join(", ")
}

impl UseCaseError {
    /// What programs tell it by.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::Unaccounted(_) => ErrorCode::Unaccounted,
            Self::Forbidden { .. } => ErrorCode::Forbidden,
            Self::SafeMode { .. } => ErrorCode::SafeMode,
            Self::Invalid(_) => ErrorCode::InvalidArgument,
            Self::Document(_) => ErrorCode::InvalidDocument,
            Self::Lifecycle { .. } => ErrorCode::WrongState,
            Self::Contradiction(_) => ErrorCode::Contradiction,
            Self::Overtaken => ErrorCode::Overtaken,
            Self::Effect(EffectError::Refused(_)) => ErrorCode::Contradiction,
            Self::Effect(EffectError::Failed(_)) => ErrorCode::OutsideFailed,
            Self::Vault(_) => ErrorCode::Secrets,
            Self::Store(_) => ErrorCode::Records,
            Self::KeyReused(_) => ErrorCode::KeyReused,
        }
    }
}

impl From<UseCaseError> for tonic::Status {
    fn from(error: UseCaseError) -> Self {
        Self::from(v1::Error {
            code: error.code().into(),
            message: error.to_string(),
        })
    }
}

impl From<StoreError> for UseCaseError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::RequestReused { key } => Self::KeyReused(key),
            other => Self::Store(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_lacks_is_a_refusal_and_a_bmc_that_is_silent_a_failure_outside() {
        let refused = EffectError::Refused("cp-1 has no BMC".to_owned());
        let failed = EffectError::Failed("the BMC does not answer".to_owned());
        let code = |error: EffectError| UseCaseError::from(error).code();
        assert_eq!(code(refused), ErrorCode::Contradiction);
        assert_eq!(code(failed), ErrorCode::OutsideFailed);
    }
}
