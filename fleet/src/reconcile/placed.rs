//! Reading and stepping in a place: which one, and for how long it is held.

use machine_core::id::MachineId;
use machine_core::plan::step::{Action, Step};

use crate::error::StepError;
use crate::reconcile::Reconciler;
use crate::reconcile::places::Place;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;

impl Reconciler {
    /// Reads all that a plan is made of, and takes the place in which the machine is worked on. What
    /// was read before a wait for the place is read again.
    pub(super) async fn load_in_place(
        &self,
        machine: MachineId,
    ) -> Result<Option<(Situation, Place<'_>)>, StepError> {
        let place = self.places.site.acquire().await.ok();
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
            self.status.await_node(situation.dossier.machine.id);
            self.places.nodes.acquire().await.ok()
        } else {
            place
        };
        self.perform(situation, step).await
    }
}

/// Whether the machine's BMC is asked for its plan.
const fn asks_bmc(situation: &Situation) -> bool {
    let machine = &situation.dossier.machine;
    machine.state.moving().is_some() && machine.bmc.is_some()
}
