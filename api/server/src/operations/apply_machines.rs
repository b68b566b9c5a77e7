//! The use case that registers machines. A machine that was found in the network before keeps its
//! record, and gets the name. What an entry changes is compared by [`registration`]; permissions
//! that came from what was there before end with it ([`withdrawal`]). [`drafting`] makes one change
//! of all that.
//!
//! [`registration`]: crate::operations::registration
//! [`withdrawal`]: crate::operations::withdrawal
//! [`drafting`]: crate::operations::drafting

use std::net::IpAddr;

use machine_core::allocation::{Allocation, allocate};
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::network::ClientKey;
use machine_store::{clusters, machines};

use crate::caller::Asked;
use crate::document::disk::{caveat, listed};
use crate::document::machine_spec::{MachineSpec, NicSpec};
use crate::document::machines::parse;
use crate::document::{DocumentError, Reader};
use crate::effects::addresses::AddressGiver;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::apply_result::ApplyResult;
use crate::operations::drafting::Draft;
use crate::operations::machines::MachineView;
use crate::operations::{Operations, TRIES, Written};

/// A machine that was applied.
#[derive(Debug, Clone)]
pub struct AppliedMachine {
    /// The machine.
    pub view: MachineView,
    /// What became of its entry.
    pub result: ApplyResult,
}

/// Machines that were applied.
#[derive(Debug, Clone)]
pub struct AppliedMachines {
    /// The machines, in the order of the document.
    pub machines: Vec<AppliedMachine>,
    /// What a person should know of it, a sentence each: what was cleared, which permissions ended,
    /// what has no effect as things stand.
    pub notes: Vec<String>,
}

