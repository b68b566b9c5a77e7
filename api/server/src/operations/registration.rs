//! What an entry of a document changes of the record of its machine: a pure comparison of both.
//!
//! An entry is all that is said of its machine. What it leaves out is cleared; what the machine
//! showed on the wire, and no document ever said, stays.

use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_store::evidence::Fact;
use machine_store::reservations::Reservation;

use crate::document::machine_spec::{MachineSpec, NicSpec};

/// What is on record of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// The machine.
    pub(crate) machine: Machine,
    /// What documents said of its identity.
    pub(crate) said: Vec<Fact>,
    /// What people accepted of it by a command. A document that leaves it out takes it back.
    pub(crate) accepted: Vec<Fact>,
    /// The addresses that are kept for it.
    pub(crate) reserved: Vec<Reservation>,
    /// Whether the password of its BMC is the one of the entry.
    pub(crate) same_password: bool,
}

/// What an entry makes of its machine.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    /// The machine as the entry wants it.
    pub(crate) machine: Machine,
    /// Whether it had no record.
    pub(crate) is_new: bool,
    /// What is said of it now and was not before.
    pub(crate) said: Vec<Fact>,
    /// What is not said of it any more.
    pub(crate) unsaid: Vec<Fact>,
    /// The addresses that are kept for it from now on.
    pub(crate) reserved: Vec<Reservation>,
    /// The addresses that are not kept for it any more.
    pub(crate) freed: Vec<Reservation>,
    /// What changes, a few words each.
    pub(crate) changes: Vec<String>,
    /// What is cleared because the entry leaves it out, a few words each.
    pub(crate) cleared: Vec<String>,
}

impl Registration {
    /// Whether the entry says what is on record already.
    pub(crate) fn is_unchanged(&self) -> bool {
        !self.is_new && self.changes.is_empty() && self.cleared.is_empty()
    }

    /// What happened, for the timeline.
    pub(crate) fn detail(&self) -> String {
        let cleared = self.cleared.iter().map(|it| format!("{it} removed"));
        let told: Vec<String> = self.changes.iter().cloned().chain(cleared).collect();
        match (self.is_new, told.is_empty()) {
            (true, _) | (false, true) => "registered".to_owned(),
            (false, false) => format!("its record was changed: {}", told.join("; ")),
        }
    }
}

/// The registration of a machine that has no record.
pub(crate) fn registered(spec: &MachineSpec, machine: &Machine) -> Registration {
    Registration {
        machine: wanted(spec, machine.clone()),
        is_new: true,
        said: facts(spec),
        unsaid: Vec::new(),
        reserved: reservations(machine.id, spec),
        freed: Vec::new(),
        changes: Vec::new(),
        cleared: Vec::new(),
    }
}

/// What an entry changes of a record.
pub(crate) fn changed(spec: &MachineSpec, before: &Recorded) -> Registration {
    let old = &before.machine;
    let said = facts(spec);
    let reserved = reservations(old.id, spec);
    let missing = |from: &[Reservation], it: &Reservation| !from.contains(it);
    let freed: Vec<Reservation> = before
        .reserved
        .iter()
        .filter(|it| missing(&reserved, it))
        .copied()
        .collect();
    let mut change = Registration {
        machine: wanted(spec, old.clone()),
        is_new: false,
        unsaid: without(&[&before.said[..], &before.accepted].concat(), &said),
        said: without(&said, &before.said),
        reserved: reserved.clone(),
        freed,
        changes: Vec::new(),
        cleared: Vec::new(),
    };
    change.compare_machine(old, spec, before.same_password);
    change.compare_facts();
    change.compare_addresses(&before.reserved);
    change
}

impl Registration {
    fn compare_machine(&mut self, old: &Machine, spec: &MachineSpec, same_password: bool) {
        if old.name != self.machine.name {
            let change = format!("it was {} and is {} now", old.name, self.machine.name);
            self.changes.push(change);
        }
        let disks = (&old.install_disk, &self.machine.install_disk);
        let disk = |it: &Option<_>| it.as_ref().map(ToString::to_string);
        self.compare("disk", disk(disks.0), disk(disks.1));
        let bmc = |machine: &Machine| machine.bmc.as_ref().map(|it| it.address().to_string());
        let (from, to) = (bmc(old), bmc(&self.machine));
        let is_kept = from.is_some() && to.is_some();
        self.compare("bmc", from, to);
        let login = |machine: &Machine| {
            let bmc = machine.bmc.as_ref();
            bmc.map(|it| (it.username().to_owned(), it.dialect()))
        };
        let is_other_login = login(old) != login(&self.machine) || !same_password;
        if is_kept && spec.bmc.is_some() && is_other_login {
            self.changes.push("the login of its bmc".to_owned());
        }
    }

    fn compare(&mut self, what: &str, from: Option<String>, to: Option<String>) {
        match (from, to) {
            (Some(from), Some(to)) if from != to => {
                self.changes.push(format!("{what} {from} -> {to}"));
            }
            (None, Some(to)) => self.changes.push(format!("{what} {to}")),
            (Some(from), None) => self.cleared.push(format!("{what} {from}")),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// A UUID or a serial number that another takes the place of is no cleared one.
    fn compare_facts(&mut self) {
        let kind = std::mem::discriminant::<Fact>;
        let is_replaced = |old: &&Fact| {
            let is_card = matches!(old, Fact::Mac(_));
            !is_card && self.said.iter().any(|new| kind(new) == kind(old))
        };
        let cleared = self.unsaid.iter().filter(|it| !is_replaced(it)).map(named);
        self.cleared.extend(cleared);
        self.changes.extend(self.said.iter().map(named));
    }

    fn compare_addresses(&mut self, before: &[Reservation]) {
        let told = |it: &Reservation| format!("address {} of {}", it.address, it.mac);
        let is_new = |it: &&Reservation| !before.contains(it);
        self.changes
            .extend(self.reserved.iter().filter(is_new).map(told));
        let has_none = |it: &&Reservation| self.reserved.iter().all(|now| now.mac != it.mac);
        self.cleared
            .extend(self.freed.iter().filter(has_none).map(told));
    }
}

/// The record of a machine as its entry wants it.
fn wanted(spec: &MachineSpec, machine: Machine) -> Machine {
    Machine {
        name: spec.name.clone(),
        install_disk: spec.disk.clone(),
        bmc: spec.bmc.as_ref().map(|bmc| bmc.endpoint.clone()),
        ..machine
    }
}

fn named(fact: &Fact) -> String {
    match fact {
        Fact::Mac(mac) | Fact::Listed(mac) => format!("card {mac}"),
        Fact::Uuid(uuid) => format!("uuid {uuid}"),
        Fact::Serial(serial) => format!("serial {serial}"),
    }
}

fn without(facts: &[Fact], others: &[Fact]) -> Vec<Fact> {
    let is_other = |fact: &&Fact| !others.contains(fact);
    facts.iter().filter(is_other).cloned().collect()
}

fn facts(spec: &MachineSpec) -> Vec<Fact> {
    let cards = spec.nics.iter().map(|nic| Fact::Mac(nic.mac));
    let uuid = spec.uuid.map(Fact::Uuid);
    let serial = spec.serial.clone().map(Fact::Serial);
    cards.chain(uuid).chain(serial).collect()
}

fn reservations(machine: MachineId, spec: &MachineSpec) -> Vec<Reservation> {
    let reservation = |nic: &NicSpec| {
        Some(Reservation {
            machine,
            mac: nic.mac,
            address: nic.address?,
        })
    };
    spec.nics.iter().filter_map(reservation).collect()
}
