//! How a situation unfolds: what happens at which moment in the life of the first node.

use std::time::Duration;

use crate::attack::Attack;
use crate::disk::{Contents, DISK, disk};
use crate::event::{Deed, Event, Fault};
use crate::lab::World;
use crate::node::Bmc;
use crate::situation::{Moment, Situation, Turn};

/// After how many seconds a machine that is gone comes back: longer than an install may take.
const GONE: u64 = 200 * 60;
/// How often a person takes back what he has accepted.
const ROUNDS: u32 = 4;

impl World {
    /// A node has come to a moment of its life: what the situation makes of it.
    pub(crate) fn comes_to(&mut self, index: usize, moment: Moment) {
        if index != 0 {
            return;
        }
        let is_first = self.course.moments.insert(moment);
        match (self.settings.situation, moment) {
            (Situation::TakenBackAtOnce, Moment::Accepted)
                if self.course.moments.contains(&Moment::Loaded) && self.course.rounds < ROUNDS =>
            {
                self.course.rounds += 1;
                self.deed(1, Deed::Cancel);
            }
            (Situation::TakenBackAtOnce, Moment::TakenBack) => self.deed(20, Deed::Accept),
            (Situation::TakenBack, Moment::TakenBack) => self.deed(30, Deed::Accept),
            (situation, moment) if is_first => self.takes_its_course(situation, moment),
            _ => {}
        }
    }

    fn takes_its_course(&mut self, situation: Situation, moment: Moment) {
        let seen = Attack::Stranger {
            behind_a_relay: false,
        };
        match (situation, moment) {
            (Situation::Overheard, Moment::Loaded) => self.attack(0, seen),
            (Situation::Overheard, Moment::Fetched) => {
                self.attack(5, seen);
                let behind_a_relay = true;
                self.attack(6, Attack::Stranger { behind_a_relay });
            }
            (Situation::CopiedCard, Moment::Loaded) => {
                self.attack(0, Attack::CopiedCard);
                self.deed(60, Deed::ReleaseHold);
            }
            (Situation::Forged, Moment::Loaded) => self.attack(0, Attack::Forger),
            (Situation::Replaced, Moment::Loaded) => {
                self.attack(0, Attack::Double);
                self.power_off(0);
            }
            (Situation::BootstrapKilled, Moment::Bootstrapped) => {
                self.schedule(Duration::ZERO, Event::Fault(0, Fault::Kill));
            }
            (Situation::MuteTakenBack, Moment::RunsFromDisk) => {
                self.deed(25, Deed::Cancel);
                self.deed(27, Deed::Retry);
            }
            (Situation::InstalledBefore, Moment::Written) => {
                self.nodes[0].arranged.is_mute = false;
                self.power_off(0);
                self.deed(5, Deed::Cancel);
                self.deed(35, Deed::Retry);
            }
            (Situation::Liar, Moment::Fetched) => self.attack(3, Attack::Liar),
            (Situation::TakenBack | Situation::TakenBackAtOnce, Moment::Loaded) => {
                self.deed(0, Deed::Cancel);
            }
            (Situation::MemberRestarts, Moment::Member) => self.deed(10, Deed::Cycle),
            (Situation::DatabaseAway, Moment::RunsFromDisk) => {
                let away = Event::Fault(0, Fault::DatabaseAway);
                self.schedule(Duration::from_millis(100), away);
            }
            (Situation::DeadBmc, Moment::Loaded) => {
                self.power_off(0);
                self.nodes[0].bmc = Some(Bmc {
                    ignores: true,
                    ..Bmc::default()
                });
                let healed = Event::Fault(0, Fault::BmcHealthy);
                self.schedule(Duration::from_mins(9), healed);
            }
            (Situation::Gone, Moment::Loaded) => {
                self.power_off(0);
                self.nodes[0].arranged.is_dead = true;
                self.nodes[0].bmc = Some(Bmc {
                    silent: true,
                    ..Bmc::default()
                });
                self.turn(GONE, Turn::Revives);
            }
            _ => {}
        }
    }

    /// Whether the answer to a Bootstrap is lost by arrangement.
    pub(crate) fn loses_bootstrap_answer(&self) -> bool {
        self.settings.situation == Situation::BootstrapUnheard
    }

    /// Whether BMCs are slow by arrangement.
    pub(crate) fn has_slow_bmcs(&self) -> bool {
        self.settings.situation == Situation::TakenBackAtOnce
    }

    /// Whether what a node says is lost by arrangement.
    pub(crate) fn is_mute(&self, index: usize) -> bool {
        self.nodes[index].arranged.is_mute && !self.words.is_member(index, self.now)
    }

    /// Drover shows a machine as active.
    pub(crate) fn shows_active(&mut self, index: usize) {
        if self.words.shown_active(index, self.now) {
            self.comes_to(index, Moment::Member);
        }
    }

    pub(crate) fn deed(&mut self, seconds: u64, deed: Deed) {
        self.schedule(Duration::from_secs(seconds), Event::Deed(0, deed));
    }

    pub(crate) fn turn(&mut self, seconds: u64, turn: Turn) {
        self.schedule(Duration::from_secs(seconds), Event::Turn(0, turn));
    }

    /// An attacker acts, with what he has overheard until now.
    fn attack(&mut self, seconds: u64, attack: Attack) {
        self.course.overheard = self.nodes[0].loaded.clone();
        self.turn(seconds, Turn::Attack(attack));
    }

    /// Things take a turn that has nothing to do with Drover.
    pub(crate) fn turns(&mut self, index: usize, turn: Turn) {
        self.note(|| format!("{turn:?} of node {index}"));
        match turn {
            Turn::Leaves => self.power_off(index),
            Turn::Revives => {
                self.nodes[index].arranged.is_dead = false;
                self.nodes[index].bmc = Some(Bmc::default());
            }
            Turn::DiskReplaced => {
                let node = &mut self.nodes[index];
                (node.disk, node.contents) = (disk(DISK), Contents::Empty);
            }
            Turn::DocumentCorrected => {
                let arranged = &mut self.nodes[index].arranged;
                arranged.document_disk = arranged.document_disk.map(|_| DISK);
                arranged.bmc_of = None;
                self.deed(0, Deed::Register);
            }
            Turn::Attack(_) => {}
        }
    }
}
