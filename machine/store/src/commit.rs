//! The one commit task: gathers what the boot plane writes into one transaction with one fsync, and
//! answers each waiter after it.
//!
//! ```text
//!  submit ─► queue (bounded) ─► all that waits ─► BEGIN, a savepoint an item, COMMIT ─► answers
//!                                  ▲ while a commit is under way, the next batch gathers, and for a
//!                                    moment longer where batches follow each other closely
//! ```
//! Nobody is told that something is committed before it is. A batch that can't be committed fails
//! for everybody in it; an item that breaks a rule fails alone. Inside the transaction nothing is
//! awaited but the database. When the last handle is dropped, or [`CommitHandle::close`] is called,
//! the queue is written and the task ends.

pub(crate) mod batch;
pub mod claim;
pub mod item;
pub mod job;
pub mod sighting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use machine_core::boot::Boot;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::commit::batch::write_batch;
use crate::commit::item::Ticket;
use crate::commit::job::{Job, Submit};
use crate::db::Db;
use crate::error::StoreError;
use crate::events::Event;
use crate::read_model::refresh;

/// The commit task.
#[derive(Debug)]
pub struct Committer {
    db: Db,
    queue: mpsc::Receiver<Job>,
    shared: Arc<Shared>,
    /// When the last batch was written.
    written: Option<Instant>,
}

/// The way to the commit task. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct CommitHandle {
    queue: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

/// What the commit task has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommitCounts {
    /// Transactions that were committed.
    pub transactions: u64,
    /// Transactions that failed, with everything in them.
    pub failures: u64,
    /// Items that were committed.
    pub items: u64,
    /// Events that nobody waited for and that were dropped: the queue was full, or their
    /// transaction failed.
    pub dropped_events: u64,
}

#[derive(Debug, Default)]
struct Shared {
    stop: Notify,
    transactions: AtomicU64,
    failures: AtomicU64,
    items: AtomicU64,
    dropped_events: AtomicU64,
}

/// Items that wait at most; who comes later waits for room.
const QUEUE: usize = 4096;
/// Places of the queue that events which nobody waits for leave to alarms.
const FOR_ALARMS: usize = 256;
/// How soon after the last batch an item waits for company: from some hundred items a second on.
const CLOSE: Duration = Duration::from_millis(5);
/// For how long: a client of DHCP waits for seconds. At a thousand leases a second, it halves what
/// one costs.
const COMPANY: Duration = Duration::from_millis(2);
/// How often it is looked for more meanwhile.
const LOOK: Duration = Duration::from_micros(250);
/// With so many items in a batch, a sync adds a few microseconds to each: nothing is left to be saved
/// that would be worth a wait.
const ENOUGH: usize = 32;
/// Items in one transaction at most.
const BATCH: usize = 1024;

impl Committer {
    /// Starts the task: on the current runtime, or on a thread of its own where a commit waits for
    /// a disk of this machine.
    pub fn spawn(db: Db) -> (CommitHandle, JoinHandle<()>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let handle = CommitHandle {
            queue: sender,
            shared: Arc::clone(&shared),
        };
        let waits_for_disk = db.waits_for_disk();
        let task = Self {
            db,
            queue,
            shared,
            written: None,
        };
        if !waits_for_disk {
            return (handle, tokio::spawn(task.run()));
        }
        let (ended, end) = oneshot::channel();
        let thread = thread::Builder::new().name("commit".to_owned());
        let started = thread.spawn(move || {
            futures_executor::block_on(task.run());
            // Who stopped waiting has stopped waiting.
            let _ = ended.send(());
        });
        if let Err(error) = started {
            tracing::error!(%error, "the system gives no thread for the commit task");
        }
        let ended = tokio::spawn(async move {
            let _ = end.await;
        });
        (handle, ended)
    }

    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH);
        if let Err(error) = refresh::read_model(&self.db).await {
            tracing::warn!(%error, "the records are not in memory yet: the next commit reads them");
        }
        loop {
            let gathered = tokio::select! {
                biased;
                () = self.shared.stop.notified() => {
                    self.queue.close();
                    continue;
                }
                gathered = self.queue.recv_many(&mut jobs, BATCH) => gathered,
            };
            if gathered == 0 {
                break;
            }
            self.gather_more(&mut jobs);
            let done = write_batch(&self.db, &mut jobs).await;
            self.shared.count(&done, &jobs);
            self.written = Some(Instant::now());
            jobs.drain(..).for_each(|job| job.answer(&done));
        }
        if let Err(error) = self.db.fold_leases().await {
            tracing::warn!(%error, "the journal of leases is folded at the next start");
        }
    }
}

impl Committer {
    /// Where batches follow each other closely, each waits a moment for company: the disk takes as
    /// long for many items as for one. A lone item does not wait, nor does a batch that is large
    /// enough.
    fn gather_more(&mut self, jobs: &mut Vec<Job>) {
        let is_close = self.written.is_some_and(|it| it.elapsed() < CLOSE);
        if !is_close || !self.db.waits_for_disk() {
            return;
        }
        let began = Instant::now();
        loop {
            self.take_waiting(jobs);
            if jobs.len() >= ENOUGH || began.elapsed() >= COMPANY {
                return;
            }
            // This is the commit task's own thread.
            thread::sleep(LOOK);
        }
    }

    fn take_waiting(&mut self, jobs: &mut Vec<Job>) {
        while jobs.len() < BATCH
            && let Ok(job) = self.queue.try_recv()
        {
            jobs.push(job);
        }
    }
}

impl Shared {
    fn count(&self, done: &Result<(), StoreError>, jobs: &[Job]) {
        let Err(error) = done else {
            let items = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
            self.transactions.fetch_add(1, Ordering::Relaxed);
            self.items.fetch_add(items, Ordering::Relaxed);
            return;
        };
        let dropped = jobs.iter().map(Job::unanswered_events).sum();
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.dropped_events.fetch_add(dropped, Ordering::Relaxed);
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(%error, cause, items = jobs.len(), "nothing of this batch was committed");
    }
}

impl CommitHandle {
    /// Commits an item, and tells what became of it once it is durable.
    pub async fn submit<I: Submit>(&self, item: I) -> Result<I::Outcome, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = I::into_job(Box::new(Ticket::new(item, Some(reply))));
        self.queue.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Queues an event that nobody waits for; `false` if there was no room, which is counted. The
    /// last places are for alarms, so that a flood of steps does not hide them.
    pub fn try_event(&self, event: Event) -> bool {
        let has_room = event.is_alarm() || self.queue.capacity() > FOR_ALARMS;
        let job = Vec::into_job(Box::new(Ticket::new(vec![event], None)));
        let queued = has_room && self.queue.try_send(job).is_ok();
        if !queued {
            self.shared.dropped_events.fetch_add(1, Ordering::Relaxed);
        }
        queued
    }

    /// Queues a boot that nobody waits for; `false` if there was no room.
    pub fn try_boot(&self, boot: Boot) -> bool {
        let job = Boot::into_job(Box::new(Ticket::new(boot, None)));
        self.queue.try_send(job).is_ok()
    }

    /// Takes no more items: what is queued is written, then the task ends.
    pub fn close(&self) {
        self.shared.stop.notify_one();
    }

    /// What was done so far.
    pub fn counts(&self) -> CommitCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CommitCounts {
            transactions: read(&self.shared.transactions),
            failures: read(&self.shared.failures),
            items: read(&self.shared.items),
            dropped_events: read(&self.shared.dropped_events),
        }
    }
}
