//! What is awaited of a machine or a cluster, as it is typed behind `--for`.

use std::str::FromStr;

use api_proto::v1::{MachineState, PowerState};
use api_proto::word::Word as _;
use clap::ValueEnum;

/// What a machine is awaited to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineGoal {
    /// In this state.
    State(MachineState),
    /// On or off, as its BMC says.
    Power(PowerState),
}

impl FromStr for MachineGoal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let state = text.strip_prefix("state=").unwrap_or(text);
        let state = MachineState::from_word(state).map(Self::State);
        match text {
            "on" => Ok(Self::Power(PowerState::On)),
            "off" => Ok(Self::Power(PowerState::Off)),
            _ => state.ok_or_else(|| {
                let states = MachineState::ALL.join(", ");
                format!("wanted on, off, or one of the states {states}, got {text:?}")
            }),
        }
    }
}

/// What a cluster is awaited to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClusterGoal {
    /// Every member is ready
    Ready,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(text: &str) -> MachineGoal {
        text.parse().unwrap()
    }

    #[test]
    fn goals_are_states_and_power() {
        assert_eq!(goal("active"), goal("state=active"));
        assert_eq!(goal("on"), MachineGoal::Power(PowerState::On));
        let said = "ready".parse::<MachineGoal>().unwrap_err();
        assert!(
            said.contains("active") && said.contains("\"ready\""),
            "{said}"
        );
    }

    #[test]
    fn every_state_can_be_waited_for() {
        for state in machine_core::lifecycle::State::ALL {
            assert!(
                matches!(goal(state.as_str()), MachineGoal::State(_)),
                "{state}"
            );
        }
    }
}
