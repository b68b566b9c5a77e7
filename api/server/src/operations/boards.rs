//! What a person says of a machine's board: that it was replaced, that its UUID is also that of
//! others, that its BMC is the right one though it says another GUID.

use machine_core::hardware::SystemUuid;
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::identities;

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::endings::Thought;
use crate::operations::machines::event;

impl Operations {
    pub(super) async fn replacement_of_board(
        &self,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        let name = &machine.name;
        let known = identities::of_machine(&self.db, machine.id).await?;
        let known = known.filter(|it| it.uuid.is_some() || it.serial.is_some());
        let Some(known) = known else {
            return Err(UseCaseError::Contradiction(format!(
                "{name}: neither a UUID nor a serial number is known of its board: there is \
                 nothing to replace, its next boot is taken as it is"
            )));
        };
        let uuid = known.uuid.map(|it| format!("uuid {it}"));
        let serial = known.serial.map(|it| format!("serial {it}"));
        let old: Vec<String> = uuid.into_iter().chain(serial).collect();
        let detail = format!(
            "its board was replaced: {} counts no longer, and what its next boot says is taken{}",
            old.join(", "),
            asked.because()
        );
        let Machine { id, version, .. } = *machine;
        let at = self.effects.now();
        let mut notes = vec![format!(
            "if a document of {name} names a uuid or a serial, correct it before it is applied again"
        )];
        notes.extend(self.notes_on_claimants(machine).await?);
        Ok(Thought {
            change: Change {
                machines: vec![MachineWrite::ForgetBoard { id, version }],
                events: vec![event(machine, asked, at, "board", detail)],
                ..Change::default()
            },
            notes,
            ..Thought::default()
        })
    }

    pub(super) async fn disregard_of_uuid(
        &self,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        let known = identities::of_machine(&self.db, machine.id).await?;
        let uuid = known.and_then(|it| it.uuid).filter(SystemUuid::is_usable);
        let Some(uuid) = uuid else {
            return Err(UseCaseError::Contradiction(format!(
                "{}: wanted a machine whose UUID is known and counts, but nothing identifies it \
                 by one",
                machine.name
            )));
        };
        let at = self.effects.now();
        let detail = format!(
            "the UUID {uuid} is that of several boards: from now on it identifies none{}",
            asked.because()
        );
        let Machine { id, version, .. } = *machine;
        Ok(Thought {
            change: Change {
                machines: vec![MachineWrite::Hold { id, version }],
                ignored_uuids: vec![(uuid, at)],
                events: vec![event(machine, asked, at, "board", detail)],
                ..Change::default()
            },
            notes: vec![format!(
                "machines with the UUID {uuid} are told apart by their cards and serial numbers"
            )],
            ..Thought::default()
        })
    }

    pub(super) async fn acceptance_of_bmc(
        &self,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        let guid = self.effects.bmc_guid(machine).await?;
        let Some(guid) = guid else {
            return Err(UseCaseError::Contradiction(format!(
                "{}: its BMC says no usable GUID: there is nothing to accept, and nothing is \
                 refused for it",
                machine.name
            )));
        };
        let detail = format!(
            "its BMC is accepted as its own, though it says the GUID {guid}{}",
            asked.because()
        );
        let Machine { id, version, .. } = *machine;
        let at = self.effects.now();
        Ok(Thought {
            change: Change {
                machines: vec![MachineWrite::AcceptBmc { id, version, guid }],
                events: vec![event(machine, asked, at, "bmc", detail)],
                ..Change::default()
            },
            ..Thought::default()
        })
    }
}
