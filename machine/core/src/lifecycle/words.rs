//! The words for states and inputs, as people read them in messages and on timelines.

use std::fmt;

use crate::lifecycle::{Input, Origin, State};

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(moving) => write!(f, "failed while {}", Self::from(*moving).as_str()),
            Self::Provisioning(Origin::Active) => f.write_str("provisioning (reimage)"),
            Self::Provisioning(Origin::Available)
            | Self::Discovered
            | Self::Inspecting
            | Self::Available
            | Self::Active
            | Self::Cleaning
            | Self::Retired => f.write_str(self.as_str()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::Adopt => "adopt",
            Self::Allocate => "allocate",
            Self::Cancel { released: false } => "cancel",
            Self::Cancel { released: true } => "cancel (a config was already released)",
            Self::Reimage => "reimage",
            Self::Release => "release",
            Self::Retry => "retry",
            Self::Retire => "retire",
            Self::FactsComplete => "the evidence that its facts are complete",
            Self::RunsFromDisk => "the evidence that it runs from its disk",
            Self::Cleaned => "the evidence that its disk is clean",
            Self::GiveUp => "giving up",
        })
    }
}
