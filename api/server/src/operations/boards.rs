//! What a person says of a machine's board: that it was replaced, that its UUID is also that of
//! others, that its BMC is the right one though it says another GUID.

use std::collections::BTreeSet;

use machine_core::evidence::{EvidenceKind, KnownIdentity};
use machine_core::hardware::SystemUuid;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::{evidence, identities};

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
        let uuids = known.iter().flat_map(KnownIdentity::uuids);
        let uuids = uuids.map(|it| format!("uuid {it}"));
        let serials = known.iter().flat_map(KnownIdentity::serials);
        let serials = serials.map(|it| format!("serial {it}"));
        let old: Vec<String> = uuids.chain(serials).collect();
        if old.is_empty() {
            return Err(UseCaseError::Contradiction(format!(
                "{name}: neither a UUID nor a serial number is known of its board: there is \
                 nothing to replace, its next boot is taken as it is"
            )));
        }
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
        let uuid = self.uuid_to_ignore(machine).await?;
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

    /// Of the UUIDs of a machine the one that another machine has, too; else its own.
    async fn uuid_to_ignore(&self, machine: &Machine) -> Result<SystemUuid, UseCaseError> {
        let known = identities::of_machine(&self.db, machine.id).await?;
        let own = known.map(|it| it.uuids()).unwrap_or_default();
        let recorded = evidence::of_machine(&self.db, machine.id).await?;
        let told = recorded
            .iter()
            .filter(|it| it.kind == EvidenceKind::SystemUuid && it.source.is_authority());
        // A document may say one, and a person another: what was told last comes first.
        let told = told.filter_map(|it| it.value.parse().ok());
        for uuid in told.chain(own.iter().copied()) {
            if self.has_another(machine.id, uuid).await? {
                return Ok(uuid);
            }
        }
        let name = &machine.name;
        match own.as_slice() {
            [uuid] => Ok(*uuid),
            [] => Err(UseCaseError::Contradiction(format!(
                "{name}: wanted a machine whose UUID is known and counts, but nothing identifies \
                 it by one"
            ))),
            several => Err(UseCaseError::Contradiction(format!(
                "{name}: wanted a UUID that another machine has, too, but its boots said {}, and no \
                 other machine has one of them: register its own in its document (drover machine \
                 apply --file FILE)",
                listed(several)
            ))),
        }
    }

    async fn has_another(&self, own: MachineId, uuid: SystemUuid) -> Result<bool, UseCaseError> {
        let sharing = identities::candidates(&self.db, &BTreeSet::new(), Some(uuid)).await?;
        let has = |it: &KnownIdentity| it.uuids().iter().any(|has| has.is_same_board(uuid));
        Ok(sharing.iter().any(|it| it.machine != own && has(it)))
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

fn listed(uuids: &[SystemUuid]) -> String {
    let uuids: Vec<String> = uuids.iter().map(ToString::to_string).collect();
    uuids.join(", ")
}
