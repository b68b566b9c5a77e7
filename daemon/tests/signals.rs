//! Signals, sent to a process that watches them: this one.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use drover::signals::watch;
use nix::sys::signal::{Signal, raise};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn signals_that_ask_for_something_else_do_not_end_the_daemon() {
    let (stop, at_once) = (CancellationToken::new(), CancellationToken::new());
    watch([stop.clone(), at_once.clone()]).unwrap();
    for asks in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2] {
        raise(asks).unwrap();
    }
    assert!(!stop.is_cancelled());
    raise(Signal::SIGTERM).unwrap();
    stop.cancelled().await;
    assert!(!at_once.is_cancelled());
    raise(Signal::SIGINT).unwrap();
    at_once.cancelled().await;
}
