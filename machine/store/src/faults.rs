//! Faults of a database, for simulations: it can be taken away, and writing can be made slow. It is
//! compiled with the feature `faults` only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{DatabaseError, StoreError};

/// What goes wrong at the moment: nothing, unless somebody asks for it.
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default, Clone, Copy)]
struct State {
    is_away: bool,
    delay: Duration,
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

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn before_read(&self, place: &Arc<str>) -> Result<(), StoreError> {
        if self.lock().is_away {
            return Err(StoreError::Database {
                place: Arc::clone(place),
                source: Arc::new(DatabaseError::Sqlx(sqlx::Error::PoolTimedOut)),
            });
        }
        Ok(())
    }

    pub(crate) async fn before_write(&self, place: &Arc<str>) -> Result<(), StoreError> {
        let delay = self.lock().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.before_read(place)
    }
}
