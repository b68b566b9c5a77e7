//! What came of asking nodes' APIs, by machine. It is remembered and not kept: whoever starts anew
//! asks again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::id::{AttemptId, BootId, MachineId};
use machine_core::plan::signs::{Asked, Reply, Unanswered};
use machine_core::time::Timestamp;

/// What came of asking nodes' APIs.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<BTreeMap<MachineId, Last>>);

/// What came last of asking the node of one machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Last {
    /// Whether it lives on the config of an attempt.
    pub(super) asked: Option<Asked>,
    /// That the system which runs from its disk did not answer.
    pub(super) unanswered: Option<Unanswered>,
}

impl Answers {
    /// What came last of asking this machine's node.
    pub(super) fn of(&self, machine: MachineId) -> Last {
        self.lock().get(&machine).cloned().unwrap_or_default()
    }

    /// What came of the question for an attempt; it is counted.
    pub(super) fn note_reply(
        &self,
        machine: MachineId,
        attempt: AttemptId,
        (reply, at): (Reply, Timestamp),
    ) {
        let mut all = self.lock();
        let last = all.entry(machine).or_default();
        let before = last.asked.take().filter(|it| it.attempt == attempt);
        let count = before.map_or(0, |before| before.count).saturating_add(1);
        last.asked = Some(Asked {
            attempt,
            at,
            count,
            reply,
        });
    }

    /// The system that runs from disk in this boot did not answer.
    pub(super) fn note_silence(
        &self,
        machine: MachineId,
        boot: BootId,
        (why, at): (String, Timestamp),
    ) {
        let mut all = self.lock();
        all.entry(machine).or_default().unanswered = Some(Unanswered { boot, at, why });
    }

    /// There is no such machine any more.
    pub(super) fn forget(&self, machine: MachineId) {
        self.lock().remove(&machine);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MachineId, Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
