//! What is awaited of a machine or a cluster, as it is typed behind `--for`.

use std::str::FromStr;

use clap::ValueEnum;

/// What a machine is awaited to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineGoal {
    /// In this state.
    State(String),
    /// On or off, as its BMC says.
    Power(&'static str),
}

/// The states by their words, as the API says them.
const STATES: [&str; 8] = [
    "discovered",
    "inspecting",
    "available",
    "provisioning",
    "active",
    "cleaning",
    "failed",
    "retired",
];

impl FromStr for MachineGoal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let state = text.strip_prefix("state=").unwrap_or(text);
        match text {
            "on" => Ok(Self::Power("on")),
            "off" => Ok(Self::Power("off")),
            _ if STATES.contains(&state) => Ok(Self::State(state.to_owned())),
            _ => Err(format!(
                "wanted on, off, or one of the states {}, got {text:?}",
                STATES.join(", ")
            )),
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
        assert_eq!(goal("on"), MachineGoal::Power("on"));
        let said = "ready".parse::<MachineGoal>().unwrap_err();
        assert!(
            said.contains("active") && said.contains("\"ready\""),
            "{said}"
        );
    }

    #[test]
    fn every_state_can_be_waited_for() {
        for state in machine_core::lifecycle::State::ALL {
            assert!(STATES.contains(&state.as_str()), "{state}");
        }
    }
}
