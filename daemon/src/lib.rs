//! The daemon as a library: its program is a few lines around it.

pub mod settings;
