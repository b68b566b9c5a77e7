//! A machine: its identity and its place in life together.

use crate::disk::DiskIdentity;
use crate::endpoint::BmcEndpoint;
use crate::hardware::{Arch, Firmware, MacAddress};
use crate::id::MachineId;
use crate::lifecycle::transition::transition;
use crate::lifecycle::{Input, Refused, State};
use crate::sabotage::Sabotage;
use crate::time::Timestamp;
use std::time::Duration;

/// What is known of a machine's hardware beyond its identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    /// Instruction set.
    pub arch: Option<Arch>,
    /// Kind of firmware that it last booted with.
    pub firmware: Option<Firmware>,
    /// SMBIOS system manufacturer.
    pub manufacturer: Option<String>,
    /// SMBIOS product name.
    pub product: Option<String>,
}

/// Why a machine failed, for the person who has to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step that did not come about.
    pub step: String,
    /// What was seen instead.
    pub why: String,
    /// What to do.
    pub advice: String,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Which machine.
    pub id: MachineId,
    /// What people call it; unique.
    pub name: String,
    /// Where it is in its life.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// When its moving state is given up.
    pub deadline: Option<Timestamp>,
    /// Why it failed, while it is failed.
    pub failure: Option<Failure>,
    /// What is known of its hardware.
    pub hardware: Hardware,
    /// The disk to install to, if its own record names one.
    pub install_disk: Option<DiskIdentity>,
    /// Its BMC, if it has one.
    pub bmc: Option<BmcEndpoint>,
    /// When a person cancelled what was under way, if nobody has let it go on since: no rule takes
    /// it before a person accepts it.
    pub cancelled: Option<Timestamp>,
    /// Counts the writes of its row, for compare-and-set.
    pub version: i64,
}

impl Machine {
    /// How long a machine may be inspected or cleaned.
    pub const INSPECTING: Duration = Duration::from_hours(24);
    /// How long an install may take, with all its attempts.
    pub const PROVISIONING: Duration = Duration::from_hours(3);

    /// A machine that was just seen or registered.
    pub fn discovered(id: MachineId, name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            state: State::Discovered,
            since: now,
            deadline: None,
            failure: None,
            hardware: Hardware::default(),
            install_disk: None,
            bmc: None,
            cancelled: None,
            version: 0,
        }
    }

    /// The name of a machine that nobody named yet: `m-525400770001` for its card.
    pub fn generated_name(card: MacAddress) -> String {
        format!("m-{}", card.to_string().replace(':', ""))
    }

    /// Whether it still has the name that it got when it was found: nobody has named it yet.
    pub fn has_generated_name(&self) -> bool {
        let digits = self.name.strip_prefix("m-").unwrap_or_default();
        digits
            .get(..12)
            .is_some_and(|mac| mac.bytes().all(|it| it.is_ascii_hexdigit()))
            && matches!(digits.get(12..), Some(rest) if rest.is_empty() || rest.starts_with('-'))
    }

    /// The machine after `input`; its deadline and failure follow its state.
    pub fn after(&self, input: Input, now: Timestamp) -> Result<Self, Refused> {
        let state = transition(self.state, input)?;
        let next = Self {
            state,
            failure: None,
            cancelled: matches!(input, Input::Cancel { .. }).then_some(now),
            ..self.clone()
        };
        Ok(next.begun_anew(now))
    }

    /// The machine as if it had come into its state now, with the whole time that it may take: a
    /// person tries again what waits for one.
    #[must_use]
    pub fn begun_anew(&self, now: Timestamp) -> Self {
        Self {
            since: now,
            deadline: Self::limit(self.state)
                .filter(|_| !Sabotage::DeadlineUnset.is_on())
                .map(|limit| now.plus(limit)),
            ..self.clone()
        }
    }

    const fn limit(state: State) -> Option<Duration> {
        match state {
            State::Inspecting | State::Cleaning => Some(Self::INSPECTING),
            State::Provisioning(_) => Some(Self::PROVISIONING),
            State::Discovered | State::Available | State::Active => None,
            State::Failed(_) | State::Retired => None,
        }
    }

    /// The machine after it was given up, with the reason.
    pub fn given_up(&self, failure: Failure, now: Timestamp) -> Result<Self, Refused> {
        Ok(Self {
            failure: Some(failure),
            ..self.after(Input::GiveUp, now)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_is_known_again() {
        let card = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
        let named = |name: &str| {
            let id = MachineId::from_bytes([1; 16]);
            Machine::discovered(id, name, Timestamp::from_millis(0)).has_generated_name()
        };
        assert!(named(&Machine::generated_name(card)));
        assert!(named("m-525400770001-2"));
        for given in ["m-1", "cp-1", "m-525400770001x", "m-52540077000g", "m-"] {
            assert!(!named(given), "{given}");
        }
    }

    #[test]
    fn every_moving_state_has_a_deadline_and_no_other_has() {
        for state in State::ALL {
            for input in Input::ALL {
                let mut machine = Machine::discovered(
                    MachineId::from_bytes([1; 16]),
                    "m",
                    Timestamp::from_millis(0),
                );
                machine.state = state;
                let Ok(after) = machine.after(input, Timestamp::from_millis(5)) else {
                    continue;
                };
                assert_eq!(
                    after.deadline.is_some(),
                    after.state.moving().is_some(),
                    "{state}"
                );
            }
        }
    }
}
