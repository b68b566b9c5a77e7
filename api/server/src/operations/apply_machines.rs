//! The use case that registers machines. A machine that was found in the network before keeps its
//! record, and gets the name.

use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::network::ClientKey;
use machine_store::change::{Change, MachineWrite, ReservationWrite};
use machine_store::evidence::{Evidence, Fact};
use machine_store::reservations::Reservation;
use machine_store::{identities, machines};

use crate::document::machines::{MachineSpec, parse};
use crate::error::UseCaseError;
use crate::operations::machines::{MachineView, event};
use crate::operations::{Asked, Operations, TRIES, because};

impl Operations {
    /// Registers the machines of a document, or changes what is recorded of them: all or none.
    pub async fn apply_machines(
        &self,
        file: &str,
        document: &str,
        asked: &Asked,
    ) -> Result<Vec<MachineView>, UseCaseError> {
        let specs = parse(file, document)?;
        for _ in 0..TRIES {
            let mut change = Change {
                request: self.request(asked, &["apply machines", document]),
                ..Change::default()
            };
            for spec in &specs {
                self.add_machine(&mut change, spec, asked).await?;
            }
            if self.write(&change).await? {
                return self.registered(&specs).await;
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn registered(&self, specs: &[MachineSpec]) -> Result<Vec<MachineView>, UseCaseError> {
        let mut views = Vec::new();
        for spec in specs {
            for nic in &spec.nics {
                if let Some(address) = nic.address {
                    self.effects
                        .reserve(ClientKey::Hardware(nic.mac), address)?;
                }
            }
            let machine = self.machine(&spec.name).await?;
            self.effects.wake(machine.id);
            views.push(self.view(machine).await?);
        }
        Ok(views)
    }

    async fn add_machine(
        &self,
        change: &mut Change,
        spec: &MachineSpec,
        asked: &Asked,
    ) -> Result<(), UseCaseError> {
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
        let detail = format!("{detail}{}", because(&asked.reason));
        change
            .events
            .push(event(&machine, asked, at, "registered", detail));
        change.evidence.push(Evidence {
            machine: machine.id,
            at,
            facts: facts(spec),
        });
        change
            .reservations
            .extend(spec.nics.iter().filter_map(|nic| {
                let reservation = Reservation {
                    machine: machine.id,
                    mac: nic.mac,
                    address: nic.address?,
                };
                Some(ReservationWrite::Reserve(reservation))
            }));
        change.machines.push(if is_new {
            MachineWrite::Insert(machine)
        } else {
            MachineWrite::Update(machine)
        });
        Ok(())
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

fn facts(spec: &MachineSpec) -> Vec<Fact> {
    let cards = spec.nics.iter().map(|nic| Fact::Mac(nic.mac));
    let uuid = spec.uuid.map(Fact::Uuid);
    let serial = spec.serial.clone().map(Fact::Serial);
    cards.chain(uuid).chain(serial).collect()
}
