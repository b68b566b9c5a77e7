//! The use cases, once; the faces translate and call them.

mod apply_machines;
pub(crate) mod clusters;
pub(crate) mod machines;

use std::sync::Arc;

use machine_core::intent::Actor;
use machine_core::machine::Machine;
use machine_store::change::{Change, Outcome, apply};
use machine_store::db::Db;
use machine_store::machines as stored;
use machine_store::requests::Request;
use sha2::{Digest, Sha256};

use crate::effects::Effects;
use crate::error::UseCaseError;

/// The use cases over a database and a daemon.
#[derive(Clone)]
pub struct Operations {
    pub(crate) db: Db,
    pub(crate) effects: Arc<dyn Effects>,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations")
            .field("db", &self.db)
            .finish_non_exhaustive()
    }
}

/// Who asks for a change, why, and under which key.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub actor: Actor,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// The key of the request; a repeated one is carried out once.
    pub key: String,
}

/// How often a use case is thought out anew when somebody else was faster.
const TRIES: usize = 5;

impl Operations {
    /// Over these.
    pub fn new(db: Db, effects: Arc<dyn Effects>) -> Self {
        Self { db, effects }
    }

    pub(crate) async fn machine(&self, name: &str) -> Result<Machine, UseCaseError> {
        let found = stored::find_by_name(&self.db, name).await?;
        found.ok_or_else(|| UseCaseError::NotFound {
            what: "machine",
            name: name.to_owned(),
        })
    }

    /// The record of a request, for the change that it asks for.
    pub(crate) fn request(&self, asked: &Asked, what: &[&str]) -> Option<Request> {
        (!asked.key.is_empty()).then(|| Request {
            key: asked.key.clone(),
            digest: digest(what),
            result: String::new(),
            at: self.effects.now(),
        })
    }

    /// Writes a change; `false` if it has to be thought out anew.
    pub(crate) async fn write(&self, change: &Change) -> Result<bool, UseCaseError> {
        match apply(&self.db, change).await? {
            Outcome::Applied | Outcome::Repeated(_) => Ok(true),
            Outcome::Stale { .. } => Ok(false),
            Outcome::Taken { what, value } => Err(UseCaseError::Contradiction(format!(
                "{what} {value} belongs to another"
            ))),
        }
    }
}

/// SHA-256 over the parts of a request, each with its length.
fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// A reason as it stands in an event.
pub(crate) fn because(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}
