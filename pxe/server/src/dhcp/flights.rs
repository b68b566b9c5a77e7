//! Answers that are being worked out, bounded in number. When all places are taken, nothing more is
//! read: the kernel's buffer is the queue, and what was begun is finished. A packet that comes again
//! while its answer is in work needs no second one. Those that are left at the end are finished,
//! within a grace period.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use pxe_dhcp::option::MessageKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Which question an answer is in work for. A client that repeats itself keeps its transaction
/// (RFC 2131 §4.1), and changes it for its next message or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    /// Who asks.
    pub(crate) mac: MacAddress,
    /// In which transaction.
    pub(crate) xid: u32,
    /// What: the type of its message.
    pub(crate) kind: MessageKind,
}

/// The answers in work for one socket.
#[derive(Debug)]
pub(crate) struct Flights {
    places: Arc<Semaphore>,
    /// How many places are not for strangers: seven eighths, since a machine's question waits in
    /// the database behind all that are in work.
    kept: usize,
    in_work: Arc<Mutex<BTreeSet<Question>>>,
    running: TaskTracker,
    cut: CancellationToken,
}

/// Held while an answer is worked out: what repeats its question until then is merged with it. To
/// be dropped before the answer is sent, for after that the client may ask something else.
#[derive(Debug)]
pub(crate) struct InWork {
    question: Question,
    in_work: Arc<Mutex<BTreeSet<Question>>>,
}

impl Flights {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit)),
            kept: limit - limit / 8,
            in_work: Arc::default(),
            running: TaskTracker::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Whether there is no place for one more.
    pub(crate) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }

    /// Whether only the places are left that are kept for machines on record.
    pub(crate) fn is_scarce(&self) -> bool {
        self.places.available_permits() <= self.kept
    }

    /// Waits until there is a place.
    pub(crate) async fn room(&self) {
        // It is given back at once: only the loop that waits here takes places.
        let _place = self.places.acquire().await;
    }

    /// Works out an answer, unless that very question is in work or there is no place.
    pub(crate) fn start<F>(&self, question: Question, work: impl FnOnce(InWork) -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return false;
        };
        if !lock(&self.in_work).insert(question) {
            return false;
        }
        // Boxed first: it is large, and each future around it would be moved with it.
        let task = Box::pin(work(InWork {
            question,
            in_work: Arc::clone(&self.in_work),
        }));
        let cut = self.cut.clone();
        let mut task = Box::pin(async move {
            cut.run_until_cancelled(task).await;
            drop::<OwnedSemaphorePermit>(place);
        });
        if !is_done_at_once(task.as_mut()) {
            self.running.spawn(task);
        }
        true
    }

    /// Waits for those in work, for so long at most. Whether all ended.
    pub(crate) async fn finish(self, grace: Duration) -> bool {
        self.running.close();
        let in_time = tokio::time::timeout(grace, self.running.wait()).await;
        self.cut.cancel();
        in_time.is_ok()
    }
}

/// Works on an answer as far as nothing has to be waited for. Most need no more: a task for each
/// would cost more than the answer. A bug in it ends this answer and not the loop that reads.
fn is_done_at_once(task: Pin<&mut (impl Future<Output = ()> + Send)>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| task.poll(&mut context).is_ready()));
    polled.unwrap_or(true)
}

impl Drop for InWork {
    fn drop(&mut self) {
        lock(&self.in_work).remove(&self.question);
    }
}

