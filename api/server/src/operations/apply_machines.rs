//! The use case that registers machines. A machine that was found in the network before keeps its
//! record, and gets the name.

use std::net::IpAddr;

use machine_core::evidence::EvidenceSource;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::network::ClientKey;
use machine_store::change::{Change, MachineWrite, ReservationWrite};
use machine_store::evidence::{Evidence, Fact};
use machine_store::reservations::Reservation;
use machine_store::{identities, machines, reservations};

use crate::document::machines::{MachineSpec, NicSpec, parse};
use crate::effects::AddressGiver;
use crate::error::UseCaseError;
use crate::operations::machines::{MachineView, event};
use crate::operations::{Asked, Operations, TRIES, Written};

/// Machines that were applied.
#[derive(Debug, Clone)]
pub struct AppliedMachines {
    /// The machines.
    pub views: Vec<MachineView>,
    /// What was recorded, but does not do what one could expect of it, a sentence each.
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
        let specs = parse(file, document)?;
        let notes = self.check_addresses(&specs)?;
        let what = ["apply machines", document];
        if let Some(ids) = self.carried_out(asked, &what).await? {
            return self.applied_before(&ids, notes).await;
        }
        for _ in 0..TRIES {
            let (change, dropped) = self.registration(&specs, &what, asked).await?;
            match self.write(&change).await? {
                Written::Now => return self.registered(&specs, &dropped, notes).await,
                Written::Before(ids) => return self.applied_before(&ids, notes).await,
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    /// Refuses addresses that can be no machine's; says which are not ours to give.
    fn check_addresses(&self, specs: &[MachineSpec]) -> Result<Vec<String>, UseCaseError> {
        let mut notes = Vec::new();
        for (spec, nic, address) in addresses(specs) {
            let refused = |why| UseCaseError::Contradiction(format!("{}: {why}", spec.name));
            match self.effects.giver_of(address).map_err(refused)? {
                AddressGiver::Us => {}
                AddressGiver::Another => notes.push(format!(
                    "{}: {address} is recorded, but Drover gives no addresses there: see to it \
                     that {} gets it",
                    spec.name, nic.mac
                )),
            }
        }
        Ok(notes)
    }

    /// The change that registers machines, and the reservations that it ends.
    async fn registration(
        &self,
        specs: &[MachineSpec],
        what: &[&str],
        asked: &Asked,
    ) -> Result<(Change, Vec<Reservation>), UseCaseError> {
        let mut change = Change::default();
        let mut dropped = Vec::new();
        let mut ids = Vec::new();
        for spec in specs {
            let machine = self.add_machine(&mut change, spec, asked).await?;
            let kept = reservations_of(machine, spec);
            let before = reservations::of_machine(&self.db, machine).await?;
            dropped.extend(before.into_iter().filter(|it| !kept.contains(it)));
            ids.push(machine.to_string());
        }
        // Ended first: two machines may exchange their addresses in one document.
        let ended = dropped.iter().map(|it| ReservationWrite::Free {
            machine: it.machine,
            address: it.address,
        });
        change.reservations.splice(0..0, ended);
        change.request = Some(self.request(asked, what, ids.join(" ")));
        Ok((change, dropped))
    }

    /// Tells DHCP and the reconcile loop. The machines are registered: what fails from here on is
    /// a note.
    async fn registered(
        &self,
        specs: &[MachineSpec],
        dropped: &[Reservation],
        mut notes: Vec<String>,
    ) -> Result<AppliedMachines, UseCaseError> {
        for it in dropped {
            self.effects
                .unreserve(ClientKey::Hardware(it.mac), it.address);
        }
        for (spec, nic, address) in addresses(specs) {
            if self.effects.giver_of(address) == Ok(AddressGiver::Us)
                && let Err(why) = self.effects.reserve(ClientKey::Hardware(nic.mac), address)
            {
                notes.push(format!(
                    "{}: {address} is not kept for it: {why}",
                    spec.name
                ));
            }
        }
        let mut views = Vec::new();
        for spec in specs {
            let machine = self.machine(&spec.name).await?;
            self.effects.wake(machine.id);
            views.push(self.view(machine).await?);
        }
        Ok(AppliedMachines { views, notes })
    }

    /// The answer to a request that was carried out before: the same machines.
    async fn applied_before(
        &self,
        ids: &str,
        notes: Vec<String>,
    ) -> Result<AppliedMachines, UseCaseError> {
        let mut views = Vec::new();
        for id in ids.split(' ').filter_map(|id| id.parse().ok()) {
            if let Some(machine) = machines::find(&self.db, id).await? {
                views.push(self.view(machine).await?);
            }
        }
        Ok(AppliedMachines { views, notes })
    }

    async fn add_machine(
        &self,
        change: &mut Change,
        spec: &MachineSpec,
        asked: &Asked,
    ) -> Result<MachineId, UseCaseError> {
        let at = self.effects.now();
        let known = self.known(spec).await?;
        let is_new = known.is_none();
        let machine = match known {
            Some(machine) => machine,
            None => {
                Machine::discovered(MachineId::from_bytes(self.effects.draw()?), &spec.name, at)
            }
        };
        let machine = Machine {
            name: spec.name.clone(),
            install_disk: spec.disk.clone().or(machine.install_disk),
            bmc: spec
                .bmc
                .as_ref()
                .map(|bmc| bmc.endpoint.clone())
                .or(machine.bmc),
            ..machine
        };
        if let Some(bmc) = &spec.bmc {
            change
                .secrets
                .push(self.effects.seal_bmc_password(machine.id, &bmc.password)?);
        }
        let detail = if is_new {
            "registered"
        } else {
            "its record was changed"
        };
        let detail = format!("{detail}{}", asked.because());
        change
            .events
            .push(event(&machine, asked, at, "registered", detail));
        change.evidence.push(Evidence {
            machine: machine.id,
            at,
            source: EvidenceSource::Registered,
            facts: facts(spec),
        });
        let reservations = reservations_of(machine.id, spec).into_iter();
        change
            .reservations
            .extend(reservations.map(ReservationWrite::Reserve));
        let id = machine.id;
        change.machines.push(if is_new {
            MachineWrite::Insert(machine)
        } else {
            MachineWrite::Update(machine)
        });
        Ok(id)
    }

    /// The machine that a document speaks of: by its name, or by one of its cards.
    async fn known(&self, spec: &MachineSpec) -> Result<Option<Machine>, UseCaseError> {
        let named = machines::find_by_name(&self.db, &spec.name).await?;
        let cards = spec.nics.iter().map(|nic| nic.mac).collect();
        let holders = identities::candidates(&self.db, &cards, None).await?;
        let other = holders.iter().find(|holder| {
            named
                .as_ref()
                .is_none_or(|named| named.id != holder.machine)
        });
        match (named, other) {
            (Some(named), None) => Ok(Some(named)),
            (Some(_), Some(other)) => Err(UseCaseError::Contradiction(format!(
                "{}: a card of it belongs to the machine {}",
                spec.name, other.name
            ))),
            (None, None) => Ok(None),
            (None, Some(other)) => Ok(machines::find(&self.db, other.machine).await?),
        }
    }
}

/// Every address of a document, with its card and machine.
fn addresses(specs: &[MachineSpec]) -> impl Iterator<Item = (&MachineSpec, &NicSpec, IpAddr)> {
    specs.iter().flat_map(|spec| {
        let nics = spec.nics.iter();
        nics.filter_map(move |nic| Some((spec, nic, nic.address?)))
    })
}

fn reservations_of(machine: MachineId, spec: &MachineSpec) -> Vec<Reservation> {
    let reservation = |nic: &NicSpec| {
        Some(Reservation {
            machine,
            mac: nic.mac,
            address: nic.address?,
        })
    };
    spec.nics.iter().filter_map(reservation).collect()
}

fn facts(spec: &MachineSpec) -> Vec<Fact> {
    let cards = spec.nics.iter().map(|nic| Fact::Mac(nic.mac));
    let uuid = spec.uuid.map(Fact::Uuid);
    let serial = spec.serial.clone().map(Fact::Serial);
    cards.chain(uuid).chain(serial).collect()
}
