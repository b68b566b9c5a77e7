//! The reconcile loop of a run: load, observe, `plan`, one step, record.
//!
//! Between load and record, and between record and effect, time passes: people, machines and
//! crashes come in between. A record names the version that was loaded; an act that can't be
//! undone is recorded before it is done.

use machine_core::allocation::allocate;
use machine_core::attempt::{Attempt, AttemptEnd, Wipe};
use machine_core::boot::BootStep;
use machine_core::id::{AttemptId, BootId, IntentId, MachineId};
use machine_core::intent::{Actor, Assignment, Intent, IntentEnd};
use machine_core::lifecycle::Input;
use machine_core::plan::plan;
use machine_core::plan::signs::{Asked, Reply, Signs};
use machine_core::plan::step::{Action, Step};
use machine_core::plan::work::{CONFIG_REQUEST_TIMEOUT, Work};
use machine_core::power::{PowerCommand, PowerObservation, PowerState};
use machine_core::time::Timestamp;
use std::time::Duration;

use crate::event::Event;
use crate::invariant::Violation;
use crate::records::{Row, advanced};
use crate::scenario::Sabotage;
use crate::world::World;

/// How often every machine is looked at.
pub(crate) const SWEEP: Duration = Duration::from_secs(30);

impl World {
    pub(crate) fn sweep(&mut self) -> Result<(), Violation> {
        self.schedule_inside(SWEEP, Event::Sweep);
        let machines: Vec<MachineId> = self.rows.keys().copied().collect();
        for machine in machines {
            self.reconcile(machine);
        }
        (0..self.clusters.len()).for_each(|cluster| self.reconcile_cluster(cluster));
        self.check_all()
    }

    /// Looks at a machine, unless a step for it is in flight.
    pub(crate) fn reconcile(&mut self, machine: MachineId) {
        if self.in_flight.contains(&machine) {
            return;
        }
        let owner = self.owner_nodes[&machine];
        let power = self.nodes[owner].observed();
        let (now, signs) = (self.now, self.signs.entry(machine).or_default());
        signs.off_since = match power {
            PowerObservation::Is(PowerState::Off) => Some(signs.off_since.unwrap_or(now)),
            _ => None,
        };
        if self.faults() && self.random.percent(30) {
            let loaded = Box::new(self.rows[&machine].clone());
            self.in_flight.insert(machine);
            let after = self.latency();
            self.schedule_inside(after, Event::Conclude(loaded, power));
        } else {
            let row = &self.rows[&machine];
            let (version, step) = (row.machine.version, self.next_step(row, &power));
            self.perform(machine, version, step);
        }
    }

    pub(crate) fn conclude(&mut self, loaded: &Row, power: &PowerObservation) {
        let machine = loaded.machine.id;
        self.in_flight.remove(&machine);
        let step = self.next_step(loaded, power);
        self.perform(machine, loaded.machine.version, step);
    }

    /// Goes as far as it can be gone without the machine's power, while it asks for its script.
    pub(crate) fn advance(&mut self, machine: MachineId) {
        const STEPS: usize = 6;
        let power = PowerObservation::NoBmc;
        for _ in 0..STEPS {
            let row = &self.rows[&machine];
            let (version, step) = (row.machine.version, self.next_step(row, &power));
            let may = match &step {
                Step::Act(Action::OpenAttempt | Action::PlanWipe) => true,
                Step::Advance(_) | Step::Allocate(_) | Step::Permit(_) => true,
                Step::Act(_) | Step::GiveUp(_) | Step::Wait { .. } => false,
            };
            if !may || self.in_flight.contains(&machine) {
                break;
            }
            self.perform(machine, version, step);
        }
    }

