//! How many machines are worked on at once: so many by records alone, and apart from them so many
//! whose BMC or node is asked. A BMC that is dead takes seconds to be given up, and a rack of them
//! must not keep the others from what needs no answer.

use machine_core::id::MachineId;
use machine_core::plan::step::{Action, Step};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::StepError;
use crate::reconcile::Reconciler;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;

/// How many machines are worked on by records at once: a few for each connection to the database.
const BY_RECORDS: usize = 16;
/// How many BMCs are asked at once, a socket each: more than a rack has machines, so that a rack
/// whose BMCs are all dead leaves places for the others.
pub(super) const BMCS: usize = 64;
/// How many nodes are asked at once, a connection each: as many as BMCs, for the same reason.
pub(super) const NODES: usize = 64;

/// The places in which machines are worked on.
#[derive(Debug)]
pub(super) struct Places {
    records: Semaphore,
    pub(super) bmcs: Semaphore,
    pub(super) nodes: Semaphore,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            records: Semaphore::new(BY_RECORDS),
            bmcs: Semaphore::new(BMCS),
            nodes: Semaphore::new(NODES),
        }
    }
}

/// A place, or none: the places are never closed, so none is not seen.
pub(super) type Place<'a> = Option<SemaphorePermit<'a>>;

impl Places {
    /// One for a machine whose BMC is asked.
    pub(super) async fn of_bmcs(&self) -> Place<'_> {
        self.bmcs.acquire().await.ok()
    }
}

impl Reconciler {
    /// Reads all that a plan is made of, and takes the place in which the machine is worked on. What
    /// was read before a wait for the place is read again.
    pub(super) async fn load_in_place(
        &self,
        machine: MachineId,
    ) -> Result<Option<(Situation, Place<'_>)>, StepError> {
        let place = self.places.records.acquire().await.ok();
        let Some(situation) = self.load(machine).await? else {
            return Ok(None);
        };
        if !asks_bmc(&situation) {
            return Ok(Some((situation, place)));
        }
        drop(place);
        if let Ok(place) = self.places.bmcs.try_acquire() {
            return Ok(Some((situation, Some(place))));
        }
        self.status.await_bmc(machine);
        let place = self.places.of_bmcs().await;
        let again = self.load(machine).await?;
        Ok(again.map(|situation| (situation, place)))
    }

    /// Takes a step in this place; one that asks a node in a place for that.
    pub(super) async fn perform_in_place(
        &self,
        situation: &Situation,
        step: Step,
        place: Place<'_>,
    ) -> Result<Progress, StepError> {
        let asks_node = matches!(step, Step::Act(Action::Verify(_) | Action::Ask(_)));
        let _place = if asks_node {
            drop(place);
            self.status.await_node(situation.machine.id);
            self.places.nodes.acquire().await.ok()
        } else {
            place
        };
        self.perform(situation, step).await
    }
}

/// Whether the machine's BMC is asked for its plan.
const fn asks_bmc(situation: &Situation) -> bool {
    let machine = &situation.machine;
    machine.state.moving().is_some() && machine.bmc.is_some()
}
