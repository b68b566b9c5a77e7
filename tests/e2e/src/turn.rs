//! One scenario at a time: machines under emulation take a core each, and two labs would be late.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use nix::fcntl::{Flock, FlockArg};

use crate::error::ScenarioError;

/// The turn of this scenario, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _lock: Flock<File>,
}

impl Turn {
    /// Waits for it, also for scenarios of other processes, and says so if it has to.
    pub async fn take() -> Result<Self, ScenarioError> {
        let path = std::env::temp_dir().join("drover-e2e.lock");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(ScenarioError::file("open", &path))?;
        let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Self { _lock: lock }),
            Err((file, _)) => file,
        };
        let _ = writeln!(
            io::stderr(),
            "waiting for another demo or test with machines to end (it holds {})",
            path.display()
        );
        let locking = tokio::task::spawn_blocking(|| {
            Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)
        });
        let locked = locking.await.map_err(io::Error::other);
        let lock = locked
            .and_then(|lock| lock.map_err(io::Error::from))
            .map_err(ScenarioError::file("lock", &path))?;
        Ok(Self { _lock: lock })
    }
}
