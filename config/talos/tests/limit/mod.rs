//! The limit of a wait: a test whose guard is broken fails, and does not hang.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use tokio::sync::oneshot;

/// What all of these waits together don't need on a busy machine. It only ends a hang.
const LIMIT: Duration = Duration::from_mins(1);

/// What `awaited` gives; a failure that names it if it does not come.
///
/// A thread measures the time: tokio's clock stands still in some of these tests, and jumps to the
/// end of the first wait.
pub(crate) async fn within<F: Future>(what: &str, awaited: F) -> F::Output {
    let (waits, is_over) = channel::<()>();
    let (late, too_late) = oneshot::channel();
    std::thread::spawn(move || {
        if is_over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            late.send(()).ok();
        }
    });
    let output = tokio::select! {
        output = awaited => output,
        Ok(()) = too_late => panic!("{what}: it did not come within {LIMIT:?}"),
    };
    drop(waits);
    output
}
