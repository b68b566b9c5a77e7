//! What is to be said of a machine beside its state. Conditions are computed from what is known,
//! and never stored.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::boot::{Boot, BootOrigin, BootStep};
use crate::cluster::Role;
use crate::disk::DiskIdentity;
use crate::evidence::{Difference, EvidenceKind, Identity, conflict_words};
use crate::id::BootId;
use crate::lifecycle::State;
use crate::machine::Machine;
use crate::plan::pace::COME_BACK;
use crate::time::Timestamp;

/// Something that a person should know of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It claims what belongs to another machine: it gets no secret.
    Conflict {
        /// The established machine.
        with: String,
        /// What both have.
        shared: Vec<EvidenceKind>,
        /// What contradicts.
        differences: Vec<Difference>,
    },
    /// It is active, and yet has booted from the network.
    UnexpectedNetboot,
    /// It starts again and again.
    BootLoop {
        /// How often within [`LOOP_WINDOW`].
        boots: usize,
    },
    /// It is active, and says that it is not ready.
    NotReady,
    /// Somebody else claims to be it.
    Claimed {
        /// By whom, and what speaks against it.
        why: String,
        /// Its boot.
        boot: BootId,
    },
    /// Its own boot gets nothing for now.
    Held {
        /// Why.
        why: String,
        /// Which one.
        boot: BootId,
    },
    /// The disk that it is installed on, or is to be, is named for another machine, too.
    SharedDisk {
        /// Which disk.
        disk: DiskIdentity,
        /// The other machines.
        with: Vec<String>,
    },
    /// A cluster's rule takes it, or may, and it is no member yet.
    Awaited {
        /// As what.
        role: Role,
        /// What the rule still lacks; empty if the machine is only on its way.
        why: String,
    },
}

/// Within how long repeated boots are a loop.
pub const LOOP_WINDOW: Duration = Duration::from_mins(15);
/// How many network boots within the window are a loop.
pub const LOOP_BOOTS: usize = 5;

/// What is to be said of a machine. `boots` are its recent ones, newest first.
pub fn conditions(
    machine: &Machine,
    identity: &Identity,
    boots: &[Boot],
    now: Timestamp,
) -> Vec<Condition> {
    let is_active = machine.state == State::Active;
    let latest = boots.first();
    let mut conditions = Vec::new();
    if let Identity::Conflict {
        name,
        shared,
        differences,
        ..
    } = identity
    {
        conditions.push(Condition::Conflict {
            with: name.clone(),
            shared: shared.clone(),
            differences: differences.clone(),
        });
    }
    let netbooted = latest
        .is_some_and(|boot| boot.origin == BootOrigin::Network && boot.opened > machine.since);
    if is_active && netbooted {
        conditions.push(Condition::UnexpectedNetboot);
    }
    // DISCOVERs of its firmware and of iPXE say nothing: anybody can send them with its card's
    // address. A script goes to who has the boot's id, at the boot's address.
    let is_start = |boot: &&Boot| {
        boot.origin == BootOrigin::Network
            && boot.step >= BootStep::Script
            && now.since(boot.opened) < LOOP_WINDOW
    };
    let recent = starts(boots.iter().filter(is_start));
    if recent >= LOOP_BOOTS {
        conditions.push(Condition::BootLoop { boots: recent });
    }
    let says_not_ready = ready(boots) == Some(false);
    if is_active && says_not_ready {
        conditions.push(Condition::NotReady);
    }
    conditions
}

/// How often the machine has started in these boots, newest first. Firmware goes on from card to
/// card, and each card's boot is a record: those of different cards within [`COME_BACK`] are of one
/// start.
fn starts<'a>(boots: impl DoubleEndedIterator<Item = &'a Boot>) -> usize {
    let mut starts = 0;
    let mut began: Option<Timestamp> = None;
    let mut cards = BTreeSet::new();
    for boot in boots.rev() {
        let is_near = began.is_some_and(|began| boot.opened.since(began) < COME_BACK);
        if is_near && cards.insert(boot.mac) {
            continue;
        }
        starts += 1;
        began = Some(boot.opened);
        cards = BTreeSet::from([boot.mac]);
    }
    starts
}

