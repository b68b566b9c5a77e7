//! The commands of `drover` that talk to a running daemon: tables on a terminal, JSON for programs.

#![forbid(unsafe_code)]

pub mod client;
pub mod cluster;
pub mod command;
pub mod error;
pub mod machine;
mod output;
