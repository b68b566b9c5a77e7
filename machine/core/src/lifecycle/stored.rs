//! States as the texts that the store keeps. They are a format: they never change their meaning.

use std::str::FromStr;

use thiserror::Error;

use crate::lifecycle::{Moving, Origin, State};

/// A stored state that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted a machine state, got {got:?}")]
pub struct ParseStateError {
    /// What came.
    pub got: String,
}

impl State {
    /// The text that the store keeps; [`State::from_str`] reads it.
    pub const fn as_stored(self) -> &'static str {
        match self {
            Self::Discovered => "discovered",
            Self::Inspecting => "inspecting",
            Self::Available => "available",
            Self::Provisioning(Origin::Available) => "provisioning/available",
            Self::Provisioning(Origin::Active) => "provisioning/active",
            Self::Active => "active",
            Self::Cleaning => "cleaning",
            Self::Failed(Moving::Inspecting) => "failed/inspecting",
            Self::Failed(Moving::Provisioning(Origin::Available)) => {
                "failed/provisioning/available"
            }
            Self::Failed(Moving::Provisioning(Origin::Active)) => "failed/provisioning/active",
            Self::Failed(Moving::Cleaning) => "failed/cleaning",
            Self::Retired => "retired",
        }
    }
}

impl FromStr for State {
    type Err = ParseStateError;

    fn from_str(text: &str) -> Result<Self, ParseStateError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_stored() == text)
            .ok_or_else(|| ParseStateError {
                got: text.to_owned(),
            })
    }
}
