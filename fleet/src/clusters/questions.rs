//! When the members of clusters are asked whether they are ready that did not say so.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::id::{BootId, ClusterId, MachineId};
use machine_core::time::Timestamp;

/// How long its own words are awaited before a node is asked, and between the first two questions:
/// a node comes to be ready within a minute or two of its start.
const FIRST: Duration = Duration::from_mins(1);
/// The longest pause between two questions; each doubles.
const LONGEST: Duration = Duration::from_mins(10);
/// How many members are asked at one look.
const AT_ONCE: usize = 16;

/// The members that did not say that they are ready, and when they are asked.
#[derive(Debug, Default)]
pub(super) struct Questions(Mutex<BTreeMap<MachineId, Question>>);

#[derive(Debug, Clone, Copy)]
struct Question {
    cluster: ClusterId,
    /// The boot that it is about: a system that starts anew is asked anew.
    boot: BootId,
    due: Timestamp,
    pause: Duration,
}

/// A member that may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) machine: MachineId,
    pub(super) boot: BootId,
    pub(super) address: IpAddr,
}

impl Questions {
    /// Which of these members of a cluster are to be asked now. Who is not among them any more, since
    /// it is ready or gone, is forgotten.
    pub(super) fn due(&self, cluster: ClusterId, open: &[Due], now: Timestamp) -> Vec<Due> {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = BTreeMap::new();
        questions.retain(|machine, question| {
            let is_of_cluster = question.cluster == cluster;
            if is_of_cluster {
                before.insert(*machine, *question);
            }
            !is_of_cluster
        });
        let mut due = Vec::new();
        for it in open {
            let known = before
                .get(&it.machine)
                .filter(|known| known.boot == it.boot);
            let mut question = known.copied().unwrap_or_else(|| Question {
                cluster,
                boot: it.boot,
                due: now.plus(FIRST),
                pause: FIRST,
            });
            if question.due <= now && due.len() < AT_ONCE {
                due.push(*it);
                question.due = now.plus(question.pause);
                question.pause = (question.pause * 2).min(LONGEST);
            }
            questions.insert(it.machine, question);
        }
        due
    }

    /// Whether a member of the cluster is still to be asked.
    pub(super) fn are_open(&self, cluster: ClusterId) -> bool {
        let questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        questions.values().any(|it| it.cluster == cluster)
    }
}
