//! The commands of `drover` that talk to a running daemon: tables on a terminal, JSON for programs.

#![forbid(unsafe_code)]

pub mod client;
pub mod cluster;
pub mod cluster_access;
pub mod command;
mod details;
pub mod error;
mod input;
pub mod lifetime;
mod listing;
pub mod machine;
mod output;
pub mod run;
mod secret_file;
