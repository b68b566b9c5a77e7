//! The parts of a running daemon. Each has a name, and none may end before it is asked to: a daemon
//! that lives on without one of them looks well and does not do its work.

use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A part that ended before it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{part} ended by itself: {why}")]
pub struct PartEnded {
    /// Which.
    pub part: &'static str,
    /// What is known of the reason.
    pub why: String,
}

/// Parts that run.
#[derive(Debug, Default)]
pub struct Parts {
    watched: JoinSet<(&'static str, Result<(), String>)>,
    running: Vec<&'static str>,
}

impl Parts {
    /// Starts one. What it gives at its end is why it ended, if that was not because it was asked.
    pub fn spawn(
        &mut self,
        part: &'static str,
        work: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        let handle = tokio::spawn(work);
        self.running.push(part);
        self.watched.spawn(async move {
            let ended = handle.await;
            (part, ended.unwrap_or_else(|error| Err(error.to_string())))
        });
    }

    /// Starts one that has no reason to give.
    pub fn spawn_endless(
        &mut self,
        part: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.spawn(part, async move {
            work.await;
            Ok(())
        });
    }

    /// Waits for the first that ends, while none was asked to.
    pub async fn first_end(&mut self) -> PartEnded {
        match self.next_end().await {
            Some((part, Ok(()))) => PartEnded {
                part,
                why: "it gives no reason".to_owned(),
            },
            Some((part, Err(why))) => PartEnded { part, why },
            None => std::future::pending().await,
        }
    }

    /// Waits until all have ended, at most so long; those that are left behind. One that fails now
    /// is told.
    pub async fn end_within(mut self, grace: Duration) -> Vec<&'static str> {
        let all = async {
            while let Some((part, ended)) = self.next_end().await {
                if let Err(why) = ended {
                    tracing::error!(part, why, "it broke off");
                }
            }
        };
        let _ = timeout(grace, all).await;
        self.running
    }

    async fn next_end(&mut self) -> Option<(&'static str, Result<(), String>)> {
        let (part, ended) = self.watched.join_next().await?.ok()?;
        if let Some(index) = self.running.iter().position(|it| *it == part) {
            self.running.swap_remove(index);
        }
        Some((part, ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn a_part_that_ends_or_panics_is_named_with_its_reason() {
        let mut parts = Parts::default();
        parts.spawn_endless("the loop", pending());
        parts.spawn("the API", async { Err("no more files".to_owned()) });
        let ended = parts.first_end().await;
        assert_eq!(ended.to_string(), "the API ended by itself: no more files");
        parts.spawn_endless("the sweep", async { panic!("a bug") });
        let ended = parts.first_end().await;
        assert_eq!(ended.part, "the sweep");
        assert!(ended.why.contains("panic"), "{ended}");
        parts.spawn_endless("the log", async {});
        assert_eq!(parts.first_end().await.part, "the log");
    }

    #[tokio::test]
    async fn what_does_not_end_is_left_behind_and_named() {
        let mut parts = Parts::default();
        parts.spawn_endless("the follower", pending());
        assert_eq!(
            parts.end_within(Duration::from_millis(1)).await,
            ["the follower"]
        );
        let mut parts = Parts::default();
        parts.spawn_endless("the sweep", async {});
        let long = Duration::from_mins(5);
        assert!(parts.end_within(long).await.is_empty());
    }
}
