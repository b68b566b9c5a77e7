//! What signals do to the daemon.
//!
//! SIGTERM and SIGINT end it, the second of them at once. The others that people and their tools send
//! to daemons would end it, too, without a word and in the middle of its work: SIGHUP, which asks
//! most daemons to read their settings anew, and which a terminal sends when it is closed; SIGUSR1
//! and SIGUSR2, which make others write their log anew or tell their state. They are heard and told.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// The first signal that ends cancels the first token, the next one the second.
pub fn watch(ends: [CancellationToken; 2]) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for token in ends {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        }
    });
    stay()
}

fn stay() -> std::io::Result<()> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut user_1 = signal(SignalKind::user_defined1())?;
    let mut user_2 = signal(SignalKind::user_defined2())?;
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = hang_up.recv() => "SIGHUP",
                Some(()) = user_1.recv() => "SIGUSR1",
                Some(()) = user_2.recv() => "SIGUSR2",
                else => return,
            };
            info!(
                signal = name,
                "it changes nothing: settings are read at the start, so restart the daemon to have \
                 them read anew"
            );
        }
    });
    Ok(())
}