    fn next_step(&self, row: &Row, power: &PowerObservation) -> Step {
        let allocation = allocate(&row.machine, &self.clusters);
        let silent = Signs::default();
        let work = Work {
            machine: &row.machine,
            allocation: &allocation,
            facts_complete: row.has_facts(),
            intent: row.intent.as_ref(),
            attempts: &row.attempts,
            released: row.released(),
            boots: &row.boots,
            power,
            powered_on: row.powered_on,
            command: self.commands.get(&row.machine.id),
            signs: self.signs.get(&row.machine.id).unwrap_or(&silent),
            hindrance: None,
            conflict: None,
            config_request_timeout: CONFIG_REQUEST_TIMEOUT,
        };
        let step = plan(&work, self.now);
        let may_not = matches!(step, Step::Act(Action::PowerOff | Action::CloseAttempt(_)));
        if may_not && self.sabotaged(Sabotage::NeverStartAnew) {
            let why = "sabotage".to_owned();
            return Step::Wait { until: None, why };
        }
        step
    }

    fn perform(&mut self, machine: MachineId, version: i64, step: Step) {
        let row = &self.rows[&machine];
        if matches!(step, Step::Wait { .. }) || row.machine.version != version {
            return;
        }
        let (record, now) = (row.machine.clone(), self.now);
        self.note(|| format!("{}: {step:?}", record.name));
        let written = match step {
            Step::Wait { .. } => None,
            Step::Act(action) => return self.act(machine, &action),
            Step::Advance(input) => record.after(input, now).ok().map(|it| (it, ends(input))),
            Step::GiveUp(failure) => {
                let ends = Some((AttemptEnd::TimedOut, IntentEnd::Failed));
                record.given_up(failure, now).ok().map(|it| (it, ends))
            }
            Step::Allocate(assignment) => {
                self.open_intent(machine, assignment, Actor::Policy("cluster".to_owned()));
                record.after(Input::Allocate, now).ok().map(|it| (it, None))
            }
            Step::Permit(assignment) => {
                self.open_intent(machine, assignment, Actor::Policy("cluster".to_owned()));
                Some((record, None))
            }
        };
        if let Some((after, ends)) = written {
            self.row(machine).write(after, now, ends);
            self.wake(machine);
        }
    }

    pub(crate) fn open_intent(&mut self, machine: MachineId, assignment: Assignment, actor: Actor) {
        let intent = Intent {
            id: IntentId::from_bytes(self.random.bytes()),
            machine,
            assignment,
            actor,
            reason: String::new(),
            opened: self.now,
            expires: self.now.plus(Intent::LIFETIME),
            wipe: false,
            claims: 0,
            closed: None,
        };
        self.row(machine).open_intent(intent);
    }

    /// Records an act, and sets it going.
    fn act(&mut self, machine: MachineId, action: &Action) {
        let now = self.now;
        match action {
            Action::OpenAttempt => self.open_attempt(machine),
            Action::CloseAttempt(end) => {
                if let Some(attempt) = self.row(machine).open_attempt() {
                    attempt.closed = Some((now, *end));
                }
                self.wake(machine);
            }
            Action::StartFromNetwork | Action::PowerOff => {
                let row = self.row(machine);
                row.powered_on = (*action == Action::StartFromNetwork).then_some(now);
                let mut since = row.machine.since;
                if let Some(attempt) = row.open_attempt() {
                    attempt.power_actions += 1;
                    attempt.power_at = Some(now);
                    since = attempt.opened;
                }
                self.remember_command(machine, since, action);
            }
            Action::PlanWipe => {
                if let Some(attempt) = self.row(machine).open_attempt() {
                    attempt.wipe = Some(Wipe {
                        at: now,
                        boot: None,
                    });
                }
                self.wake(machine);
            }
            Action::Verify(_) | Action::Ask(_) => {}
        }
        let row = self.row(machine);
        let same = row.machine.clone();
        row.write(same, now, None);
        let effect = match action {
            Action::OpenAttempt | Action::CloseAttempt(_) | Action::PlanWipe => return,
            Action::StartFromNetwork => Event::Power(machine, PowerState::On),
            Action::PowerOff => Event::Power(machine, PowerState::Off),
            Action::Verify(boot) => Event::Verified(machine, *boot),
            Action::Ask(attempt) => Event::Asked(machine, *attempt),
        };
        self.in_flight.insert(machine);
        let after = self.latency();
        self.schedule_inside(after, effect);
    }

