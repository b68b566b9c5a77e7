//! What goes wrong in a fleet: power, BMCs, the database, the clock, Drover itself, and an impostor.

use std::time::Duration;

use machine_core::power::PowerState;

use crate::event::{Deed, Event, Fault};
use crate::lab::World;
use crate::node::Bmc;

/// The deeds that come at random moments, and the faults.
const DEEDS: [Deed; 8] = [
    Deed::Cancel,
    Deed::Retry,
    Deed::RetryWithWipe,
    Deed::Cycle,
    Deed::ReleaseHold,
    Deed::WriteDown,
    Deed::Amend,
    Deed::Revise,
];
const FAULTS: [Fault; 20] = [
    Fault::PowerCut,
    Fault::PowerCut,
    Fault::PowerCut,
    Fault::BmcSilent,
    Fault::BmcLies(PowerState::On),
    Fault::BmcLies(PowerState::Off),
    Fault::BmcIgnores,
    Fault::Crash,
    Fault::Crash,
    Fault::Crash,
    Fault::Doom,
    Fault::Doom,
    Fault::Doom,
    Fault::CommitFails,
    Fault::CommitUnanswered,
    Fault::Impostor,
    Fault::DatabaseAway,
    Fault::DatabaseSlow,
    Fault::ClockJumps(3_600_000),
    Fault::ClockJumps(-3_600_000),
];

impl World {
    /// Schedules everything that goes wrong within `window`.
    pub(crate) fn schedule_chaos(&mut self, window: Duration) {
        let (seconds, count) = (window.as_secs(), self.nodes.len());
        for _ in 0..count * 4 {
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

    pub(crate) fn change_bmc(&mut self, node: usize, fault: Fault) {
        let Some(bmc) = &mut self.nodes[node].bmc else {
            return;
        };
        match fault {
            Fault::BmcSilent => bmc.silent = true,
            Fault::BmcLies(lie) => bmc.lie = Some(lie),
            Fault::BmcIgnores => bmc.ignores = true,
            _ => *bmc = Bmc::default(),
        }
        if fault != Fault::BmcHealthy {
            let after = self.random.seconds(30, 1200);
            self.schedule(after, Event::Fault(node, Fault::BmcHealthy));
        }
    }

    /// Power fails; it comes back by itself, or a person or the BMC brings it back.
    pub(crate) fn cut(&mut self, node: usize) {
        self.power_off(node);
        let is_restored = self.nodes[node].bmc.is_none() || self.random.percent(50);
        if is_restored {
            let after = self.random.seconds(5, 600);
            self.schedule(after, Event::Deed(node, Deed::Press));
        }
    }

    /// The faults end: what has no BMC is switched on by a person, and
    /// started anew if no system runs on it.
    pub(crate) fn calm(&mut self) {
        self.note(|| "the faults end".to_owned());
        self.is_calm = true;
        self.calm_since = self.now;
        self.restore();
        for node in 0..self.nodes.len() {
            self.change_bmc(node, Fault::BmcHealthy);
            if self.nodes[node].bmc.is_none() {
                self.power_on(node);
                let (is_idle, minute) = (self.nodes[node].is_idle(), Duration::from_mins(1));
                if is_idle {
                    self.schedule(minute, Event::Deed(node, Deed::Cycle));
                }
            }
        }
    }
}
