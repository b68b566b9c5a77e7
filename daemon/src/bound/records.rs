//! The records, opened: the database is the newest one, the clock does not run back in it, and the keys
//! to its secrets are there.

use std::path::Path;

use machine_core::generation::Standing;
use machine_core::safe_mode::SafeMode;
use machine_store::db::Db;
use machine_store::location::Location;
use machine_store::seal::SealKey;
use machine_store::token::TokenKey;
use machine_store::{generation, key_file, moments, secrets};
use tracing::{error, info};

use crate::clock::{self, now};
use crate::host::StateDirectory;
use crate::start_error::StartError;

/// The database, and the keys to what is sealed and signed with it.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) db: Db,
    pub(super) seal: SealKey,
    pub(super) tokens: TokenKey,
}

impl Records {
    /// Opens them, and begins the clock after the latest moment in them.
    pub(super) async fn open(
        location: &Location,
        state: &StateDirectory,
    ) -> Result<Self, StartError> {
        let db = Db::open(location).await?;
        clock::begin(moments::latest(&db).await?);
        resume(&db, state).await?;
        let seal = seal_key(&db, &state.file("key")).await?;
        let tokens = TokenKey::load_or_make(&db, &seal, now()).await?;
        Ok(Self { db, seal, tokens })
    }
}

/// Compares the database with its mark in the state directory.
async fn resume(db: &Db, state: &StateDirectory) -> Result<(), StartError> {
    let (mark, database) = (state.file("generation"), db.place());
    match generation::resume(db, &mark, state.file("key").exists()).await? {
        Standing::Same => {}
        Standing::First => info!(database, "it is new and empty"),
        Standing::Adopted => info!(
            database,
            mark = %mark.display(),
            "it comes from an earlier release: from now on a mark tells an older copy of it"
        ),
        Standing::Doubted(doubt) => {
            let safe_mode = SafeMode::Doubted(doubt);
            error!(database, "{safe_mode}; {}", safe_mode.advice());
        }
    }
    Ok(())
}

/// The key that seals the secrets. A new one is made only while nothing is sealed: with secrets in
/// the database and no key file, starting would seem to work and open nothing.
async fn seal_key(db: &Db, path: &Path) -> Result<SealKey, StartError> {
    if secrets::key_ids(db).await?.is_empty() {
        Ok(key_file::load_or_make(path)?)
    } else {
        Ok(key_file::load(path)?)
    }
}