    /// What a BMC is told, until Drover ends.
    fn remember_command(&mut self, machine: MachineId, since: Timestamp, action: &Action) {
        let before = self.commands.get(&machine).filter(|it| it.at >= since);
        let command = PowerCommand {
            wanted: if *action == Action::PowerOff {
                PowerState::Off
            } else {
                PowerState::On
            },
            at: self.now,
            count: before.map_or(1, |it| it.count + 1),
            refused: None,
        };
        self.commands.insert(machine, command);
    }

    fn open_attempt(&mut self, machine: MachineId) {
        let (id, now) = (AttemptId::from_bytes(self.random.bytes()), self.now);
        self.attempt_owners.insert(id, machine);
        let row = self.row(machine);
        let Some(intent) = &row.intent else { return };
        let attempt = Attempt {
            id,
            machine,
            intent: intent.id,
            number: row.totals.attempts + 1,
            assignment: intent.assignment.clone(),
            opened: now,
            deadline: now.plus(Attempt::LIFETIME),
            boot: None,
            accepted_boot: None,
            power_actions: 0,
            power_at: None,
            release: None,
            closed: None,
            basis: None,
            wipe: None,
            verdict: None,
        };
        row.attempts.insert(0, attempt);
        row.totals.attempts += 1;
        self.wake(machine);
    }

    /// A command arrives at the BMC.
    pub(crate) fn power(&mut self, machine: MachineId, to: PowerState) -> Result<(), Violation> {
        self.in_flight.remove(&machine);
        let owner = self.owner_nodes[&machine];
        let Some(bmc) = self.nodes[owner].bmc.filter(|bmc| !bmc.silent) else {
            return Ok(());
        };
        self.ledger.power(&self.rows[&machine], to, self.now)?;
        if bmc.ignores {
            return Ok(());
        }
        match to {
            PowerState::On => {
                self.nodes[owner].override_network = true;
                self.power_on(owner);
            }
            PowerState::Off => self.power_off(owner),
        }
        Ok(())
    }

    /// The API of a system that runs from disk was asked for its version.
    pub(crate) fn verified(&mut self, machine: MachineId, boot: BootId) {
        self.in_flight.remove(&machine);
        let (owner, now) = (self.owner_nodes[&machine], self.now);
        let known = self.row(machine).boot(boot).cloned();
        let Some((boot, attempt)) = known.and_then(|it| it.attempt.map(|attempt| (it, attempt)))
        else {
            return;
        };
        if self.nodes[owner].is_up(attempt, now) {
            self.row(machine)
                .keep_boot(advanced(&boot, BootStep::Joined, now));
            self.wake(machine);
        }
    }
}

impl World {
    /// The API of the node to which a config went was asked: it runs from its disk, or is silent.
    pub(crate) fn asked(&mut self, machine: MachineId, attempt: AttemptId) {
        self.in_flight.remove(&machine);
        let (owner, now) = (self.owner_nodes[&machine], self.now);
        self.wake(machine);
        if self.nodes[owner].is_up(attempt, now) {
            self.note_disk(machine, owner, attempt);
            let boot = self.row(machine).boots.first().cloned();
            if let Some(boot) = boot {
                self.row(machine)
                    .keep_boot(advanced(&boot, BootStep::Joined, now));
            }
            return;
        }
        let signs = self.signs.entry(machine).or_default();
        let before = signs.asked.take().filter(|it| it.attempt == attempt);
        signs.asked = Some(Asked {
            attempt,
            at: now,
            count: before.map_or(1, |it| it.count + 1),
            reply: Reply::Silence("no route to host".to_owned()),
        });
    }
}

/// How the open work ends when the plan moves a machine on.
fn ends(input: Input) -> Option<(AttemptEnd, IntentEnd)> {
    (input == Input::RunsFromDisk).then_some((AttemptEnd::Installed, IntentEnd::Fulfilled))
}
