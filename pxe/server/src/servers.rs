//! The loops of the boot plane while they run: one that ends before it is asked to is told, for the
//! machines would hang at the server that is not there.

use thiserror::Error;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// A server of the boot plane that ended before it was asked to. Its socket went with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the {server} server ended by itself: {why}")]
pub struct ServerEnded {
    /// Which: `DHCP`, `TFTP`, `HTTP`.
    pub server: &'static str,
    /// What is known of the reason.
    pub why: String,
}

/// The running servers, by what they serve.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    watched: JoinSet<(&'static str, Result<(), String>)>,
}

impl Servers {
    /// Starts one.
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        server: impl Future<Output = ()> + Send + 'static,
    ) {
        self.watch_over(name, tokio::spawn(server));
    }

    /// Watches one that was started elsewhere.
    pub(crate) fn watch_over(&mut self, name: &'static str, running: JoinHandle<()>) {
        self.watched.spawn(async move {
            let ended = running.await;
            (name, ended.map_err(|error| error.to_string()))
        });
    }

    /// Waits for all of them. The first that ends before `stop` or panics is told, and stops the
    /// others.
    pub(crate) async fn watch(mut self, stop: &CancellationToken) -> Result<(), ServerEnded> {
        let mut first = Ok(());
        while let Some(watched) = self.watched.join_next().await {
            let (server, why) = match watched {
                Ok((_, Ok(()))) if stop.is_cancelled() => continue,
                Ok((server, Ok(()))) => (server, "its socket can't be read".to_owned()),
                Ok((server, Err(why))) => (server, why),
                Err(error) => ("boot plane's", error.to_string()),
            };
            stop.cancel();
            first = first.and(Err(ServerEnded { server, why }));
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_before_it_is_asked_to_is_named_and_ends_the_others() {
        for (is_panic, wanted) in [(true, "panic"), (false, "can't be read")] {
            let stop = CancellationToken::new();
            let mut servers = Servers::default();
            servers.spawn("HTTP", stop.clone().cancelled_owned());
            servers.spawn("TFTP", async move { assert!(!is_panic, "a bug") });
            let ended = servers.watch(&stop).await.unwrap_err();
            assert_eq!(ended.server, "TFTP");
            assert!(ended.why.contains(wanted), "{ended}");
        }
    }

    #[tokio::test]
    async fn servers_that_are_asked_to_end_are_no_failure() {
        let stop = CancellationToken::new();
        let mut servers = Servers::default();
        servers.spawn("HTTP", stop.clone().cancelled_owned());
        stop.cancel();
        assert_eq!(servers.watch(&stop).await, Ok(()));
    }
}
