//! What people and policies want of a machine, and for how long.
//!
//! An intent that installs is one permission to erase one disk of one machine. It stands until it
//! is closed or expires; attempts claim it when their config is released, a limited number of
//! times, because a power cut in the middle of an install must not end the story. A closed one
//! never serves.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::cluster::Role;
use crate::disk::DiskIdentity;
use crate::id::{ClusterId, IntentId, MachineId};
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// Who wants something: a person by name, or a policy by what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person, as the face that took the request knows them.
    Person(String),
    /// A rule that a person wrote earlier, such as a cluster's `auto`.
    Policy(String),
    /// Drover itself, doing what open intents ask for.
    Drover,
}

/// `person:alice`, `policy:cluster lab`, `drover`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "person:{name}"),
            Self::Policy(name) => write!(f, "policy:{name}"),
            Self::Drover => f.write_str("drover"),
        }
    }
}

/// Reads what [`Actor`] prints. A text without a known prefix names a person.
impl FromStr for Actor {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            Some(("policy", name)) => Self::Policy(name.to_owned()),
            Some(("person", name)) => Self::Person(name.to_owned()),
            _ if text == "drover" => Self::Drover,
            _ => Self::Person(text.to_owned()),
        })
    }
}

/// What a machine is to become, and which disk that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// For which cluster.
    pub cluster: ClusterId,
    /// As what.
    pub role: Role,
    /// The disk that is erased and installed to.
    pub disk: DiskIdentity,
}

/// What an intent permits to be done to its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentKind {
    /// It is installed to. An older install that is found there and is not known to be ours stops
    /// that, and a person is asked.
    Install,
    /// The older install on it is wiped first: a person asked for that.
    Reimage,
}

impl IntentKind {
    /// `install`, `reimage`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Reimage => "reimage",
        }
    }

    /// Every kind there is.
    pub const ALL: [Self; 2] = [Self::Install, Self::Reimage];
}

/// Why an intent was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentEnd {
    /// The machine runs from its disk.
    Fulfilled,
    /// A person took it back.
    Cancelled,
    /// The document that it came from does not say so any more.
    Withdrawn,
    /// Its attempts were used up, or the machine failed otherwise.
    Failed,
    /// Its time ran out.
    Expired,
}

impl IntentEnd {
    /// `fulfilled`, `cancelled`, `withdrawn`, `failed`, `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fulfilled => "fulfilled",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// Every end there is.
    pub const ALL: [Self; 5] = [
        Self::Fulfilled,
        Self::Cancelled,
        Self::Withdrawn,
        Self::Failed,
        Self::Expired,
    ];
}

/// The permission to install one machine, and to erase one of its disks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Which intent.
    pub id: IntentId,
    /// Which machine.
    pub machine: MachineId,
    /// What it becomes, and which disk that erases.
    pub assignment: Assignment,
    /// Who asked.
    pub actor: Actor,
    /// Why, in their words.
    pub reason: String,
    /// When it was asked for.
    pub opened: Timestamp,
    /// Until when it serves.
    pub expires: Timestamp,
    /// What is done to that disk.
    pub kind: IntentKind,
    /// How many attempts have claimed it so far.
    pub claims: u32,
    /// When and why it was closed.
    pub closed: Option<(Timestamp, IntentEnd)>,
}

impl Intent {
    /// How many attempts may claim one intent, before a person is asked. A third install in a row
    /// that comes to nothing has a reason that a fourth does not mend.
    pub const MAX_CLAIMS: u32 = 3;
    /// How many power commands all attempts of one intent may give together, before a person is
    /// asked: each off and each on is one. On, off, on is one start and one restart.
    pub const MAX_POWER_COMMANDS: u32 = 4;
    /// How many more they may give once an older install is wiped: one restart. Firmware that tests
    /// itself for long comes back from the wipe so late after our last power-on that nobody can tell
    /// whether it does so by itself.
    pub const WIPE_POWER_COMMANDS: u32 = 2;

    /// How long an intent stands unless somebody says otherwise: a weekend and the day after it.
    pub const LIFETIME: Duration = Duration::from_hours(96);

    /// Whether it still permits what it says. What names no single disk permits nothing: earlier
    /// versions recorded patterns.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let is_closed = self.closed.is_some() && !Sabotage::ClosedIntentServes.is_on();
        !is_closed && now < self.expires && self.assignment.disk.is_usable()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_pattern_permits_nothing() {
        let mut intent = crate::fixtures::intent();
        let now = Timestamp::from_millis(1);
        assert!(intent.is_open(now));
        intent.assignment.disk = "serial:*".parse().unwrap();
        assert!(!intent.is_open(now));
    }

    #[test]
    fn actors_come_back() {
        for actor in [
            Actor::Person("alice".to_owned()),
            Actor::Policy("cluster lab".to_owned()),
            Actor::Drover,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert_eq!("bob".parse(), Ok(Actor::Person("bob".to_owned())));
    }
}
