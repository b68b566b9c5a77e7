//! The reconcile loop: read, observe, plan, do one thing, record it; again.
//!
//! A sweep looks at every machine every so often, and a wake-up at one at once. For each machine
//! one step is under way at a time. Whatever is done is written down before it is done; a plan is
//! made of what was read, and written by compare-and-set, so that whoever was faster wins and the
//! plan is made anew. Whoever asks a BMC or a node waits for its answer in a place of its own, and
//! keeps nobody from what records alone decide.

mod act;
mod addresses;
mod answers;
mod ask;
mod attempt_acts;
mod dropped_events;
mod looks;
mod placed;
mod places;
mod progress;
mod resting;
mod rests;
mod situation;
mod step;
mod switch;
mod under_way;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use machine_store::machines;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, instrument, warn};

use crate::last_heard::Heard;
use crate::power::Power;
use crate::reconcile::answers::Answers;
use crate::reconcile::dropped_events::DroppedEvents;
use crate::reconcile::looks::Looks;
use crate::reconcile::places::Places;
use crate::reconcile::progress::Progress;
use crate::reconcile::rests::Rests;
use crate::reconcile::under_way::UnderWay;
use crate::site::Site;
use crate::status::Status;

/// How many steps a machine may take in one go.
const STEPS: usize = 12;
/// How long a script request waits for a machine's turn.
const TURN: Duration = Duration::from_secs(2);
/// How long steps that are under way may take when the daemon stops.
const GRACE: Duration = Duration::from_secs(2);
/// How soon a machine is looked at again at the soonest that waits for a moment.
const SHORTEST: Duration = Duration::from_millis(100);
/// How soon a machine is looked at again that took many steps in one go.
const SOON: Duration = Duration::from_secs(2);

/// The reconcile loop.
#[derive(Debug)]
pub struct Reconciler {
    site: Arc<Site>,
    power: Arc<Power>,
    status: Arc<Status>,
    under_way: UnderWay,
    places: Places,
    looks: Looks,
    rests: Rests,
    tasks: TaskTracker,
    heard: Arc<Heard>,
    answers: Answers,
    /// When machines are to be looked at again that wait for a moment.
    alarms: Mutex<BTreeMap<MachineId, Timestamp>>,
    /// Whether people were told that the clock has jumped.
    has_jumped: AtomicBool,
    dropped: DroppedEvents,
}

impl Reconciler {
    /// Over these records.
    pub fn new(site: Arc<Site>, power: Arc<Power>, status: Arc<Status>) -> Self {
        let heard = Arc::new(Heard::new(Arc::clone(&site.clock)));
        Self {
            site,
            power,
            status,
            under_way: UnderWay::default(),
            places: Places::default(),
            looks: Looks::default(),
            rests: Rests::default(),
            tasks: TaskTracker::new(),
            heard,
            answers: Answers::default(),
            alarms: Mutex::default(),
            has_jumped: AtomicBool::new(false),
            dropped: DroppedEvents::default(),
        }
    }

    /// Who was heard last: the receivers tell it, plans read it.
    pub fn heard(&self) -> Arc<Heard> {
        Arc::clone(&self.heard)
    }

    /// Runs until told to stop; then waits for what is under way.
    pub async fn run(self: Arc<Self>, sweep: Duration, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(sweep);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = ticks.tick() => self.sweep().await,
                woken = self.site.wake.wait() => {
                    for machine in woken {
                        self.start(machine);
                    }
                }
            }
        }
        self.tasks.close();
        // What a slow BMC has not answered by then is asked again by the next daemon.
        if tokio::time::timeout(GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            warn!("steps were cut off: they took longer than the grace period");
        }
    }

    async fn sweep(self: &Arc<Self>) {
        self.tell_jumps();
        self.tell_dropped();
        self.look_at_resting();
        let due = self.site.db.model().read(|held| self.rests.due(held));
        if let Some(due) = due {
            for machine in due {
                self.start(machine);
            }
            return;
        }
        match machines::readable(&self.site.db).await {
            Ok(machines) => machines.iter().for_each(|machine| self.start(machine.id)),
            Err(error) => warn!(error = crate::error::chain(&error), "no sweep"),
        }
    }

    /// A clock that has jumped is followed slowly: people should know why times look wrong.
    fn tell_jumps(&self) {
        let apart = self.site.clock.jumped();
        let was_told = self.has_jumped.swap(apart.is_some(), Ordering::Relaxed);
        if let (Some(apart), false) = (apart, was_told) {
            let apart = humantime::format_duration(apart);
            warn!(%apart, "the system's clock has jumped: it is followed slowly, and deadlines stand");
        }
    }

    /// A timeline that lacks something should not look whole.
    fn tell_dropped(&self) {
        let count = self.site.commit.counts().dropped_events;
        if let Some(dropped) = self.dropped.news(count, self.site.now()) {
            warn!(
                dropped,
                "events were not written, and are missing on timelines: the database is too slow, or away"
            );
        }
    }

    /// Starts work on a machine, or notes that it has to be looked at again.
    fn start(self: &Arc<Self>, machine: MachineId) {
        if !self.under_way.begin(machine) {
            return;
        }
        let reconciler = Arc::clone(self);
        self.tasks.spawn(async move {
            let _look = Look(&reconciler, machine);
            reconciler.work(machine).await;
        });
    }

    #[instrument(name = "reconcile", skip_all, fields(%machine))]
    async fn work(self: &Arc<Self>, machine: MachineId) {
        let turn = self.power.turn(machine);
        let _turn = turn.lock().await;
        self.take_steps(machine).await;
    }

    async fn take_steps(self: &Arc<Self>, machine: MachineId) {
        for _ in 0..STEPS {
            match self.step(machine).await {
                Ok(Progress::Again) => {}
                Ok(Progress::Done) => return,
                Ok(Progress::At(until)) => return self.wake_at(machine, until),
                Err(error) => {
                    let why = error.chain();
                    warn!(error = why, "a step failed; it is tried again");
                    self.status
                        .set_waiting(machine, format!("the last step failed: {why}"));
                    return;
                }
            }
        }
        debug!("many steps in one go; the rest follows");
        self.wake_after(machine, SOON);
    }

    /// There is no such machine any more.
    fn forget(&self, machine: MachineId) {
        self.status.forget(machine);
        self.heard.forget(machine);
        self.answers.forget(machine);
        let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.remove(&machine);
    }

    fn wake_after(&self, machine: MachineId, pause: Duration) {
        let wake = Arc::clone(&self.site.wake);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            wake.machine(machine);
        });
    }

    /// Looks at a machine again at this moment; once, however often it is said meanwhile.
    fn wake_at(&self, machine: MachineId, until: Timestamp) {
        let at = self.site.now();
        let is_set = {
            let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
            let before = alarms.insert(machine, until);
            before.is_some_and(|before| before == until && before > at)
        };
        if !is_set {
            self.wake_after(machine, until.since(at).max(SHORTEST));
        }
    }
}

/// Ends the look at a machine, however the work on it ends: after a panic, too, it can be looked at
/// again.
struct Look<'a>(&'a Reconciler, MachineId);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let Self(reconciler, machine) = *self;
        if std::thread::panicking() {
            error!(%machine, "a step broke off by a fault of Drover's: it is tried again with the next sweep");
        }
        reconciler.status.end_look(machine);
        if reconciler.under_way.end(machine) {
            reconciler.site.wake.machine(machine);
        }
    }
}

#[cfg(test)]
mod tests;
