//! What happens to a fleet from outside: people who change their minds, faults, and an impostor.

use std::time::Duration;

use machine_core::attempt::AttemptEnd;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::intent::{Actor, IntentEnd};
use machine_core::lifecycle::{Input, State};
use machine_core::power::PowerState;

use crate::event::{Deed, Event, Fault};
use crate::node::{Bmc, Node};
use crate::world::World;

/// The deeds that come at random moments, and the faults.
const DEEDS: [Deed; 4] = [Deed::Cancel, Deed::Retry, Deed::Reimage, Deed::Cycle];
const FAULTS: [Fault; 11] = [
    Fault::PowerCut,
    Fault::PowerCut,
    Fault::PowerCut,
    Fault::BmcSilent,
    Fault::BmcLies(PowerState::On),
    Fault::BmcLies(PowerState::Off),
    Fault::BmcIgnores,
    Fault::Crash,
    Fault::Impostor,
    Fault::Clone,
    Fault::Clone,
];

impl World {
    /// Schedules everything that goes wrong within `window`.
    pub(crate) fn schedule_chaos(&mut self, window: Duration) {
        let (seconds, count) = (window.as_secs(), self.nodes.len());
        for _ in 0..count * 5 {
            let at = self.random.seconds(0, seconds);
            let fault = FAULTS[self.choose(FAULTS.len())];
            let node = self.choose(count);
            self.schedule(at, Event::Fault(node, fault));
        }
        for _ in 0..count {
            let at = self.random.seconds(0, seconds);
            let deed = DEEDS[self.choose(DEEDS.len())];
            let node = self.choose(count);
            self.schedule(at, Event::Deed(node, deed));
        }
    }

    fn machine_of(&self, node: usize) -> Option<MachineId> {
        self.owner_nodes
            .iter()
            .find(|(_, owner)| **owner == node)
            .map(|(machine, _)| *machine)
    }

    pub(crate) fn deed(&mut self, node: usize, deed: Deed) {
        match deed {
            Deed::Start => return self.power_on(node),
            Deed::Cycle => {
                self.power_off(node);
                // In peace he also picks the network in the firmware's menu, as he is told to.
                self.nodes[node].override_network |= self.is_calm;
                return self.power_on(node);
            }
            Deed::Accept | Deed::Cancel | Deed::Retry | Deed::Reimage | Deed::ReleaseHold => {}
        }
        let Some(machine) = self.machine_of(node) else {
            if deed == Deed::Accept && !self.is_calm {
                self.schedule(Duration::from_mins(1), Event::Deed(node, deed));
            }
            return;
        };
        if deed == Deed::ReleaseHold {
            return self.release_hold(node, machine);
        }
        let row = &self.rows[&machine];
        let released = row.attempts.iter().any(|attempt| attempt.release.is_some());
        let input = match deed {
            Deed::Accept => Input::Accept,
            Deed::Cancel => Input::Cancel { released },
            Deed::Retry => Input::Retry,
            Deed::Reimage => Input::Reimage,
            Deed::Start | Deed::Cycle | Deed::ReleaseHold => return,
        };
        let Ok(after) = row.machine.after(input, self.now) else {
            return;
        };
        let cancelled = (AttemptEnd::Cancelled, IntentEnd::Cancelled);
        let ends = (deed == Deed::Cancel).then_some(cancelled);
        let assignment = row.intent.as_ref().map(|intent| intent.assignment.clone());
        if deed == Deed::Reimage
            && let Some(assignment) = assignment
        {
            self.open_intent(machine, assignment, Actor::Person("alice".to_owned()));
        }
        if deed == Deed::Cancel {
            // Who cancelled an install decides for it again later: nobody else does.
            let later = self.random.seconds(60, 3600);
            self.schedule(later, Event::Deed(node, Deed::Accept));
        }
        self.note(|| format!("a person: {deed:?} for node {node}"));
        let now = self.now;
        self.row(machine).write(after, now, ends);
        self.wake(machine);
    }

