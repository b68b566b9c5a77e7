//! How an open database is followed by its mark: what the clones of a [`crate::db::Db`] share.
//!
//! ```text
//!  change ─► generation + 1, in its transaction ─► COMMIT ─► the mark follows ─► acknowledged
//! ```
//! A crash between the commit and the mark leaves the mark behind by what nobody was told of. In
//! safe mode both stand still, so that what is written meanwhile never makes an older copy look
//! like the newest one.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use machine_core::generation::{DatabaseFacts, Doubt, DoubtKind, Generation, Mark};
use machine_core::safe_mode::SafeMode;
use machine_core::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::error::StoreError;
use crate::lineage_error::LineageError;
use crate::mark;

/// What the clones of a database share of its mark.
#[derive(Debug)]
pub(crate) struct Lineage {
    state: RwLock<State>,
    /// Whoever holds it writes the mark.
    turn: tokio::sync::Mutex<()>,
    /// The highest generation that was committed.
    committed: AtomicI64,
    is_shared: AtomicBool,
    broken: watch::Sender<Option<StoreError>>,
}

#[derive(Debug, Clone)]
enum State {
    /// Nobody keeps a mark of it.
    Unmarked,
    /// The mark has followed up to here.
    Follows { path: PathBuf, marked: Generation },
    /// It may be a wrong one: it stands still.
    Doubted { path: PathBuf, doubt: Doubt },
}

impl Default for Lineage {
    fn default() -> Self {
        Self {
            state: RwLock::new(State::Unmarked),
            turn: tokio::sync::Mutex::default(),
            committed: AtomicI64::new(0),
            is_shared: AtomicBool::new(false),
            broken: watch::Sender::new(None),
        }
    }
}

impl Lineage {
    fn state(&self) -> State {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Why nothing may be done to a machine, if so.
    pub(crate) fn safe_mode(&self) -> Option<SafeMode> {
        if let Some((_, doubt)) = self.doubt() {
            return Some(SafeMode::Doubted(doubt));
        }
        let is_shared = self.is_shared.load(Ordering::Relaxed);
        is_shared.then_some(SafeMode::NotAlone)
    }

    /// The doubt, and where the mark lies.
    pub(crate) fn doubt(&self) -> Option<(PathBuf, Doubt)> {
        match self.state() {
            State::Doubted { path, doubt } => Some((path, doubt)),
            State::Unmarked | State::Follows { .. } => None,
        }
    }

    /// From now on the mark in `path` follows.
    pub(crate) fn begin(&self, path: PathBuf, marked: Generation) {
        self.set(State::Follows { path, marked });
    }

    /// From now on nothing moves.
    pub(crate) fn stand_still(&self, path: PathBuf, doubt: Doubt) {
        self.set(State::Doubted { path, doubt });
    }

    /// Whether the lock on the database was lost.
    pub(crate) fn set_shared(&self, is_shared: bool) {
        self.is_shared.store(is_shared, Ordering::Relaxed);
    }

    /// How far the mark is; `None` if it does not follow.
    pub(crate) fn marked(&self) -> Option<Generation> {
        match self.state() {
            State::Follows { marked, .. } => Some(marked),
            State::Unmarked | State::Doubted { .. } => None,
        }
    }

    /// Looks whether `reached`, which was counted up in a transaction that is still open, goes on
    /// from where the mark is. Whoever finds another database or an older one doubts it from then
    /// on: a server's database can be exchanged under a daemon that runs.
    pub(crate) fn goes_on(&self, reached: Option<Generation>) -> bool {
        let State::Follows { path, marked } = self.state() else {
            return true;
        };
        let kind = match reached {
            Some(reached) if reached.database != marked.database => DoubtKind::Other,
            Some(reached) if reached.value <= marked.value => DoubtKind::Older,
            Some(_) => return true,
            None => DoubtKind::Other,
        };
        let doubt = Doubt {
            kind,
            mark: Some(Mark {
                generation: marked,
                at: mark::read(&path)
                    .ok()
                    .flatten()
                    .map_or(Timestamp::from_millis(0), |it| it.at),
            }),
            database: DatabaseFacts {
                generation: reached,
                has_records: true,
                last_event: None,
            },
        };
        tracing::error!(%doubt, "the database was exchanged");
        self.stand_still(path, doubt);
        false
    }

    /// Lets the mark follow to what was committed: whoever has the turn writes for all that wait.
    pub(crate) async fn follow(&self, reached: Generation) -> Result<(), StoreError> {
        self.committed.fetch_max(reached.value, Ordering::SeqCst);
        let _turn = self.turn.lock().await;
        let State::Follows { path, marked } = self.state() else {
            return Ok(());
        };
        if marked.database != reached.database || marked.value >= reached.value {
            return Ok(());
        }
        let value = self.committed.load(Ordering::SeqCst);
        let reached = Generation { value, ..reached };
        write(path.clone(), reached).await?;
        self.begin(path, reached);
        Ok(())
    }

    /// Notes that what was written may be lost although later writes succeed.
    pub(crate) fn note_broken(&self, error: &StoreError) {
        self.broken.send_replace(Some(error.clone()));
    }

    /// Waits until something breaks after which nobody may go on.
    pub(crate) async fn broken(&self) -> StoreError {
        let mut broken = self.broken.subscribe();
        let seen = broken.wait_for(Option::is_some).await;
        let error = seen.ok().and_then(|error| error.clone());
        error.unwrap_or(StoreError::Closed)
    }
}

/// Writes the mark where a thread may wait for the disk.
pub(crate) async fn write(path: PathBuf, generation: Generation) -> Result<(), StoreError> {
    if Handle::try_current().is_err() {
        // The thread of the commit task waits for the disk anyway.
        return Ok(mark::write(&path, generation)?);
    }
    let place = path.clone();
    let written = tokio::task::spawn_blocking(move || mark::write(&path, generation)).await;
    let written = written.unwrap_or_else(|error| {
        Err(LineageError::Mark {
            path: place,
            source: Arc::new(std::io::Error::other(error)),
        })
    });
    Ok(written?)
}
