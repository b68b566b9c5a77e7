//! What Drover does with machines: it answers their boots, hears their reports, reconciles them with
//! what people want, and runs the operations of clusters.

#![forbid(unsafe_code)]

pub mod bmcs;
pub mod clock;
pub mod cluster_access;
pub mod cluster_check;
pub mod cluster_secrets;
pub mod clusters;
pub mod directory;
pub mod effects;
pub mod error;
pub mod expiry;
#[cfg(test)]
mod fixtures;
pub mod heard;
pub mod hindrance;
pub mod learn;
pub mod machine_config;
pub mod nodes;
pub mod pace;
pub mod power;
pub mod publication;
pub mod random;
pub mod reader_credentials;
pub mod reconcile;
pub mod records;
pub mod reports;
pub mod retention;
pub mod sightings;
pub mod status;
pub mod steady_clock;
pub mod wake;