/// Whether the system that was seen last says that it is ready; nothing if it says nothing. A boot
/// of which only a DISCOVER was seen hides no other.
pub fn ready(boots: &[Boot]) -> Option<bool> {
    boots.iter().find(|it| it.step >= BootStep::Script)?.ready
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict {
                with,
                shared,
                differences,
            } => {
                let words = conflict_words(with, shared, differences);
                write!(f, "Conflict with {with}: {words}")
            }
            Self::UnexpectedNetboot => f.write_str("UnexpectedNetboot"),
            Self::BootLoop { boots } => write!(f, "BootLoop ({boots} network boots in 15 minutes)"),
            Self::NotReady => f.write_str("NotReady"),
            Self::Claimed { why, .. } => write!(f, "Claimed: {why}"),
            Self::Held { why, .. } => write!(f, "Held: {why}"),
            Self::SharedDisk { disk, with } => write!(
                f,
                "SharedDisk: {disk} is also the disk of {}: it was moved, or one is a clone of the \
                 other",
                with.join(", ")
            ),
            Self::Awaited { role, why } if why.is_empty() => write!(f, "Awaited as {role}"),
            Self::Awaited { role, why } => write!(f, "Awaited as {role}: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::BootStep;
    use crate::fixtures::{at, boot, machine};
    use crate::hardware::MacAddress;
    use crate::lifecycle::Origin;

    fn said(state: State, boots: &[Boot]) -> Vec<String> {
        let machine = Machine {
            since: at(50),
            ..machine(state)
        };
        let known = Identity::Known(machine.id);
        conditions(&machine, &known, boots, at(1000))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn each_condition_has_its_reason() {
        let network = boot(1, 60, BootStep::Lease);
        let before = boot(1, 40, BootStep::Lease);
        let disk = Boot {
            origin: BootOrigin::Disk,
            ready: Some(false),
            ..boot(2, 70, BootStep::Joined)
        };
        assert_eq!(
            said(State::Active, std::slice::from_ref(&network)),
            ["UnexpectedNetboot"]
        );
        assert_eq!(said(State::Active, &[before]), Vec::<String>::new());
        assert_eq!(
            said(State::Active, &[disk.clone(), network.clone()]),
            ["NotReady"]
        );
        assert_eq!(said(State::Available, &[disk]), Vec::<String>::new());
        let many: Vec<Boot> = (0..5).map(|id| boot(id, 900, BootStep::Script)).collect();
        assert_eq!(
            said(State::Available, &many),
            ["BootLoop (5 network boots in 15 minutes)"]
        );
        let old: Vec<Boot> = (0..5).map(|id| boot(id, 100, BootStep::Script)).collect();
        assert_eq!(said(State::Available, &old), Vec::<String>::new());
    }

    /// Firmware goes through its cards, and iPXE on each of them asks for a script.
    #[test]
    fn a_start_with_four_cards_is_one_start() {
        let start = |opened: i64| {
            (0..4).map(move |card| Boot {
                mac: Some(MacAddress::new([2, 0, 0, 0, 0, card])),
                ..boot(card, opened + i64::from(card) * 40, BootStep::Script)
            })
        };
        let of = |opened: &[i64]| {
            let mut boots: Vec<Boot> = opened.iter().copied().flat_map(start).collect();
            boots.reverse();
            said(State::Available, &boots)
        };
        assert_eq!(of(&[300, 600]), Vec::<String>::new());
        assert_eq!(
            of(&[110, 280, 450, 620, 790]),
            ["BootLoop (5 network boots in 15 minutes)"]
        );
    }

    #[test]
    fn forged_discovers_are_no_boot_loop_and_hide_no_node() {
        let forged = (0..5).map(|id| boot(id, 900, BootStep::Ipxe));
        let disk = Boot {
            origin: BootOrigin::Disk,
            ready: Some(true),
            ..boot(9, 70, BootStep::Joined)
        };
        let boots: Vec<Boot> = forged.chain([disk]).collect();
        assert_eq!(
            said(State::Provisioning(Origin::Active), &boots),
            Vec::<String>::new()
        );
        assert_eq!(ready(&boots), Some(true));
    }
}
