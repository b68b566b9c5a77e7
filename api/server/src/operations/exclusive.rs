//! What an entry of a document wants and another machine has, which keeps it: a BMC, an
//! address, a board.
//!
//! Entries of one document have been compared with each other already: what another entry gives up
//! is free.

use machine_core::endpoint::BmcEndpoint;
use machine_core::evidence::KnownIdentity;
use machine_core::machine::Machine;
use machine_store::reservations::Reservation;
use machine_store::{identities, machines, reservations};

use crate::document::machine_spec::{MachineSpec, NicSpec};
use crate::document::{DocumentError, Reader};
use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// That the BMC of an entry is another machine's: a copied block would switch that machine's
    /// power.
    pub(super) async fn bmc_of_another(
        &self,
        reader: Reader<'_>,
        spec: &MachineSpec,
        all: &[MachineSpec],
    ) -> Result<Option<DocumentError>, UseCaseError> {
        let Some(bmc) = &spec.bmc else {
            return Ok(None);
        };
        let holder = machines::find_by_bmc(&self.db, bmc.endpoint.identity()).await?;
        let Some(holder) = holder.filter(|it| !has_entry(&it.name, all)) else {
            return Ok(None);
        };
        if self.has_card(&holder, spec).await? {
            return Ok(None);
        }
        let address = bmc.endpoint.address();
        let its_own = holder.bmc.as_ref().map(BmcEndpoint::address);
        let by = match its_own.filter(|it| *it != address) {
            Some(other) => format!(" as {other}, which is the same BMC"),
            None => String::new(),
        };
        let (name, state) = (&holder.name, holder.state);
        let wanted = format!(
            "the BMC of {}, but {name} ({state}) has this one{by}: correct it, or take it from \
             the entry of {name}",
            spec.name
        );
        let got = address.to_string();
        Ok(Some(reader.wrong_at(bmc.line, "bmc.ipmi", wanted, got)))
    }

    /// The UUIDs and serial numbers of entries that other machines were told to have.
    pub(super) async fn boards_of_others(
        &self,
        reader: Reader<'_>,
        all: &[MachineSpec],
    ) -> Result<Vec<DocumentError>, UseCaseError> {
        if all
            .iter()
            .all(|it| it.uuid.is_none() && it.serial.is_none())
        {
            return Ok(Vec::new());
        }
        let known = identities::list(&self.db).await?;
        let others: Vec<&KnownIdentity> = known
            .iter()
            .filter(|it| !has_entry(&it.name, all))
            .collect();
        let errors = all.iter().flat_map(|spec| {
            // Who has a card of the entry is its machine, or keeps the card: that is told then.
            let has_card =
                |it: &KnownIdentity| spec.nics.iter().any(|nic| it.macs.contains(&nic.mac));
            let others = others.iter().filter(move |it| !has_card(it));
            others.flat_map(move |it| boards_of(reader, spec, it))
        });
        Ok(errors.collect())
    }

    /// Whether a machine has a card of an entry: whose that is decides more than a BMC or an address.
    async fn has_card(&self, machine: &Machine, spec: &MachineSpec) -> Result<bool, UseCaseError> {
        let known = identities::of_machine(&self.db, machine.id).await?;
        let has = |known: &KnownIdentity| spec.nics.iter().any(|it| known.macs.contains(&it.mac));
        Ok(known.as_ref().is_some_and(has))
    }

    /// The addresses of an entry that are kept for other machines.
    pub(super) async fn addresses_of_others(
        &self,
        reader: Reader<'_>,
        spec: &MachineSpec,
        all: &[MachineSpec],
    ) -> Result<Vec<DocumentError>, UseCaseError> {
        let mut errors = Vec::new();
        for nic in &spec.nics {
            let Some(address) = nic.address else {
                continue;
            };
            let Some(kept) = reservations::of_address(&self.db, address).await? else {
                continue;
            };
            let holder = machines::find(&self.db, kept.machine).await?;
            if let Some(holder) = holder.filter(|it| !has_entry(&it.name, all))
                && !self.has_card(&holder, spec).await?
            {
                errors.push(kept_for(reader, (spec, nic), &holder, &kept));
            }
        }
        Ok(errors)
    }
}

/// Whether the document speaks of this machine.
fn has_entry(machine: &str, all: &[MachineSpec]) -> bool {
    all.iter()
        .any(|it| it.name == machine || it.renamed_from.as_deref() == Some(machine))
}

/// What an entry says of its board that another machine was told to have.
fn boards_of(reader: Reader<'_>, spec: &MachineSpec, holder: &KnownIdentity) -> Vec<DocumentError> {
    let refused = |line, field, got: String| {
        let wanted = format!(
            "the {field} of {}, but {} has this one: correct it, or the record of {} (drover machine \
             show {})",
            spec.name, holder.name, holder.name, holder.name
        );
        reader.wrong_at(line, field, wanted, got)
    };
    let uuid = spec.uuid.zip(holder.uuid);
    let uuid = uuid.filter(|(said, known)| said.is_same_board(*known));
    let serial = spec.serial.as_ref().zip(holder.serial.as_ref());
    let serial = serial.filter(|(said, known)| said == known);
    let uuid = uuid.map(|(said, _)| refused(spec.uuid_line, "uuid", said.to_string()));
    let serial = serial.map(|(said, _)| refused(spec.serial_line, "serial", said.to_string()));
    uuid.into_iter().chain(serial).collect()
}

fn kept_for(
    reader: Reader<'_>,
    (spec, nic): (&MachineSpec, &NicSpec),
    holder: &Machine,
    kept: &Reservation,
) -> DocumentError {
    let (name, state, mac) = (&holder.name, holder.state, kept.mac);
    let wanted = format!(
        "an address for {}, but this one is kept for {name} ({state}), card {mac}: choose \
         another, or take it from the entry of {name}",
        spec.name
    );
    let got = kept.address.to_string();
    reader.wrong_at(nic.line, "nics.address", wanted, got)
}
