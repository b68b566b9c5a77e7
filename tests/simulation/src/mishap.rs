//! What goes wrong in a run: faults and turns, done to Drover, its database and its machines.

use std::time::Duration;

use machine_store::faults::CommitFault;

use crate::attack::Attack;
use crate::attacker::attack;
use crate::event::{Event, Fault};
use crate::run::Run;
use crate::situation::Turn;

impl Run {
    /// A fault happens.
    pub(crate) fn goes_wrong(&mut self, index: usize, fault: Fault) {
        self.lab
            .with(|world| world.note(|| format!("fault: {fault:?} at node {index}")));
        let faults = self.ground.db.faults();
        match fault {
            Fault::PowerCut => self.lab.with(|world| world.cut(index)),
            Fault::Crash => self.crash(),
            Fault::Doom => self.lab.with(|world| {
                let awaits = world.random.below(60);
                world.doom.ends_in(awaits);
            }),
            Fault::CommitFails => faults.fail_commit(CommitFault::Undone),
            Fault::CommitUnanswered => faults.fail_commit(CommitFault::Unanswered),
            Fault::Kill => {
                if let Some(drover) = self.drover.take() {
                    self.dies(drover);
                }
                let soon = Duration::from_secs(2);
                self.lab.with(|world| world.schedule(soon, Event::Start));
            }
            Fault::Impostor => self.impostor(index),
            Fault::DatabaseAway => {
                faults.take_away(true);
                self.lab.with(|world| world.away = Some(world.now));
                self.heals_after(Duration::from_secs(30));
            }
            Fault::DatabaseSlow => {
                let delay = self.lab.with(|world| world.random.seconds(0, 4));
                faults.slow_down(delay);
                self.heals_after(Duration::from_mins(2));
            }
            Fault::DatabaseHealthy => {
                faults.take_away(false);
                self.lab.with(|world| world.away = None);
                faults.slow_down(Duration::ZERO);
                self.awake = self.now();
            }
            Fault::ClockJumps(by) => self.lab.with(|world| world.clock_error += by),
            Fault::BmcSilent | Fault::BmcLies(_) | Fault::BmcIgnores | Fault::BmcHealthy => {
                self.lab.with(|world| world.change_bmc(index, fault));
            }
        }
    }

    fn heals_after(&self, after: Duration) {
        let event = Event::Fault(0, Fault::DatabaseHealthy);
        self.lab.with(|world| world.schedule(after, event));
    }

    /// Drover ends at once, or in the middle of the next work that it is given.
    fn crash(&mut self) {
        let (at_once, turns) = self.lab.with(|world| {
            let at_once = world.random.percent(40);
            (at_once, world.random.below(80))
        });
        if !at_once {
            self.dies_after = Some(turns);
        } else if let Some(drover) = self.drover.take() {
            self.dies(drover);
        }
    }

    /// Somebody holds the token of a machine's attempt and asks from another address.
    fn impostor(&mut self, victim: usize) {
        let Some(drover) = &self.drover else { return };
        let (behind_a_relay, loaded) = self.lab.with(|world| {
            let relay = world.random.percent(50);
            (relay, world.nodes[victim].loaded.clone())
        });
        let stranger = Attack::Stranger { behind_a_relay };
        attack(&self.lab, drover, victim, (stranger, loaded));
    }

    /// Things take a turn that was arranged.
    pub(crate) fn turns(&self, index: usize, turn: Turn) {
        let overheard = self.lab.with(|world| {
            world.turns(index, turn);
            world.course.overheard.clone()
        });
        if let (Turn::Attack(what), Some(drover)) = (turn, &self.drover) {
            attack(&self.lab, drover, index, (what, overheard));
        }
    }
}
