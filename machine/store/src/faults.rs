//! Faults of a database, for simulations: it can be taken away, writing can be made slow, a commit can
//! fail, and whoever writes can be held for ever, as if its process had ended there. It is compiled
//! with the feature `faults` only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{DatabaseError, StoreError};

/// What goes wrong at the moment: nothing, unless somebody asks for it.
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing of it is kept.
    Undone,
    /// All of it is kept, but the answer is lost.
    Unanswered,
}

#[derive(Default)]
struct State {
    is_away: bool,
    delay: Duration,
    commit: Option<CommitFault>,
    end: Option<Arc<End>>,
}

/// Whether whoever writes ends here.
type End = dyn Fn() -> bool + Send + Sync;

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("is_away", &self.is_away)
            .field("delay", &self.delay)
            .field("commit", &self.commit)
            .finish_non_exhaustive()
    }
}

impl Faults {
    /// From now on every statement fails, or none does.
    pub fn take_away(&self, is_away: bool) {
        self.lock().is_away = is_away;
    }

    /// From now on each transaction begins so much later.
    pub fn slow_down(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    /// The next commit fails.
    pub fn fail_commit(&self, fault: CommitFault) {
        self.lock().commit = Some(fault);
    }

    /// Asks before each transaction begins and after each is durable whether its process ends there.
    /// Whoever writes never goes on from a moment at which the answer was yes.
    pub fn ends_where(&self, end: impl Fn() -> bool + Send + Sync + 'static) {
        self.lock().end = Some(Arc::new(end));
    }

    async fn may_end(&self) {
        let end = self.lock().end.clone();
        if end.is_some_and(|end| end()) {
            std::future::pending::<()>().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn before_read(&self, place: &Arc<str>) -> Result<(), StoreError> {
        if self.lock().is_away {
            return Err(away(place));
        }
        Ok(())
    }

    /// How the commit fails that comes now, if it does.
    pub(crate) fn of_commit(&self) -> Option<CommitFault> {
        self.lock().commit.take()
    }

    pub(crate) async fn after_commit(
        &self,
        fault: Option<CommitFault>,
        place: &Arc<str>,
    ) -> Result<(), StoreError> {
        self.may_end().await;
        fault.map_or(Ok(()), |_| Err(away(place)))
    }

    pub(crate) async fn before_write(&self, place: &Arc<str>) -> Result<(), StoreError> {
        self.may_end().await;
        let delay = self.lock().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.before_read(place)
    }
}

pub(crate) fn away(place: &Arc<str>) -> StoreError {
    StoreError::Database {
        place: Arc::clone(place),
        source: Arc::new(DatabaseError::Sqlx(sqlx::Error::PoolTimedOut)),
    }
}
