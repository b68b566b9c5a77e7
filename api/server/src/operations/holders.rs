//! Which machine an entry of a document speaks of, and whose its cards are.
//!
//! A mistyped card must rename, steal or take over nothing: a card that belongs to another machine
//! is refused, and both are named. Whoever only asked the network once, under a name that nobody
//! gave, is no such owner.

use machine_core::evidence::{Identity, KnownIdentity};
use machine_core::hardware::MacAddress;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_store::{identities, machines};

use crate::document::machine_spec::{MachineSpec, NicSpec};
use crate::document::{DocumentError, Reader};
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::yaml::nearest::nearest;

/// A card that goes from one machine to another.
#[derive(Debug, Clone)]
pub(crate) struct TakenCard {
    /// Whose it was.
    pub(crate) from: Machine,
    /// Which card.
    pub(crate) mac: MacAddress,
}

/// The machine of an entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subject {
    /// Its record, if it has one.
    pub(crate) machine: Option<Machine>,
    /// The cards of the entry that others had.
    pub(crate) taken: Vec<TakenCard>,
}

/// What may become of a card that another machine has.
enum Holder {
    /// It is the machine of the entry, found before anybody named it.
    Found(Machine),
    /// It gives the card away.
    Gives(Machine),
    /// It keeps it.
    Keeps(Machine),
}

impl Operations {
    /// The machine that an entry of a document speaks of.
    pub(super) async fn subject(
        &self,
        reader: Reader<'_>,
        spec: &MachineSpec,
        all: &[MachineSpec],
    ) -> Result<Subject, UseCaseError> {
        let mut subject = Subject {
            machine: self.machine_of_name(reader, spec).await?,
            taken: Vec::new(),
        };
        let cards = spec.nics.iter().map(|nic| nic.mac).collect();
        let holders = identities::candidates(&self.db, &cards, None).await?;
        let mut errors = Vec::new();
        for nic in &spec.nics {
            for holder in holders.iter().filter(|it| it.macs.contains(&nic.mac)) {
                let own = subject.machine.as_ref().map(|it| it.id);
                if own == Some(holder.machine) {
                    continue;
                }
                match self.holder(holder, nic, all, &subject).await? {
                    None => {}
                    Some(Holder::Found(machine)) => subject.machine = Some(machine),
                    Some(Holder::Gives(from)) => {
                        subject.taken.push(TakenCard { from, mac: nic.mac });
                    }
                    Some(Holder::Keeps(machine)) => {
                        let found = subject.machine.as_ref();
                        let keeper = (&machine, holder.macs.len() == 1);
                        errors.push(refusal(reader, (spec, nic), found, keeper));
                    }
                }
            }
        }
        DocumentError::all(errors)?;
        Ok(subject)
    }

    /// The machine that has the entry's name, or had the one that it is renamed from.
    async fn machine_of_name(
        &self,
        reader: Reader<'_>,
        spec: &MachineSpec,
    ) -> Result<Option<Machine>, UseCaseError> {
        let named = machines::find_by_name(&self.db, &spec.name).await?;
        let Some(former) = spec.renamed_from.as_ref() else {
            return Ok(named);
        };
        match (named, machines::find_by_name(&self.db, former).await?) {
            (Some(_), Some(former)) => {
                let wanted = format!("a name that no machine has; {} exists", spec.name);
                let got = former.name;
                Err(reader
                    .wrong_at(spec.renamed_line, RENAMED, wanted, got)
                    .into())
            }
            // Renamed before, and now.
            (Some(one), None) | (None, Some(one)) => Ok(Some(one)),
            (None, None) => Err(self.nobody_of_name(reader, spec, former).await?.into()),
        }
    }

    /// Nobody has the name that a machine is renamed from, or the one that it gets.
    async fn nobody_of_name(
        &self,
        reader: Reader<'_>,
        spec: &MachineSpec,
        former: &str,
    ) -> Result<DocumentError, UseCaseError> {
        let known = machines::list(&self.db).await?;
        let near = nearest(former, known.iter().map(|it| it.name.as_str()));
        let hint = match near.as_slice() {
            [] => "see drover machine list for the names that there are".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        let wanted = format!(
            "the name of a machine, and there is neither this one nor {}: correct it, or leave it \
             out for a machine that is new; {hint}",
            spec.name
        );
        Ok(reader.wrong_at(spec.renamed_line, RENAMED, wanted, former))
    }

    async fn holder(
        &self,
        holder: &KnownIdentity,
        nic: &NicSpec,
        all: &[MachineSpec],
        subject: &Subject,
    ) -> Result<Option<Holder>, UseCaseError> {
        let Some(machine) = machines::find(&self.db, holder.machine).await? else {
            return Ok(None);
        };
        // The same document says that it has the card no longer.
        let own = |it: &&MachineSpec| {
            it.name == machine.name || it.renamed_from.as_ref() == Some(&machine.name)
        };
        if let Some(entry) = all.iter().find(own) {
            let keeps = entry.nics.iter().any(|it| it.mac == nic.mac);
            return Ok(Some(if keeps {
                Holder::Keeps(machine)
            } else {
                Holder::Gives(machine)
            }));
        }
        if machine.state != State::Discovered || !machine.has_generated_name() {
            return Ok(Some(Holder::Keeps(machine)));
        }
        let judged = identities::judge(&self.db, machine.id).await?;
        let is_claimant = matches!(judged, Identity::Conflict { .. });
        Ok(Some(match (&subject.machine, is_claimant) {
            (None, false) => Holder::Found(machine),
            // Two records that nobody named: whether they are one machine, a person says.
            (Some(known), false) if known.has_generated_name() => Holder::Keeps(machine),
            (Some(_), false) | (_, true) => Holder::Gives(machine),
        }))
    }
}

const RENAMED: &str = "machines.renamed_from";

fn refusal(
    reader: Reader<'_>,
    (spec, nic): (&MachineSpec, &NicSpec),
    found: Option<&Machine>,
    (holder, is_only_card): (&Machine, bool),
) -> DocumentError {
    let (name, state) = (&holder.name, holder.state);
    let also = match found {
        Some(found) if found.name != spec.name => {
            format!(" (which is {} by another card)", found.name)
        }
        Some(_) | None => String::new(),
    };
    // An entry has one card at least.
    let free = match (is_only_card, state) {
        (false, _) => format!("leave it out of the entry of {name}"),
        (true, State::Discovered | State::Retired) => {
            format!("if {name} is gone, end its record first: drover machine forget {name}")
        }
        (true, _) => format!(
            "if {name} is gone, end its record first: drover machine retire {name}, then drover \
             machine forget {name}"
        ),
    };
    let wanted = format!(
        "a card of {own}{also}, but {name} ({state}) has this one: correct it; or, if {own} is the \
         same machine, write name: {name}, or rename it by renamed_from: {name}; or {free}",
        own = spec.name
    );
    reader.wrong_at(nic.line, "nics.mac", wanted, nic.mac.to_string())
}
