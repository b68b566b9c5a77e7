//! What may become of a machine: its states, what changes them, and the one transition function over
//! them ([`transition::transition`]).
//!
//! ```text
//!  Discovered ─Accept─► Inspecting ─facts─► Available ─Allocate─► Provisioning ─runs from disk─► Active
//!                                              ▲                    ▲   │                         │
//!                                              │                    │   └─deadline─► Failed       │
//!                                              │                    └────────── Reimage ──────────┤
//!                                              └───── Cleaning ◄─────────────── Release ──────────┘
//! ```
//! Beside these: Adopt, Discovered → Active. Cancel, Inspecting → Discovered, and Provisioning →
//! where it came from, while nothing was released. Inspecting, Provisioning and Cleaning → Failed; Failed → back by Retry,
//! → Cleaning by Release, → Active by evidence. Retire, any → Retired; Accept, Retired →
//! Inspecting.
//!
//! Stable states are left by an intent of a person or a policy, moving states by evidence or by
//! giving up, and every moving state has a deadline. There is no wildcard here: a new state or
//! input does not compile until every pair has been thought about.

pub mod stored;
pub mod transition;
mod words;

use thiserror::Error;

/// Where a machine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Seen or registered; nothing is done with it.
    Discovered,
    /// Being looked at: its facts are not complete yet.
    Inspecting,
    /// Known, clean and free.
    Available,
    /// Being installed.
    Provisioning(Origin),
    /// Runs from its own disk on the config that it was given.
    Active,
    /// Its disk is being erased after a release.
    Cleaning,
    /// A moving state was given up. Boots its disk, and waits for a person.
    Failed(Moving),
    /// Not ours to touch any more.
    Retired,
}

/// Where a machine was before it was provisioned, and where Cancel takes it back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It was free.
    Available,
    /// It was a member, and is being reimaged.
    Active,
}

/// The states that only evidence or a deadline may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moving {
    /// [`State::Inspecting`].
    Inspecting,
    /// [`State::Provisioning`].
    Provisioning(Origin),
    /// [`State::Cleaning`].
    Cleaning,
}

/// What can change a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// Intent: this machine is ours to look at.
    Accept,
    /// Intent: this machine already is a member; wipe nothing.
    Adopt,
    /// Intent: install it for a cluster.
    Allocate,
    /// Intent: undo the inspection, or the allocation while no config was released.
    Cancel {
        /// Whether a config of the current intent has been released.
        released: bool,
    },
    /// Intent: install the member anew.
    Reimage,
    /// Intent: take the machine out of its cluster and clean it.
    Release,
    /// Intent: try again what failed.
    Retry,
    /// Intent: leave this machine alone for good.
    Retire,
    /// Evidence: all is known that an allocation needs.
    FactsComplete,
    /// Evidence: it runs from its disk on the config of its current attempt.
    RunsFromDisk,
    /// Evidence: its disk is clean.
    Cleaned,
    /// A deadline has passed or the attempts are used up.
    GiveUp,
}

/// An input that a state does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{input} is not possible while {state}")]
pub struct Refused {
    /// The state that refused.
    pub state: State,
    /// What was refused.
    pub input: Input,
}

impl State {
    /// Whether a machine in this state works for a cluster, is on its way to that, or is not clean of
    /// it yet.
    pub const fn is_member(self) -> bool {
        match self {
            Self::Provisioning(_) | Self::Active | Self::Cleaning => true,
            Self::Failed(Moving::Provisioning(_) | Moving::Cleaning) => true,
            Self::Failed(Moving::Inspecting) | Self::Discovered | Self::Inspecting => false,
            Self::Available | Self::Retired => false,
        }
    }

    /// The moving state that this is, if it is one: these must have a deadline.
    pub const fn moving(self) -> Option<Moving> {
        match self {
            Self::Inspecting => Some(Moving::Inspecting),
            Self::Provisioning(origin) => Some(Moving::Provisioning(origin)),
            Self::Cleaning => Some(Moving::Cleaning),
            Self::Discovered | Self::Available | Self::Active | Self::Failed(_) | Self::Retired => {
                None
            }
        }
    }

    /// Whether a disk of the machine may be written by us in this state. Nothing may be without an
    /// open intent either.
    pub const fn may_write_disk(self) -> bool {
        matches!(self, Self::Provisioning(_) | Self::Cleaning)
    }

    /// The word for it in listings: `discovered`, `provisioning` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovered => "discovered",
            Self::Inspecting => "inspecting",
            Self::Available => "available",
            Self::Provisioning(_) => "provisioning",
            Self::Active => "active",
            Self::Cleaning => "cleaning",
            Self::Failed(_) => "failed",
            Self::Retired => "retired",
        }
    }
}

impl From<Origin> for State {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Available => Self::Available,
            Origin::Active => Self::Active,
        }
    }
}

impl From<Moving> for State {
    fn from(moving: Moving) -> Self {
        match moving {
            Moving::Inspecting => Self::Inspecting,
            Moving::Provisioning(origin) => Self::Provisioning(origin),
            Moving::Cleaning => Self::Cleaning,
        }
    }
}

impl State {
    /// Every state there is.
    pub const ALL: [Self; 12] = [
        Self::Discovered,
        Self::Inspecting,
        Self::Available,
        Self::Provisioning(Origin::Available),
        Self::Provisioning(Origin::Active),
        Self::Active,
        Self::Cleaning,
        Self::Failed(Moving::Inspecting),
        Self::Failed(Moving::Provisioning(Origin::Available)),
        Self::Failed(Moving::Provisioning(Origin::Active)),
        Self::Failed(Moving::Cleaning),
        Self::Retired,
    ];
}

impl Input {
    /// Every input there is.
    pub const ALL: [Self; 13] = [
        Self::Accept,
        Self::Adopt,
        Self::Allocate,
        Self::Cancel { released: false },
        Self::Cancel { released: true },
        Self::Reimage,
        Self::Release,
        Self::Retry,
        Self::Retire,
        Self::FactsComplete,
        Self::RunsFromDisk,
        Self::Cleaned,
        Self::GiveUp,
    ];

    /// Whether a person or a policy gives it; the rest is evidence or a clock.
    pub const fn is_intent(self) -> bool {
        match self {
            Self::Accept | Self::Adopt | Self::Allocate | Self::Cancel { .. } => true,
            Self::Reimage | Self::Release | Self::Retry | Self::Retire => true,
            Self::FactsComplete | Self::RunsFromDisk | Self::Cleaned | Self::GiveUp => false,
        }
    }
}

#[cfg(test)]
mod tests;
