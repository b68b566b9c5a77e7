//! The daemon as a library: its program is a few lines around it.

#![forbid(unsafe_code)]

pub mod app;
pub mod bound;
pub mod clock;
pub mod cluster_access;
pub mod cluster_check;
pub mod cluster_secrets;
pub mod clusters;
pub mod command;
pub mod descriptors;
pub mod directory;
pub mod effects;
pub mod error;
pub mod expiry;
#[cfg(test)]
mod fixtures;
pub mod heard;
pub mod hindrance;
pub mod host;
pub mod learn;
pub mod machine_config;
pub mod pace;
pub mod parts;
pub mod power;
pub mod preflight;
pub mod random;
pub mod reader_credentials;
pub mod reconcile;
pub mod records;
pub mod reports;
pub mod settings;
pub mod sightings;
pub mod start_error;
pub mod state_access;
pub mod status;
pub mod telemetry;
pub mod wake;
