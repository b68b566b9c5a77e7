//! Use cases of one machine: look, accept, switch power.

use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::condition::{Condition, conditions};
use machine_core::evidence::KnownIdentity;
use machine_core::intent::Intent;
use machine_core::lifecycle::{Input, Moving, State};
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_store::change::{Change, MachineWrite};
use machine_store::events::{self, Event, RecordedEvent};
use machine_store::{attempts, boots, clusters, identities, intents, machines};

use crate::effects::{PowerRequest, SeenMachine};
use crate::error::UseCaseError;
use crate::operations::{Asked, Operations, TRIES, because};

/// How many boots are shown.
const BOOTS: u32 = 20;
/// How many events are read at once.
const EVENTS: u32 = 500;

/// A machine, and what is known of it.
#[derive(Debug, Clone)]
pub struct MachineView {
    /// Its record.
    pub machine: Machine,
    /// What was last seen of it.
    pub seen: SeenMachine,
    /// What is to be said of it.
    pub conditions: Vec<Condition>,
    /// Its latest intent, and the name of the cluster.
    pub intent: Option<(Intent, String)>,
    /// Its recent boots, newest first.
    pub boots: Vec<Boot>,
    /// What identifies it.
    pub identity: Option<KnownIdentity>,
}

impl MachineView {
    /// What it works for, or is on its way to.
    pub fn assignment(&self) -> Option<&(Intent, String)> {
        let works = matches!(
            self.machine.state,
            State::Provisioning(_) | State::Active | State::Failed(Moving::Provisioning(_))
        );
        self.intent.as_ref().filter(|_| works)
    }
}

impl Operations {
    /// Every machine, by name.
    pub async fn list_machines(&self) -> Result<Vec<MachineView>, UseCaseError> {
        let mut views = Vec::new();
        for machine in machines::list(&self.db).await? {
            views.push(self.view(machine).await?);
        }
        views.sort_by(|a, b| a.machine.name.cmp(&b.machine.name));
        Ok(views)
    }

    /// One machine.
    pub async fn show_machine(
        &self,
        name: &str,
    ) -> Result<(MachineView, Vec<Attempt>), UseCaseError> {
        let view = self.view(self.machine(name).await?).await?;
        let attempts = match &view.intent {
            Some((intent, _)) => attempts::of_intent(&self.db, intent.id).await?,
            None => Vec::new(),
        };
        Ok((view, attempts))
    }

    /// The events of a machine after the one of this number, oldest first.
    pub async fn events(&self, name: &str, after: i64) -> Result<Vec<RecordedEvent>, UseCaseError> {
        let machine = self.machine(name).await?;
        Ok(events::of_machine(&self.db, machine.id, after, EVENTS).await?)
    }

    /// Accepts a machine: it may be inspected, and allocated by the clusters' rules.
    pub async fn accept(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let request = self.request(asked, &["accept", name]);
            let now = self.effects.now();
            let next = match machine.after(Input::Accept, now) {
                Ok(next) => next,
                Err(refused) => return self.accepted_before(machine, refused, request).await,
            };
            let detail = format!(
                "{} -> {}: accept{}",
                machine.state,
                next.state,
                because(&asked.reason)
            );
            let event = event(&machine, asked, now, "state", detail);
            let change = Change {
                request,
                machines: vec![MachineWrite::Update(next)],
                events: vec![event],
                ..Change::default()
            };
            if self.write(&change).await? {
                self.effects.wake(machine.id);
                return self.view(self.machine(name).await?).await;
            }
        }
        Err(UseCaseError::Overtaken)
    }

    /// The same request, sent again after it was carried out, is answered and not refused.
    async fn accepted_before(
        &self,
        machine: Machine,
        refused: machine_core::lifecycle::Refused,
        request: Option<machine_store::requests::Request>,
    ) -> Result<MachineView, UseCaseError> {
        if let Some(request) = request
            && let Some(earlier) = machine_store::requests::find(&self.db, &request.key).await?
        {
            earlier.repeated(&request.digest)?;
            return self.view(machine).await;
        }
        Err(UseCaseError::Lifecycle {
            name: machine.name,
            refused,
        })
    }

    /// Switches a machine's power, through its BMC.
    pub async fn power(
        &self,
        name: &str,
        request: PowerRequest,
        asked: &Asked,
    ) -> Result<PowerState, UseCaseError> {
        let machine = self.machine(name).await?;
        let what = match request {
            PowerRequest::Level(PowerState::On) => "on",
            PowerRequest::Level(PowerState::Off) => "off",
            PowerRequest::Cycle => "cycle",
        };
        let detail = format!("{what}{}", because(&asked.reason));
        let record = self.request(asked, &["power", name, what]);
        let is_repeated = match &record {
            Some(record) => {
                let earlier = machine_store::requests::find(&self.db, &record.key).await?;
                earlier
                    .map(|earlier| earlier.repeated(&record.digest))
                    .transpose()?
                    .is_some()
            }
            None => false,
        };
        if is_repeated && let Some(power) = self.effects.seen_machine(machine.id).power {
            return Ok(power);
        }
        let event = event(&machine, asked, self.effects.now(), "power", detail);
        let change = Change {
            request: record,
            events: vec![event],
            ..Change::default()
        };
        self.write(&change).await?;
        Ok(self.effects.switch_power(&machine, request).await?)
    }

    pub(crate) async fn view(&self, machine: Machine) -> Result<MachineView, UseCaseError> {
        let boots = boots::recent(&self.db, machine.id, BOOTS).await?;
        let identity = identities::of_machine(&self.db, machine.id).await?;
        let judged = identities::judge(&self.db, machine.id).await?;
        let intent = match intents::latest_of_machine(&self.db, machine.id).await? {
            Some(intent) => {
                let cluster = clusters::find(&self.db, intent.assignment.cluster).await?;
                Some((intent, cluster.map(|it| it.spec.name).unwrap_or_default()))
            }
            None => None,
        };
        let conditions = conditions(&machine, &judged, &boots, self.effects.now());
        let seen = self.effects.seen_machine(machine.id);
        Ok(MachineView {
            machine,
            seen,
            conditions,
            intent,
            boots,
            identity,
        })
    }
}

pub(crate) fn event(
    machine: &Machine,
    asked: &Asked,
    at: machine_core::time::Timestamp,
    kind: &str,
    detail: String,
) -> Event {
    Event {
        at,
        boot: None,
        machine: Some(machine.id),
        cluster: None,
        actor: asked.actor.clone(),
        kind: kind.to_owned(),
        detail,
    }
}
