//! Switching a machine's power for a plan: written down first, then done; and what the BMC made of
//! it.

use api_server::effects::power::{PowerOff, PowerRequest};
use machine_core::id::MachineId;
use machine_core::power::PowerState;
use machine_store::change::{AttemptWrite, Change, Outcome};
use machine_store::power_on::PowerSwitch;

use crate::error::StepError;
use crate::reconcile::Reconciler;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;
use crate::site::About;

impl Reconciler {
    pub(super) async fn start_from_network(
        &self,
        situation: &Situation,
    ) -> Result<Progress, StepError> {
        let machine = &situation.dossier.machine;
        let what = "on, to boot from the network";
        if !self.count_power(situation, PowerState::On, what).await? {
            return Ok(Progress::Again);
        }
        let lost = match self.power.start_from_network(machine).await {
            Ok(lost) => lost,
            Err(error) => {
                self.forget_power_on(machine.id).await?;
                return Ok(self.note_refusal(situation, &error));
            }
        };
        let mut waiting = "it was switched on to boot from the network".to_owned();
        if let Some(lost) = lost {
            waiting = format!("{waiting}; {lost}");
            let event = About::machine(machine.id).event(self.site.now(), "power", lost);
            self.site.commit.try_event(event);
        }
        self.power.note_obeyed(machine.id);
        self.status
            .set_power(machine.id, Some(PowerState::On), self.site.now());
        self.status.set_waiting(machine.id, waiting);
        Ok(Progress::Done)
    }

    pub(super) async fn power_off(&self, situation: &Situation) -> Result<Progress, StepError> {
        let machine = &situation.dossier.machine;
        let what = "off, to start it anew";
        if !self.count_power(situation, PowerState::Off, what).await? {
            return Ok(Progress::Again);
        }
        // What runs there is no system to shut down: it waits for its install, or hangs in it.
        let hard = PowerRequest::Off(PowerOff::Forced);
        match self.power.switch(machine, hard).await {
            Ok(_) => {
                self.power.note_obeyed(machine.id);
                Ok(Progress::Again)
            }
            Err(error) => Ok(self.note_refusal(situation, &error)),
        }
    }

    /// Writes down that power is switched, before it is. `false` if somebody was faster.
    async fn count_power(
        &self,
        situation: &Situation,
        wanted: PowerState,
        what: &str,
    ) -> Result<bool, StepError> {
        let at = self.site.now();
        let event = About::machine(situation.dossier.machine.id).event(at, "power", what);
        let count = situation
            .dossier
            .open_attempt()
            .map(|attempt| AttemptWrite::SwitchPower {
                id: attempt.id,
                number: attempt.power_actions.saturating_add(1),
                at,
            });
        let change = Change {
            machines: vec![situation.hold()],
            attempts: count.into_iter().collect(),
            power: vec![PowerSwitch {
                machine: situation.dossier.machine.id,
                on: (wanted == PowerState::On).then_some(at),
            }],
            events: vec![event],
            ..Change::default()
        };
        let is_counted = self.site.commit.submit(change).await? == Outcome::Applied;
        if is_counted {
            let (machine, since) = (situation.dossier.machine.id, situation.tried_since());
            self.power.note_command(machine, since, wanted, at);
        }
        Ok(is_counted)
    }

    /// It was not switched on after all: a boot that comes now does not follow from that.
    async fn forget_power_on(&self, machine: MachineId) -> Result<(), StepError> {
        let change = Change {
            power: vec![PowerSwitch { machine, on: None }],
            ..Change::default()
        };
        self.site.commit.submit(change).await?;
        Ok(())
    }

    /// Tells what a BMC said instead of doing what it was told: on the timeline once, until it says
    /// something else.
    fn note_refusal(&self, situation: &Situation, error: &StepError) -> Progress {
        let (machine, why) = (situation.dossier.machine.id, error.chain());
        let told = format!("its BMC refused: {why}");
        if self.power.note_refusal(machine, why) {
            let event = About::machine(machine).event(self.site.now(), "power", told.clone());
            self.site.commit.try_event(event);
        }
        self.status.set_waiting(machine, told);
        Progress::Done
    }
}
