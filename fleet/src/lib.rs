//! What Drover does with machines: it answers their boots, hears their reports, reconciles them with
//! what people want, and runs the operations of clusters.

#![forbid(unsafe_code)]

pub mod bmcs;
pub mod boot_plane_view;
pub mod boots;
mod card_behind;
pub mod clock;
pub mod clusters;
pub mod error;
pub mod expiry;
mod explaining;
#[cfg(test)]
mod fixtures;
pub mod hardware_facts;
pub mod hindrance;
pub mod last_heard;
#[cfg(test)]
mod log_capture;
mod log_pace;
pub mod machine_config;
pub mod node_reports;
pub mod nodes;
pub mod pace;
pub mod power;
pub mod random;
pub mod reconcile;
pub mod sightings;
pub mod site;
mod spans;
pub mod status;
pub mod steady_clock;
pub mod use_cases;
pub mod wake;
