//! Answers that are being worked out, bounded in number: the newest matter, since a client whose
//! answer was dropped asks again and one that has waited too long no longer listens. Those that are
//! left at the end are finished, within a grace period.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

/// Tasks in the order of their start.
#[derive(Debug)]
pub(crate) struct Flights {
    limit: usize,
    tasks: VecDeque<AbortHandle>,
    running: TaskTracker,
}

impl Flights {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            tasks: VecDeque::new(),
            running: TaskTracker::new(),
        }
    }

    /// Starts one more. Says whether the oldest was given up for it.
    pub(crate) fn start(&mut self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        while self.tasks.front().is_some_and(AbortHandle::is_finished) {
            self.tasks.pop_front();
        }
        if self.tasks.len() >= self.limit {
            self.tasks.retain(|task| !task.is_finished());
        }
        let oldest = if self.tasks.len() < self.limit {
            None
        } else {
            self.tasks.pop_front()
        };
        if let Some(oldest) = &oldest {
            oldest.abort();
        }
        self.tasks
            .push_back(self.running.spawn(task).abort_handle());
        oldest.is_some()
    }

    /// Waits for those in work, for so long at most. Whether all ended.
    pub(crate) async fn finish(self, grace: Duration) -> bool {
        self.running.close();
        let in_time = tokio::time::timeout(grace, self.running.wait()).await;
        self.tasks.iter().for_each(AbortHandle::abort);
        in_time.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn the_oldest_yields_to_the_newest() {
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut flights = Flights::new(2);
        let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        for number in 0..3 {
            let (done, gate) = (done.clone(), std::sync::Arc::clone(&gate));
            let gave_up = flights.start(async move {
                let _permit = gate.acquire().await;
                done.send(number).unwrap();
            });
            assert_eq!(gave_up, number == 2);
        }
        drop(done);
        gate.add_permits(3);
        let mut came = Vec::new();
        while let Some(number) = finished.recv().await {
            came.push(number);
        }
        came.sort_unstable();
        assert_eq!(came, [1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_work_is_finished_at_the_end() {
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut flights = Flights::new(2);
        flights.start(async move {
            tokio::time::sleep(Duration::from_secs(9)).await;
            done.send(()).unwrap();
        });
        assert!(flights.finish(Duration::from_secs(10)).await);
        assert_eq!(finished.recv().await, Some(()));

        let mut flights = Flights::new(2);
        flights.start(std::future::pending());
        assert!(!flights.finish(Duration::from_secs(10)).await);
    }
}
