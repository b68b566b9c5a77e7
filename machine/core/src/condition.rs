//! What is to be said of a machine beside its state. Conditions are computed from what is known,
//! and never stored.

use std::fmt;
use std::time::Duration;

use crate::boot::{Boot, BootOrigin};
use crate::evidence::{Difference, Identity};
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
