//! One try at an install, and the rule by which its config is released.
//!
//! An attempt is opened by the reconciler before anything is done for it, and counted. Its config
//! goes to one peer; that peer may fetch the same bytes again until the machine runs from disk, at
//! most [`Attempt::MAX_FETCHES`] times within [`Attempt::RELEASE_WINDOW`]. Everybody else is
//! refused.

use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

use crate::boot::Boot;
use crate::hardware::MacAddress;
use crate::id::{AttemptId, BootId, IntentId, MachineId};
use crate::intent::{Assignment, Intent};
use crate::lifecycle::State;
use crate::time::Timestamp;

/// Why an attempt was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptEnd {
    /// The machine runs from its disk on this attempt's config.
    Installed,
    /// The install stopped in the middle: power was cut, or the machine came back unfinished.
    Interrupted,
    /// Its deadline passed.
    TimedOut,
    /// Its intent was taken back.
    Cancelled,
    /// The installer ended with an error.
    InstallerFailed,
    /// The node refused its config.
    Refused,
}

impl AttemptEnd {
    /// `installed`, `interrupted`, `timed out`, `cancelled`, `installer failed`, `config refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::InstallerFailed => "installer failed",
            Self::Refused => "config refused",
        }
    }

    /// Every end there is.
    pub const ALL: [Self; 6] = [
        Self::Installed,
        Self::Interrupted,
        Self::TimedOut,
        Self::Cancelled,
        Self::InstallerFailed,
        Self::Refused,
    ];
}

/// Who asks for a config, as the network shows it: never as a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The address that the connection comes from.
    pub address: IpAddr,
    /// The hardware address behind it, where the neighbour table knows it (not behind a relay).
    pub hardware: Option<MacAddress>,
}

/// That a config went out: to whom, which bytes, how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Release {
    /// When it was first released.
    pub at: Timestamp,
    /// The one address that it goes to.
    pub peer: IpAddr,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    /// How often it was fetched.
    pub fetches: u32,
}

/// What the node itself said that ends its attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// When.
    pub at: Timestamp,
    /// How it ends.
    pub end: AttemptEnd,
    /// In the node's words.
    pub why: String,
}

/// That the older install on the attempt's disk is wiped, before the config can be fetched: Talos
/// that finds its STATE partition on a disk never asks for another config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wipe {
    /// When that was decided.
    pub at: Timestamp,
    /// The one boot that is told to wipe. Talos restarts after it; a second boot that wipes would
    /// erase what the first one made room for.
    pub boot: Option<BootId>,
}

/// One try at an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which attempt.
    pub id: AttemptId,
    /// Of which machine.
    pub machine: MachineId,
    /// For which intent.
    pub intent: IntentId,
    /// 1 for the first attempt of the intent.
    pub number: u32,
    /// What the machine is told to become: a copy, so that the config can't change under it.
    pub assignment: Assignment,
    /// When it was opened.
    pub opened: Timestamp,
    /// Until when it must have succeeded.
    pub deadline: Timestamp,
    /// The boot that serves it.
    pub boot: Option<BootId>,
    /// How often its machine's power was switched for it: counted before the act.
    pub power_actions: u32,
    /// When it was last switched.
    pub power_at: Option<Timestamp>,
    /// That its config was released.
    pub release: Option<Release>,
    /// When and why it was closed.
    pub closed: Option<(Timestamp, AttemptEnd)>,
    /// SHA-256 of what its config was made of, without what differs between two attempts. Two with
    /// the same one get the same config.
    pub basis: Option<[u8; 32]>,
    /// That the older install on its disk is wiped first.
    pub wipe: Option<Wipe>,
    /// What its node said that ends it.
    pub verdict: Option<Verdict>,
}

impl Attempt {
    /// How often one peer may fetch one config.
    pub const MAX_FETCHES: u32 = 5;
    /// For how long after the first fetch.
    pub const RELEASE_WINDOW: Duration = Duration::from_mins(30);
    /// How long one attempt may take.
    pub const LIFETIME: Duration = Duration::from_mins(45);

    /// Whether it still may lead to an install.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether `boot` is one that we powered the machine on for in this attempt. Where a machine
    /// has a BMC, only such a boot is the machine's for certain: whoever boots beside it, or was on
    /// before, may be somebody else with its card.
    pub fn is_started_by_us(&self, boot: &Boot) -> bool {
        self.power_at.is_some_and(|at| boot.opened >= at)
    }

    /// Whether `boot` is told to wipe the older install: it was chosen for that, or is the first
    /// that asks after that was decided.
    pub fn wipes_in(&self, boot: BootId) -> bool {
        self.release.is_none()
            && self
                .wipe
                .is_some_and(|wipe| wipe.boot.is_none_or(|chosen| chosen == boot))
    }
}

