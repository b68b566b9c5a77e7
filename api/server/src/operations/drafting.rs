//! One change of all that a document of machines says, thought out on what is on record.

use machine_core::cluster::Cluster;
use machine_core::disk::DiskIdentity;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite, ReservationWrite};
use machine_store::clusters;
use machine_store::evidence::Fact;
use machine_store::registrations::{self, RegistrationWrite};
use machine_store::reservations::{self, Reservation};

use crate::caller::Asked;
use crate::document::machine_spec::MachineSpec;
use crate::document::{DocumentError, Reader};
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::apply_result::ApplyResult;
use crate::operations::holders::{Subject, TakenCard};
use crate::operations::machines::event;
use crate::operations::named_members::naming;
use crate::operations::registration::{Recorded, Registration, changed, registered};

/// A change in the making, and what is to be told and done when it is written.
#[derive(Default)]
pub(super) struct Draft {
    /// What is written.
    pub(super) change: Change,
    /// The machines of the document, in its order, and what becomes of each.
    pub(super) results: Vec<(MachineId, ApplyResult)>,
    /// The reservations that end.
    pub(super) freed: Vec<Reservation>,
    /// Those whose disk is named anew: what Talos may not find is told once for all of them.
    pub(super) disks: Vec<(String, DiskIdentity)>,
    /// What a person should know of it, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Operations {
    /// The change that registers machines.
    pub(super) async fn draft(
        &self,
        reader: Reader<'_>,
        specs: &[MachineSpec],
        asked: &Asked,
    ) -> Result<Draft, UseCaseError> {
        let mut draft = Draft::default();
        let clusters = clusters::list(&self.db).await?;
        let mut errors = Vec::new();
        for spec in specs {
            errors.extend(self.bmc_of_another(reader, spec, specs).await?);
            errors.extend(self.addresses_of_others(reader, spec, specs).await?);
        }
        errors.extend(self.boards_of_others(reader, specs).await?);
        DocumentError::all(errors)?;
        for spec in specs {
            let subject = self.subject(reader, spec, specs).await?;
            self.add(&mut draft, (spec, subject), &clusters, asked)
                .await?;
        }
        // Ended first: two machines may exchange their addresses in one document.
        let ended = draft.freed.iter().map(|it| ReservationWrite::Free {
            machine: it.machine,
            address: it.address,
        });
        draft.change.reservations.splice(0..0, ended);
        Ok(draft)
    }

    async fn add(
        &self,
        draft: &mut Draft,
        (spec, subject): (&MachineSpec, Subject),
        clusters: &[Cluster],
        asked: &Asked,
    ) -> Result<(), UseCaseError> {
        let former = subject.machine.as_ref().map(|it| it.name.clone());
        let registration = self.compared(spec, subject.machine).await?;
        let is_unchanged = registration.is_unchanged() && subject.taken.is_empty();
        let result = match (registration.is_new, is_unchanged) {
            (true, _) => ApplyResult::Created,
            (false, false) => ApplyResult::Configured,
            (false, true) => ApplyResult::Unchanged,
        };
        draft.results.push((registration.machine.id, result));
        if is_unchanged {
            return Ok(());
        }
        for taken in &subject.taken {
            self.take(draft, &registration.machine, taken, asked);
        }
        self.write_record(draft, &registration, spec, asked)?;
        if let Some(former) = former.filter(|it| *it != spec.name) {
            draft.notes.extend(still_named(&former, spec, clusters));
        }
        let withdrawn = self
            .withdrawn(&mut draft.change, &registration.machine, clusters, asked)
            .await?;
        let machine = match withdrawn {
            None => registration.machine.clone(),
            Some(ended) => {
                draft.notes.push(format!("{}: {}", spec.name, ended.told));
                ended.machine
            }
        };
        draft.change.machines.push(if registration.is_new {
            MachineWrite::Insert(machine)
        } else {
            MachineWrite::Update(machine)
        });
        if !registration.cleared.is_empty() {
            let cleared = registration.cleared.join(", ");
            let name = &spec.name;
            let note = format!("{name}: cleared, for its entry leaves it out: {cleared}");
            draft.notes.push(note);
        }
        draft.freed.extend(registration.freed);
        Ok(())
    }

