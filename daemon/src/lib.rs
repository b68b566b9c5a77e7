//! The daemon as a library: its program is a few lines around it.

#![forbid(unsafe_code)]

pub mod app;
pub mod bound;
pub mod clock;
pub mod command;
pub mod descriptors;
pub mod host;
mod host_address;
pub mod host_limits;
pub mod image_import;
pub mod interfaces;
pub mod network_watch;
pub mod parts;
pub mod preflight;
pub mod privileges;
pub mod random;
pub mod settings;
pub mod signals;
pub mod start_error;
pub mod state_access;
pub mod telemetry;