/// What is known when a config is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseFacts<'a> {
    /// The attempt that the token names.
    pub attempt: &'a Attempt,
    /// Its intent.
    pub intent: &'a Intent,
    /// The state of its machine.
    pub state: State,
    /// Every hardware address that is known to be the machine's.
    pub hardware: &'a [MacAddress],
    /// The address that the attempt's boot holds, if known.
    pub boot_address: Option<IpAddr>,
    /// Whether the cluster accepts that its config travels in the clear, or it does not.
    pub transport_permitted: bool,
}

/// A permitted fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The first: claims the intent.
    First,
    /// The same bytes to the same peer again.
    Again,
}

/// Why a config is not released. What the asker is told is the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum ReleaseRefusal {
    /// The cluster does not permit plain HTTP.
    #[error(
        "the config would travel in the clear: set `allow_plaintext: true` in the cluster's file to permit that"
    )]
    Plaintext,
    /// The attempt is closed.
    #[error("the attempt is closed")]
    AttemptClosed,
    /// The intent is closed or expired.
    #[error("no open intent stands behind the attempt")]
    IntentNotOpen,
    /// The intent was claimed by as many attempts as it permits.
    #[error("the intent was claimed {} times already", Intent::MAX_CLAIMS)]
    IntentUsedUp,
    /// The machine is not being provisioned: it is installed already, or was never allocated.
    #[error("the machine is {0}, not provisioning")]
    NotProvisioning(State),
    /// The attempt's deadline passed, or the window after the first fetch did.
    #[error("the time to fetch the config is over")]
    Late,
    /// Somebody else than the one peer of this attempt.
    #[error("the config of this attempt went to another peer")]
    OtherPeer,
    /// The first asker is not the machine that the attempt is for.
    #[error("the asker is not the machine of this attempt")]
    NotTheMachine,
    /// The peer has had it often enough.
    #[error("the config was fetched {} times already", Attempt::MAX_FETCHES)]
    TooOften,
}

impl ReleaseRefusal {
    /// Whether a person should look: somebody who is not the machine holds its token, or an
    /// installed machine asks for a config.
    pub const fn is_alarm(self) -> bool {
        match self {
            Self::OtherPeer | Self::NotTheMachine | Self::NotProvisioning(_) | Self::TooOften => {
                true
            }
            Self::Plaintext | Self::AttemptClosed | Self::IntentNotOpen => false,
            Self::IntentUsedUp | Self::Late => false,
        }
    }
}

/// Whether this peer may have the config of this attempt now.
pub fn may_release(
    facts: &ReleaseFacts<'_>,
    peer: Peer,
    now: Timestamp,
) -> Result<Grant, ReleaseRefusal> {
    let ReleaseFacts {
        attempt,
        intent,
        state,
        ..
    } = *facts;
    if !facts.transport_permitted {
        return Err(ReleaseRefusal::Plaintext);
    }
    if !matches!(state, State::Provisioning(_)) {
        return Err(ReleaseRefusal::NotProvisioning(state));
    }
    // What its node has refused ends the attempt, and is asked for again all the same.
    if !attempt.is_open() || attempt.verdict.is_some() {
        return Err(ReleaseRefusal::AttemptClosed);
    }
    if !intent.is_open(now) {
        return Err(ReleaseRefusal::IntentNotOpen);
    }
    match &attempt.release {
        Some(release) => may_release_again(facts, release, peer, now),
        None => may_release_first(facts, peer, now),
    }
}

fn may_release_again(
    facts: &ReleaseFacts<'_>,
    release: &Release,
    peer: Peer,
    now: Timestamp,
) -> Result<Grant, ReleaseRefusal> {
    // An address is easily taken over: the card behind it must be the machine's, where it is seen.
    let is_other_card = peer
        .hardware
        .is_some_and(|mac| !facts.hardware.contains(&mac));
    if release.peer != peer.address || is_other_card {
        return Err(ReleaseRefusal::OtherPeer);
    }
    if release.fetches >= Attempt::MAX_FETCHES {
        return Err(ReleaseRefusal::TooOften);
    }
    if now.since(release.at) >= Attempt::RELEASE_WINDOW {
        return Err(ReleaseRefusal::Late);
    }
    Ok(Grant::Again)
}

fn may_release_first(
    facts: &ReleaseFacts<'_>,
    peer: Peer,
    now: Timestamp,
) -> Result<Grant, ReleaseRefusal> {
    if now >= facts.attempt.deadline {
        return Err(ReleaseRefusal::Late);
    }
    if facts.intent.claims >= Intent::MAX_CLAIMS {
        return Err(ReleaseRefusal::IntentUsedUp);
    }
    let is_machine = match peer.hardware {
        Some(mac) => facts.hardware.contains(&mac),
        None => facts.boot_address == Some(peer.address),
    };
    if is_machine {
        Ok(Grant::First)
    } else {
        Err(ReleaseRefusal::NotTheMachine)
    }
}

#[cfg(test)]
mod tests;