    async fn compared(
        &self,
        spec: &MachineSpec,
        known: Option<Machine>,
    ) -> Result<Registration, UseCaseError> {
        let Some(machine) = known else {
            let id = MachineId::from_bytes(self.effects.draw()?);
            let machine = Machine::discovered(id, &spec.name, self.effects.now());
            return Ok(registered(spec, &machine));
        };
        let same_password = match &spec.bmc {
            Some(bmc) => {
                let secret = bmc.secret.to_text();
                self.effects.is_bmc_password(machine.id, &secret).await?
            }
            None => true,
        };
        let before = Recorded {
            said: registrations::of_machine(&self.db, machine.id).await?,
            accepted: registrations::accepted(&self.db, machine.id).await?,
            reserved: reservations::of_machine(&self.db, machine.id).await?,
            same_password,
            machine,
        };
        Ok(changed(spec, &before))
    }

    /// Takes a card from another machine, and says so on its timeline.
    fn take(&self, draft: &mut Draft, to: &Machine, taken: &TakenCard, asked: &Asked) {
        let (from, mac) = (&taken.from, taken.mac);
        let unsay = RegistrationWrite::Unsay {
            machine: from.id,
            fact: Fact::Mac(mac),
        };
        // Before the new owner says that it is its own.
        draft.change.registrations.insert(0, unsay);
        let detail = format!(
            "its card {mac} is registered for {}{}",
            to.name,
            asked.because()
        );
        let at = self.effects.now();
        draft
            .change
            .events
            .push(event(from, asked, at, "registered", detail));
        let note = format!(
            "{}: its card {mac} was on the record of {}",
            to.name, from.name
        );
        draft.notes.push(note);
    }

    /// What an entry writes beside the machine itself.
    fn write_record(
        &self,
        draft: &mut Draft,
        registration: &Registration,
        spec: &MachineSpec,
        asked: &Asked,
    ) -> Result<(), UseCaseError> {
        let (machine, at) = (&registration.machine, self.effects.now());
        let change = &mut draft.change;
        match &spec.bmc {
            Some(bmc) => change.secrets.push(
                self.effects
                    .seal_bmc_password(machine.id, &bmc.secret.to_text())?,
            ),
            None if !registration.is_new => change
                .secrets
                .push(self.effects.forget_bmc_password(machine.id)),
            None => {}
        }
        let id = machine.id;
        let unsaid = registration.unsaid.iter().cloned();
        let said = registration.said.iter().cloned();
        change
            .registrations
            .extend(unsaid.map(|fact| RegistrationWrite::Unsay { machine: id, fact }));
        let say = |fact| RegistrationWrite::Say {
            machine: id,
            fact,
            at,
        };
        change.registrations.extend(said.map(say));
        let reserved = registration.reserved.iter().copied();
        change
            .reservations
            .extend(reserved.map(ReservationWrite::Reserve));
        let detail = format!("{}{}", registration.detail(), asked.because());
        change
            .events
            .push(event(machine, asked, at, "registered", detail));
        let is_new_disk = registration.is_new
            || registration
                .changes
                .iter()
                .any(|it| it.starts_with("disk "));
        if let Some(disk) = machine.install_disk.clone().filter(|_| is_new_disk) {
            draft.disks.push((machine.name.clone(), disk));
        }
        Ok(())
    }
}

/// The clusters that a machine is not taken by any more, because it has another name now.
fn still_named(former: &str, spec: &MachineSpec, clusters: &[Cluster]) -> Vec<String> {
    let name = &spec.name;
    let note = |cluster| {
        format!(
            "{name} was {former}, and a rule of {cluster} still names {former}: it does not take \
             {name}; correct its file and apply it again (drover cluster apply)"
        )
    };
    naming(clusters, former).into_iter().map(note).collect()
}
