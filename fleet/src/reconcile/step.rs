//! One step of a machine: what is read and observed for it, and the plan that is made of that.
//!
//! Whoever waits for a script moves its machine on by records alone: no BMC and no node is asked.

use std::sync::Arc;

use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::plan::plan;
use machine_core::plan::step::{Action, Step};
use machine_core::power::{PowerObservation, PowerState};

use crate::error::StepError;
use crate::reconcile::progress::Progress;
use crate::reconcile::rests::{is_rest, seen};
use crate::reconcile::situation::Situation;
use crate::reconcile::{Reconciler, STEPS, TURN};
use crate::site::About;

impl Reconciler {
    pub(super) async fn step(self: &Arc<Self>, machine: MachineId) -> Result<Progress, StepError> {
        let before = self.site.db.model().read(|held| seen(held, machine));
        let Some((mut situation, place)) = self.load_in_place(machine).await? else {
            self.forget(machine);
            return Ok(Progress::Done);
        };
        let power = self.observe(&mut situation).await;
        let step = self.plan(&situation, &power);
        let is_safe = self.site.db.safe_mode().is_none();
        let rests = is_safe
            && is_rest(
                &situation.dossier.machine,
                &step,
                situation.hindrance.as_deref(),
            );
        let progress = self.perform_in_place(&situation, step, place).await?;
        self.rests.set(machine, before.flatten().filter(|_| rests));
        if progress != Progress::Again {
            self.look_at_power(&situation.dossier.machine);
        }
        Ok(progress)
    }

    /// Reads all that a plan is made of. What keeps the machine from its install goes to its
    /// timeline, once.
    pub(super) async fn load(&self, machine: MachineId) -> Result<Option<Situation>, StepError> {
        self.status.begin_look(machine);
        let Some(mut situation) = Situation::load(&self.site, machine).await? else {
            return Ok(None);
        };
        situation.signs = self.signs(&situation).await?;
        let hindrance = situation.hindrance.as_deref();
        if self.status.set_hindrance(machine, hindrance)
            && let Some(why) = hindrance
        {
            let event = About::machine(machine).event(self.site.now(), "refused", why);
            if let Err(error) = self.site.commit.submit(vec![event]).await {
                // It is not told yet.
                self.status.set_hindrance(machine, None);
                return Err(error.into());
            }
        }
        Ok(Some(situation))
    }

    fn plan(&self, situation: &Situation, power: &PowerObservation) -> Step {
        if let Some(safe_mode) = self.site.db.safe_mode() {
            return Step::Wait {
                why: safe_mode.to_string(),
                until: None,
            };
        }
        let command = self.power.last_command(situation.dossier.machine.id);
        plan(&situation.work(power, command.as_ref()), self.site.now())
    }

    /// What the plan may know of the power. A machine that is not on the move needs none.
    async fn observe(&self, situation: &mut Situation) -> PowerObservation {
        let machine = &situation.dossier.machine;
        if machine.state.moving().is_none() {
            return PowerObservation::NoBmc;
        }
        if machine.bmc.is_some() {
            self.status.await_bmc(machine.id);
        }
        let power = self.ask_power(machine).await;
        situation.signs.off_since = self.status.machine(machine.id).off_since;
        power
    }

    /// What the machine's BMC says now; asked afresh, and shown.
    pub async fn ask_power(&self, machine: &Machine) -> PowerObservation {
        let power = self.power.observe(machine).await;
        let seen: Option<PowerState> = match power {
            PowerObservation::Is(power) => Some(power),
            PowerObservation::NoBmc | PowerObservation::Unreachable(_) => None,
        };
        self.status.set_power(machine.id, seen, self.site.now());
        power
    }

    /// Moves a machine on as far as its records alone allow, for a script that waits for it: no
    /// BMC and no node is asked. Whether that far was come.
    pub async fn advance(&self, machine: MachineId) -> Result<bool, StepError> {
        let turn = self.power.turn(machine);
        let Ok(_turn) = tokio::time::timeout(TURN, turn.lock()).await else {
            return Ok(false);
        };
        for step in 0..STEPS {
            let Some(situation) = self.load(machine).await? else {
                return Ok(false);
            };
            if !self.advance_by_records(&situation).await? {
                // What it waits for now is found out with its BMC.
                if step > 0 {
                    self.site.wake.machine(machine);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the next step, if it is one of records alone. Whether it was.
    async fn advance_by_records(&self, situation: &Situation) -> Result<bool, StepError> {
        let step = self.plan(situation, &PowerObservation::NoBmc);
        let is_of_records = match &step {
            Step::Advance(_) | Step::Allocate(_) | Step::Permit(_) => true,
            Step::Act(Action::OpenAttempt | Action::PlanWipe) => true,
            Step::Act(_) | Step::GiveUp(_) | Step::Wait { .. } => false,
        };
        Ok(is_of_records && self.perform(situation, step).await? == Progress::Again)
    }
}
