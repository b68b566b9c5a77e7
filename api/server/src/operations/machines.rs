//! Use cases of one machine: look, accept.

use machine_core::advice::advice_on_conditions;
use machine_core::artefact::FetchedArtefact;
use machine_core::assurance::Assurance;
use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::condition::Condition;
use machine_core::intent::Intent;
use machine_core::lifecycle::{Input, Moving, State};
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::events::Event;
use machine_store::evidence::{Fact, RecordedFact};
use machine_store::reservations::{self, Reservation};
use machine_store::{
    artefacts, attempts, clusters, evidence, identities, intents, machines, registrations,
};

use crate::caller::{Asked, Caller};
use crate::effects::attention::SeenMachine;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::page::{Page, Paged};
use crate::operations::{Operations, TRIES, Written};

/// How many intents are shown.
const INTENTS: u32 = 5;
/// How many attempts are shown: of two permissions, if each has as many as it may.
const ATTEMPTS: u32 = 16;

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
}

/// A machine, and what is on record of it.
#[derive(Debug, Clone)]
pub struct MachineDetails {
    /// The machine.
    pub view: MachineView,
    /// All that it has shown of its identity.
    pub evidence: Vec<RecordedFact>,
    /// What documents say of its identity.
    pub said: Vec<Fact>,
    /// The addresses that are reserved for its cards.
    pub reserved: Vec<Reservation>,
    /// How sure it is that its config goes to it.
    pub assurance: Option<Assurance>,
    /// Its latest intents, newest first, and the names of their clusters.
    pub intents: Vec<(Intent, String)>,
    /// Its latest attempts, under whatever intent, newest first.
    pub attempts: Vec<Attempt>,
    /// The documents that left under these attempts.
    pub artefacts: Vec<FetchedArtefact>,
    /// What can be done for it, if it goes on by nothing else; a sentence each.
    pub advice: Vec<String>,
}

impl MachineView {
    /// What it works for, or is on its way to.
    pub fn assignment(&self) -> Option<&(Intent, String)> {
        self.intent.as_ref().filter(|_| is_assigned(&self.machine))
    }
}

/// Whether a machine works by its latest permission, or is on its way to that.
pub(super) const fn is_assigned(machine: &Machine) -> bool {
    matches!(
        machine.state,
        State::Provisioning(_) | State::Active | State::Failed(Moving::Provisioning(_))
    )
}

impl Operations {
    /// The machines, by name.
    pub async fn list_machines(
        &self,
        caller: &Caller,
        page: &Page,
    ) -> Result<Paged<MachineView>, UseCaseError> {
        self.permit(caller, Operation::ListMachines)?;
        self.listed_machines(page).await
    }

    /// The same, for another use case.
    pub(super) async fn listed_machines(
        &self,
        page: &Page,
    ) -> Result<Paged<MachineView>, UseCaseError> {
        self.effects.settled().await;
        let machines = page.cut(machines::readable(&self.db).await?, |it| &it.name);
        Ok(Paged {
            items: self.views(machines.items).await?,
            next: machines.next,
        })
    }

    /// One machine, by its name, a card or its UUID.
    pub async fn show_machine(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<MachineDetails, UseCaseError> {
        self.permit(caller, Operation::GetMachine)?;
        self.effects.settled().await;
        let view = self.view(self.meant(name).await?).await?;
        let id = view.machine.id;
        let mut named = Vec::new();
        for intent in intents::recent(&self.db, id, INTENTS).await? {
            named.push(self.named(intent).await?);
        }
        let known = identities::of_machine(&self.db, id).await?;
        let assurance = known.map(|it| Assurance::of(&it, view.machine.bmc.is_some()));
        let mut advice = self.advice(&view.machine).await?;
        advice.extend(advice_on_conditions(&view.machine.name, &view.conditions));
        Ok(MachineDetails {
            view,
            advice,
            assurance,
            evidence: evidence::of_machine(&self.db, id).await?,
            said: registrations::of_machine(&self.db, id).await?,
            reserved: reservations::of_machine(&self.db, id).await?,
            intents: named,
            attempts: attempts::recent(&self.db, id, ATTEMPTS).await?,
            artefacts: artefacts::recent(&self.db, id, ATTEMPTS).await?,
        })
    }

    /// An intent and the name of its cluster.
    pub(super) async fn named(&self, intent: Intent) -> Result<(Intent, String), UseCaseError> {
        let cluster = clusters::find(&self.db, intent.assignment.cluster).await?;
        Ok((intent, cluster.map(|it| it.spec.name).unwrap_or_default()))
    }

    /// Accepts a machine: it may be inspected, and allocated by the clusters' rules.
    pub async fn accept(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        self.permit(&asked.caller, Operation::AcceptMachine)?;
        self.intend(name, Input::Accept, asked).await
    }

    /// Moves a machine on by what a person wants of it.
    pub(super) async fn intend(
        &self,
        name: &str,
        input: Input,
        asked: &Asked,
    ) -> Result<MachineView, UseCaseError> {
        let verb = input.to_string();
        let what = [verb.as_str(), name];
        if self.carried_out(asked, &what).await?.is_some() {
            return self.view(self.machine(name).await?).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let now = self.effects.now();
            let next = match machine.after(input, now) {
                Ok(next) => next,
                Err(refused) => return Err(self.refusal(&machine, refused).await),
            };
            self.refuse_in_conflict(&machine, input).await?;
            self.refuse_without_rule(&next).await?;
            let (from, to) = (machine.state, next.state);
            let detail = format!("{from} -> {to}: {verb}{}", asked.because());
            let change = Change {
                request: Some(self.request(asked, &what, String::new())),
                machines: vec![MachineWrite::Update(next)],
                events: vec![event(&machine, asked, now, "state", detail)],
                ..Change::default()
            };
            match self.write(&change).await? {
                Written::Now | Written::Before(_) => {
                    self.effects.wake(machine.id);
                    return self.view(self.machine(name).await?).await;
                }
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
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
        actor: asked.actor(),
        kind: kind.to_owned(),
        detail,
    }
}