fn lock(in_work: &Mutex<BTreeSet<Question>>) -> MutexGuard<'_, BTreeSet<Question>> {
    in_work.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn question(xid: u32) -> Question {
        Question {
            mac: MacAddress::new([2, 0, 0, 0, 0, 1]),
            xid,
            kind: MessageKind::Discover,
        }
    }

    #[tokio::test]
    async fn what_was_begun_is_finished_however_much_comes() {
        let (done, mut finished) = mpsc::unbounded_channel();
        let flights = Flights::new(2);
        let gate = Arc::new(Semaphore::new(0));
        for number in 0..3 {
            let (done, gate) = (done.clone(), Arc::clone(&gate));
            let task = |_| async move {
                let _permit = gate.acquire().await;
                done.send(number).unwrap();
            };
            assert_eq!(flights.start(question(number), task), number < 2);
        }
        assert!(flights.is_full());
        gate.add_permits(2);
        flights.room().await;
        let done = done.clone();
        assert!(flights.start(question(3), |_| async move { done.send(3).unwrap() }));
        assert!(flights.finish(Duration::from_secs(10)).await);
        let mut came = Vec::new();
        while let Ok(number) = finished.try_recv() {
            came.push(number);
        }
        came.sort_unstable();
        assert_eq!(came, [0, 1, 3]);
    }

    #[tokio::test]
    async fn an_answer_that_waits_for_nothing_needs_no_task() {
        let flights = Flights::new(2);
        let mut answered = 0;
        for xid in 0..3 {
            let (done, mut finished) = mpsc::unbounded_channel();
            assert!(flights.start(question(xid), |_| async move { done.send(()).unwrap() }));
            answered += usize::from(finished.try_recv().is_ok());
        }
        assert_eq!(answered, 3, "each before the next packet is read");
        assert!(flights.running.is_empty());
    }

    #[tokio::test]
    async fn a_bug_in_one_answer_ends_that_answer_alone() {
        let flights = Flights::new(1);
        assert!(flights.start(question(1), |_| async { panic!("a bug") }));
        assert!(!flights.is_full(), "its place is free");
        let (done, mut finished) = mpsc::unbounded_channel();
        assert!(flights.start(question(2), |_| async move { done.send(()).unwrap() }));
        assert_eq!(finished.try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn strangers_have_an_eighth_of_the_places() {
        let flights = Flights::new(8);
        for number in 0..8 {
            assert_eq!(flights.is_scarce(), number >= 1);
            assert!(flights.start(question(number), |_| std::future::pending()));
        }
        assert!(flights.is_full());
    }

    #[tokio::test]
    async fn a_packet_that_comes_again_while_its_answer_is_in_work_takes_no_place() {
        let flights = Flights::new(3);
        let gate = Arc::new(Semaphore::new(0));
        let wait = |in_work: InWork| {
            let gate = Arc::clone(&gate);
            async move {
                drop(gate.acquire().await);
                drop(in_work);
            }
        };
        assert!(flights.start(question(7), wait));
        assert!(!flights.start(question(7), wait), "it is in work");
        let other = Question {
            kind: MessageKind::Request,
            ..question(7)
        };
        assert!(flights.start(other, wait), "another message");
        gate.add_permits(2);
        assert_eq!(flights.places.available_permits(), 1);
        flights.running.close();
        flights.running.wait().await;
        assert_eq!(flights.places.available_permits(), 3);
        assert!(flights.start(question(7), wait), "asked anew");
    }

    #[tokio::test]
    async fn once_an_answer_is_worked_out_the_same_client_may_ask_again() {
        let (worked_out, mut answers) = mpsc::unbounded_channel();
        let flights = Flights::new(2);
        for _ in 0..2 {
            let worked_out = worked_out.clone();
            let work = |in_work: InWork| async move {
                drop(in_work);
                worked_out.send(()).unwrap();
                std::future::pending::<()>().await;
            };
            assert!(flights.start(question(7), work));
            answers.recv().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_work_is_finished_at_the_end() {
        let (done, mut finished) = mpsc::unbounded_channel();
        let flights = Flights::new(2);
        flights.start(question(1), |_| async move {
            tokio::time::sleep(Duration::from_secs(9)).await;
            done.send(()).unwrap();
        });
        assert!(flights.finish(Duration::from_secs(10)).await);
        assert_eq!(finished.recv().await, Some(()));

        let flights = Flights::new(2);
        flights.start(question(1), |_| std::future::pending());
        assert!(!flights.finish(Duration::from_secs(10)).await);
    }
}