impl Operations {
    /// Registers the machines of a document, or changes what is recorded of them: all or none.
    pub async fn apply_machines(
        &self,
        file: &str,
        document: &str,
        asked: &Asked,
    ) -> Result<AppliedMachines, UseCaseError> {
        self.permit(&asked.caller, Operation::ApplyMachines)?;
        let specs = parse(file, document)?;
        let reader = Reader { file };
        let notes = self.check_addresses(reader, &specs)?;
        let what = ["apply machines", document];
        if let Some(kept) = self.carried_out(asked, &what).await? {
            return self.applied_before(&kept, notes).await;
        }
        for _ in 0..TRIES {
            let mut draft = self.draft(reader, &specs, asked).await?;
            let kept = kept(&draft.results);
            draft.change.request = Some(self.request(asked, &what, kept));
            match self.write(&draft.change).await? {
                Written::Now => return self.registered(&specs, draft, notes).await,
                Written::Before(kept) => return self.applied_before(&kept, notes).await,
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    /// Refuses addresses that can be no machine's; says which are not ours to give.
    fn check_addresses(
        &self,
        reader: Reader<'_>,
        specs: &[MachineSpec],
    ) -> Result<Vec<String>, UseCaseError> {
        let (mut notes, mut errors) = (Vec::new(), Vec::new());
        for (spec, nic, address) in addresses(specs) {
            let name = &spec.name;
            let refused = |wanted: String| {
                let wanted = format!("an address for {name}: {wanted}");
                reader.wrong_at(nic.line, "nics.address", wanted, address.to_string())
            };
            match self.effects.giver_of(address) {
                Ok(AddressGiver::Us) => {}
                Ok(AddressGiver::UsFromRange) => notes.push(format!(
                    "{name}: {address} is in a range that leases are drawn from; from now on it is \
                     kept for {} alone",
                    nic.mac
                )),
                Ok(AddressGiver::Another) => notes.push(format!(
                    "{name}: {address} is recorded, but Drover gives no addresses there: see to it \
                     that {} gets it",
                    nic.mac
                )),
                Ok(AddressGiver::Nobody) => errors.push(refused(
                    "one in a network of the settings (subnets)".to_owned(),
                )),
                Err(why) => errors.push(refused(why.to_string())),
            }
        }
        DocumentError::all(errors)?;
        Ok(notes)
    }

    /// Tells DHCP and the reconcile loop. The machines are registered: what fails from here on is
    /// a note.
    async fn registered(
        &self,
        specs: &[MachineSpec],
        draft: Draft,
        mut notes: Vec<String>,
    ) -> Result<AppliedMachines, UseCaseError> {
        for it in &draft.freed {
            self.effects
                .unreserve(ClientKey::Hardware(it.mac), it.address);
        }
        for (spec, nic, address) in addresses(specs) {
            let giver = self.effects.giver_of(address);
            if matches!(giver, Ok(AddressGiver::Us | AddressGiver::UsFromRange))
                && let Err(why) = self.effects.reserve(ClientKey::Hardware(nic.mac), address)
            {
                notes.push(format!(
                    "{}: {address} is not kept for it: {why}",
                    spec.name
                ));
            }
        }
        notes.extend(draft.notes);
        notes.extend(caveat(
            draft.disks.iter().map(|(name, disk)| (&**name, disk)),
        ));
        let unchanged = specs.iter().zip(&draft.results);
        let unchanged = unchanged.filter(|(_, (_, it))| *it == ApplyResult::Unchanged);
        let unchanged: Vec<String> = unchanged.map(|(spec, _)| spec.name.clone()).collect();
        if !unchanged.is_empty() {
            notes.push(format!("unchanged: {}", listed(&unchanged)));
        }
        // Others may have waited for what is corrected here.
        self.wake_after(&draft.change).await?;
        let mut applied = Vec::new();
        let clusters = clusters::list(&self.db).await?;
        for (spec, (_, result)) in specs.iter().zip(draft.results) {
            let machine = self.machine(&spec.name).await?;
            if let two_disks @ Allocation::TwoDisks { .. } = allocate(&machine, &clusters) {
                notes.push(format!("{}: {two_disks}", spec.name));
            }
            applied.push((machine, result));
        }
        let machines = self.seen_applied(applied).await?;
        Ok(AppliedMachines { machines, notes })
    }

    /// The answer to a request that was carried out before: the same machines.
    async fn applied_before(
        &self,
        kept: &str,
        notes: Vec<String>,
    ) -> Result<AppliedMachines, UseCaseError> {
        let mut applied = Vec::new();
        for (id, result) in kept.split(' ').filter_map(read_kept) {
            if let Some(machine) = machines::find(&self.db, id).await? {
                applied.push((machine, result));
            }
        }
        let machines = self.seen_applied(applied).await?;
        Ok(AppliedMachines { machines, notes })
    }

    async fn seen_applied(
        &self,
        machines: Vec<(Machine, ApplyResult)>,
    ) -> Result<Vec<AppliedMachine>, UseCaseError> {
        let (machines, results): (Vec<_>, Vec<_>) = machines.into_iter().unzip();
        let views = self.views(machines).await?.into_iter().zip(results);
        Ok(views
            .map(|(view, result)| AppliedMachine { view, result })
            .collect())
    }
}

/// What is kept of the answer, for a repeated request: each machine, and what became of it.
fn kept(results: &[(MachineId, ApplyResult)]) -> String {
    let words = results
        .iter()
        .map(|(id, result)| format!("{id}={}", result.as_str()));
    words.collect::<Vec<_>>().join(" ")
}

/// Earlier versions kept only the ids.
fn read_kept(word: &str) -> Option<(MachineId, ApplyResult)> {
    let (id, result) = word.split_once('=').unwrap_or((word, ""));
    Some((id.parse().ok()?, ApplyResult::kept(result)))
}

/// Every address of a document, with its card and machine.
fn addresses(specs: &[MachineSpec]) -> impl Iterator<Item = (&MachineSpec, &NicSpec, IpAddr)> {
    specs.iter().flat_map(|spec| {
        let nics = spec.nics.iter();
        nics.filter_map(move |nic| Some((spec, nic, nic.address?)))
    })
}
