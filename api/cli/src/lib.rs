//! The commands of `drover` that talk to a running daemon: tables on a terminal, JSON or YAML for
//! programs.

#![forbid(unsafe_code)]

pub mod client;
pub mod cluster;
pub mod command;
pub mod completion;
mod details;
mod duration;
mod endings;
pub mod error;
pub mod goal;
mod input;
mod listing;
pub mod machine;
mod output;
pub mod run;
pub mod selector;
pub mod wait;