    pub(crate) fn fault(&mut self, node: usize, fault: Fault) {
        self.note(|| format!("fault: {fault:?} at node {node}"));
        match fault {
            Fault::PowerCut => self.cut(node),
            Fault::Crash => self.crash(),
            Fault::Impostor => self.impostor(node),
            Fault::Clone => self.clone_of(node),
            Fault::BmcSilent | Fault::BmcLies(_) | Fault::BmcIgnores | Fault::BmcHealthy => {
                self.change_bmc(node, fault);
            }
        }
    }

    fn change_bmc(&mut self, node: usize, fault: Fault) {
        let Some(bmc) = &mut self.nodes[node].bmc else {
            return;
        };
        match fault {
            Fault::BmcSilent => bmc.silent = true,
            Fault::BmcLies(lie) => bmc.lie = Some(lie),
            Fault::BmcIgnores => bmc.ignores = true,
            Fault::BmcHealthy => *bmc = Bmc::default(),
            Fault::PowerCut | Fault::Crash | Fault::Impostor | Fault::Clone => {}
        }
        if fault != Fault::BmcHealthy {
            let after = self.random.seconds(30, 1200);
            self.schedule(after, Event::Fault(node, Fault::BmcHealthy));
        }
    }

    /// Power fails; it comes back by itself, or a person or the BMC brings it back.
    fn cut(&mut self, node: usize) {
        self.power_off(node);
        let is_restored = self.nodes[node].bmc.is_none() || self.random.percent(50);
        if is_restored {
            let after = self.random.seconds(5, 600);
            self.schedule(after, Event::Deed(node, Deed::Start));
        }
    }

    /// What is in memory is lost: sightings, steps in flight, everything scheduled inside.
    fn crash(&mut self) {
        self.epoch += 1;
        self.sightings.clear();
        self.commands.clear();
        self.signs.clear();
        self.in_flight.clear();
        self.awake = self.now.plus(self.random.seconds(1, 120));
        let down = self.awake.since(self.now);
        self.schedule_inside(down, Event::Sweep);
    }

    /// Somebody holds the token of a machine's attempt and asks from another address.
    fn impostor(&mut self, victim: usize) {
        let attempt = self
            .machine_of(victim)
            .and_then(|it| self.rows[&it].attempts.first());
        let Some(attempt) = attempt.map(|attempt| attempt.id) else {
            return;
        };
        let nobody = self.nodes.len() + 1;
        let card = MacAddress::new([2, 0, 0, 0, 0, 66]);
        let behind_a_relay = self.random.percent(50);
        let peer = (Node::nth_address(nobody), (!behind_a_relay).then_some(card));
        if self.is_awake() {
            self.begin_release(nobody, attempt, peer);
        }
    }

    fn clone_of(&mut self, victim: usize) {
        let machine = self.machine_of(victim).filter(|_| self.is_awake());
        if let Some(machine) = machine {
            self.clone_speaks(victim, machine);
        }
    }

    /// The faults end: what is off and has no BMC is switched on by a person.
    pub(crate) fn calm(&mut self) {
        self.is_calm = true;
        self.calm_since = self.now;
        for node in 0..self.nodes.len() {
            self.change_bmc(node, Fault::BmcHealthy);
            if self.nodes[node].bmc.is_none() {
                self.power_on(node);
            }
        }
    }

    /// A person tries again what failed; machines without a BMC he starts anew himself.
    pub(crate) fn mend(&mut self) {
        self.is_mended = true;
        self.calm_since = self.now;
        let failed =
            |machine: &MachineId| matches!(self.rows[machine].machine.state, State::Failed(_));
        let machines: Vec<MachineId> = self.rows.keys().copied().filter(failed).collect();
        for machine in machines {
            let node = self.owner_nodes[&machine];
            self.schedule(Duration::ZERO, Event::Deed(node, Deed::Retry));
            if self.nodes[node].bmc.is_none() {
                self.schedule(Duration::from_mins(1), Event::Deed(node, Deed::Cycle));
            }
        }
    }
}
