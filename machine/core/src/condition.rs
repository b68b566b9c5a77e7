//! What is to be said of a machine beside its state. Conditions are computed from what is known,
//! and never stored.

use std::fmt;
use std::time::Duration;

use crate::boot::{Boot, BootOrigin};
use crate::claimant::Claimant;
use crate::evidence::{Difference, Identity};
use crate::id::BootId;
use crate::lifecycle::State;
use crate::machine::Machine;
use crate::time::Timestamp;

/// Something that a person should know of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It claims what belongs to another machine: it gets no secret.
    Conflict {
        /// The established machine.
        with: String,
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
}

/// Within how long repeated boots are a loop.
pub const LOOP_WINDOW: Duration = Duration::from_mins(15);
/// How many network boots within the window are a loop.
pub const LOOP_BOOTS: usize = 5;

/// What is to be said of those who spoke for a machine within [`LOOP_WINDOW`]: of each kind the one
/// that was heard last. Each is a claimant, whether it has the machine's card, and why it gets
/// nothing; the last one comes first.
pub fn claims<'a>(
    spoken: impl Iterator<Item = (&'a Claimant, bool, &'a str)> + Clone,
    now: Timestamp,
) -> Vec<Condition> {
    let refused =
        spoken.filter(|(it, _, why)| !why.is_empty() && now.since(it.last_seen) < LOOP_WINDOW);
    let of = |own: bool| refused.clone().find(|(_, is_own, _)| *is_own == own);
    let told =
        |(it, _, why): (&Claimant, bool, &str)| format!("{} ({}): {why}", it.address, it.card);
    let claimed = of(false).map(|it| Condition::Claimed {
        why: told(it),
        boot: it.0.boot,
    });
    let held = of(true).map(|it| Condition::Held {
        why: told(it),
        boot: it.0.boot,
    });
    claimed.into_iter().chain(held).collect()
}

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
        name, differences, ..
    } = identity
    {
        conditions.push(Condition::Conflict {
            with: name.clone(),
            differences: differences.clone(),
        });
    }
    let netbooted = latest
        .is_some_and(|boot| boot.origin == BootOrigin::Network && boot.opened > machine.since);
    if is_active && netbooted {
        conditions.push(Condition::UnexpectedNetboot);
    }
    let recent = boots
        .iter()
        .filter(|boot| boot.origin == BootOrigin::Network && now.since(boot.opened) < LOOP_WINDOW)
        .count();
    if recent >= LOOP_BOOTS {
        conditions.push(Condition::BootLoop { boots: recent });
    }
    let says_not_ready = latest.is_some_and(|boot| boot.ready == Some(false));
    if is_active && says_not_ready {
        conditions.push(Condition::NotReady);
    }
    conditions
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { with, differences } => {
                let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
                write!(f, "Conflict with {with}: {}", named.join("; "))
            }
            Self::UnexpectedNetboot => f.write_str("UnexpectedNetboot"),
            Self::BootLoop { boots } => write!(f, "BootLoop ({boots} network boots in 15 minutes)"),
            Self::NotReady => f.write_str("NotReady"),
            Self::Claimed { why, .. } => write!(f, "Claimed: {why}"),
            Self::Held { why, .. } => write!(f, "Held: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::BootStep;
    use crate::fixtures::{at, boot, machine};

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
    fn who_was_refused_is_seen_for_a_while() {
        let spoke = |last_seen| Claimant {
            boot: BootId::from_bytes([1; 16]),
            card: crate::fixtures::MAC,
            address: [10, 77, 0, 66].into(),
            uuid: None,
            serial: None,
            first_seen: at(0),
            last_seen: at(last_seen),
        };
        let (recent, old) = (spoke(900), spoke(50));
        let rows = [
            (&recent, true, ""),
            (&recent, false, "it claims"),
            (&recent, true, "it waits"),
            (&old, false, "long ago"),
        ];
        let said = claims(rows.into_iter(), at(1000));
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        let from = "10.77.0.66 (52:54:00:77:00:01)";
        let wanted = [
            format!("Claimed: {from}: it claims"),
            format!("Held: {from}: it waits"),
        ];
        assert_eq!(said, wanted);
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
        let many: Vec<Boot> = (0..5).map(|id| boot(id, 900, BootStep::Lease)).collect();
        assert_eq!(
            said(State::Available, &many),
            ["BootLoop (5 network boots in 15 minutes)"]
        );
        let old: Vec<Boot> = (0..5).map(|id| boot(id, 100, BootStep::Lease)).collect();
        assert_eq!(said(State::Available, &old), Vec::<String>::new());
    }
}
