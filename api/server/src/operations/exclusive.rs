//! What an entry of a document wants and another machine has, which keeps it: a BMC, an address.
//!
//! Entries of one document have been compared with each other already: what another entry gives up
//! is free.

use machine_core::machine::Machine;
use machine_store::reservations::Reservation;
use machine_store::{machines, reservations};

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
        let Some(holder) = holder.filter(|it| !has_entry(it, all)) else {
            return Ok(None);
        };
        let address = bmc.endpoint.address;
        let its_own = holder.bmc.as_ref().map(|it| it.address);
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
            if let Some(holder) = holder.filter(|it| !has_entry(it, all)) {
                errors.push(kept_for(reader, (spec, nic), &holder, &kept));
            }
        }
        Ok(errors)
    }
}

/// Whether the document speaks of this machine.
fn has_entry(machine: &Machine, all: &[MachineSpec]) -> bool {
    all.iter()
        .any(|it| it.name == machine.name || it.renamed_from.as_ref() == Some(&machine.name))
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
