//! Who speaks for a machine in a run: the machine itself, and a clone that repeats its packets from
//! another address. Where the two can't be told apart the release waits for a person.

use std::net::IpAddr;

use machine_core::boot::Boot;
use machine_core::claimant::{Claimant, DoubtFacts, doubt};
use machine_core::doubt::Doubt;
use machine_core::id::MachineId;
use machine_core::power::{PowerObservation, PowerState};
use machine_core::release::{PowerProof, ReleaseRefusal, may_be_running};

use crate::event::{Deed, Event};
use crate::node::Node;
use crate::proof::Proof;
use crate::scenario::Sabotage;
use crate::world::World;

impl World {
    /// A node's own word in a boot of its machine: why it may not be believed. It is kept.
    pub(crate) fn speak(&mut self, machine: MachineId, index: usize, boot: &Boot) -> Option<Doubt> {
        let node = &self.nodes[index];
        let claimant = Claimant {
            boot: boot.id,
            card: node.mac,
            address: node.address,
            uuid: Some(node.uuid),
            serial: Some(node.serial.clone()),
            first_seen: self.now,
            last_seen: self.now,
        };
        let doubt = self.doubt(machine, boot, Some(&claimant));
        self.hear(machine, claimant);
        self.call_a_person(machine, doubt.as_ref());
        doubt
    }

    /// Why a boot may not be its machine's, by all that was heard.
    pub(crate) fn doubt(
        &self,
        machine: MachineId,
        boot: &Boot,
        speaking: Option<&Claimant>,
    ) -> Option<Doubt> {
        let row = &self.rows[&machine];
        let attempt = row.attempts.first().filter(|it| it.is_open())?;
        let mut claimants = row.claimants.clone();
        claimants.extend(speaking.cloned());
        let facts = DoubtFacts {
            boot,
            attempt,
            known: &row.known,
            claimants: &claimants,
            speaking,
            has_bmc: row.machine.bmc.is_some(),
            powered_on: row.powered_on,
        };
        doubt(&facts, self.now).filter(|_| !self.sabotaged(Sabotage::IgnoreDoubt))
    }

    fn hear(&mut self, machine: MachineId, claimant: Claimant) {
        let claimants = &mut self.row(machine).claimants;
        let same = claimants.iter_mut().find(|it| {
            let (first_seen, last_seen) = (it.first_seen, it.last_seen);
            let now = Claimant {
                first_seen,
                last_seen,
                ..claimant.clone()
            };
            **it == now
        });
        match same {
            Some(heard) => heard.last_seen = claimant.last_seen,
            None => claimants.push(claimant),
        }
    }

    /// Where only a person can say which one is the machine, one comes and looks.
    pub(crate) fn call_a_person(&mut self, machine: MachineId, doubt: Option<&Doubt>) {
        let is_held = matches!(doubt, Some(Doubt::TwoLive { .. } | Doubt::AnotherAccepted));
        if is_held && self.called.insert(machine) {
            let after = self.random.seconds(60, 1800);
            let node = self.owner_nodes[&machine];
            self.schedule(after, Event::Deed(node, Deed::ReleaseHold));
        }
    }

    /// A person who stands before the machine accepts the boot that it is in.
    pub(crate) fn release_hold(&mut self, index: usize, machine: MachineId) {
        self.called.remove(&machine);
        let Some(boot) = self.nodes[index].boot else {
            return;
        };
        self.note(|| format!("a person accepts the boot of node {index}"));
        if let Some(attempt) = self.row(machine).open_attempt() {
            attempt.accepted_boot = Some(boot);
        }
    }

    /// Whether the power of the machine speaks against a release, and what really was the case.
    pub(crate) fn prove_power(
        &self,
        machine: MachineId,
        boot: Option<&Boot>,
    ) -> (Result<(), ReleaseRefusal>, Proof) {
        let row = &self.rows[&machine];
        let observed = self.nodes[self.owner_nodes[&machine]].observed();
        let accepted = row.attempts.first().and_then(|it| it.accepted_boot);
        let is_accepted = boot.is_some_and(|it| accepted == Some(it.id));
        let judged = may_be_running(PowerProof {
            observed: &observed,
            is_accepted,
        });
        let is_disputed = boot.is_some_and(|it| self.ledger.is_disputed(it.id)) && !is_accepted;
        let is_on = match observed {
            PowerObservation::NoBmc => true,
            PowerObservation::Is(state) => state == PowerState::On,
            PowerObservation::Unreachable(_) => is_accepted,
        };
        let judged = judged.or_else(|refusal| {
            let is_ignored = self.sabotaged(Sabotage::IgnorePower);
            if is_ignored { Ok(()) } else { Err(refusal) }
        });
        (judged, Proof { is_on, is_disputed })
    }

    /// A clone of a machine's card repeats what the machine says, or as much as it knows, from an
    /// address of its own; then it asks for the config there. Where the machine is off and its BMC
    /// says so, it asks from the machine's own address.
    pub(crate) fn clone_speaks(&mut self, victim: usize, machine: MachineId) {
        let row = &self.rows[&machine];
        let open = row.attempts.first().filter(|it| it.is_open());
        let (Some(attempt), Some(boot)) = (open.map(|it| it.id), row.boots.first()) else {
            return;
        };
        let (boot, is_uuid_registered) = (boot.id, row.known.uuid.is_some());
        let knows_all = self.random.percent(60);
        let nobody = self.nodes.len() + 2;
        let address = self.address_of_clone(victim, nobody);
        let node = &self.nodes[victim];
        let card = node.mac;
        let claimant = Claimant {
            boot,
            card,
            address,
            uuid: knows_all.then_some(node.uuid),
            serial: knows_all.then(|| node.serial.clone()),
            first_seen: self.now,
            last_seen: self.now,
        };
        self.note(|| format!("a clone of node {victim} speaks from {address}"));
        if address != self.nodes[victim].address {
            if knows_all || !is_uuid_registered {
                self.ledger.dispute(boot);
            }
            self.hear(machine, claimant);
        }
        self.begin_release(nobody, attempt, (address, Some(card)));
    }

    fn address_of_clone(&self, victim: usize, nobody: usize) -> IpAddr {
        let node = &self.nodes[victim];
        if node.observed() == PowerObservation::Is(PowerState::Off) {
            node.address
        } else {
            Node::nth_address(nobody)
        }
    }
}
