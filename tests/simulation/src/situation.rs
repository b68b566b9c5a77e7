//! Situations that are arranged: chance seldom brings a machine, a person and an attacker together
//! at the one moment at which a rule matters. The first node is arranged, and what comes after it.

use std::collections::BTreeSet;
use std::time::Duration;

use machine_core::time::Timestamp;

use crate::attacker::Attack;
use crate::event::{Deed, Event, Fault};
use crate::lab::World;
use crate::node::{Bmc, Contents, Loaded};
use crate::rack::DISK;

/// What is arranged in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// Nothing.
    #[default]
    Chance,
    /// A stranger has the token of a config, and asks before its machine does and after it.
    Overheard,
    /// Somebody with the token and the machine's card asks from another machine's address.
    CopiedCard,
    /// Somebody with all of the machine but the token makes one.
    Forged,
    /// The machine's power fails when it has loaded its system, and somebody takes its place.
    Replaced,
    /// A machine and its clone wait for a person, who accepts.
    Twin,
    /// The rule and the machine's document name two disks, until a person corrects one.
    TwoDisks,
    /// The disk holds a Talos that is not ours, until a person replaces it.
    ForeignTalos,
    /// The answer to Bootstrap is lost.
    BootstrapUnheard,
    /// Drover is killed when a node executes Bootstrap.
    BootstrapKilled,
    /// What the node says is lost, until it is active; its API answers.
    Mute,
    /// The same, and a person takes its install back when it runs, and tries again.
    MuteTakenBack,
    /// Somebody speaks from the address of a node that installs.
    Liar,
    /// The document names the BMC of another machine, until a person corrects it.
    MistypedBmc,
    /// The node has not the disk that its config names, until a person replaces it.
    WrongDisk,
    /// A person takes an install back when it begins, and accepts the machine again.
    TakenBack,
    /// A person takes back what he has just accepted, while a slow BMC is asked.
    TakenBackAtOnce,
    /// A member starts anew.
    MemberRestarts,
    /// The database is away when a node says that it runs from its disk.
    DatabaseAway,
    /// A BMC obeys no more when the system has been loaded, and the machine is off.
    DeadBmc,
    /// A machine without a BMC goes off when its system has been loaded, and does not start
    /// for longer than an install may take.
    Gone,
}

/// What is arranged of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arranged {
    /// What it says is lost until it is active.
    pub(crate) is_mute: bool,
    /// It does not start, whoever switches it on.
    pub(crate) is_dead: bool,
    /// The disk that its document names.
    pub(crate) document_disk: Option<&'static str>,
    /// The node whose BMC its document names instead of its own.
    pub(crate) bmc_of: Option<usize>,
    /// When its API was last asked, whether or not it answered.
    pub(crate) asked: Option<Timestamp>,
}

/// A moment in the life of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Its system has been loaded over the network, and starts.
    Loaded,
    /// It has its config.
    Fetched,
    /// Its system runs from its disk.
    RunsFromDisk,
    /// It executes Bootstrap.
    Bootstrapped,
    /// Drover shows it as active.
    Member,
    /// A person accepted it.
    Accepted,
    /// A person took it back.
    TakenBack,
}

/// A turn that things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A machine goes off, and nobody switches it on by itself.
    Leaves,
    /// A machine that did not start at all can be started again.
    Revives,
    /// Its disk is replaced by the one that its config names.
    DiskReplaced,
    /// Its document is corrected.
    DocumentCorrected,
    /// A stranger does something.
    Attack(Attack),
}

/// What has come of a situation so far.
#[derive(Debug, Default)]
pub(crate) struct Course {
    moments: BTreeSet<Moment>,
    rounds: u32,
    /// What was loaded last when somebody listened.
    pub(crate) overheard: Option<Loaded>,
}

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
            Turn::Revives => self.nodes[index].arranged.is_dead = false,
            Turn::DiskReplaced => {
                let node = &mut self.nodes[index];
                (node.disk, node.contents) = (crate::rack::disk(DISK), Contents::Empty);
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
