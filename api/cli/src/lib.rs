//! The commands of `drover` that talk to a running daemon: tables on a terminal, JSON or YAML for
//! programs.

#![forbid(unsafe_code)]

pub mod boot;
pub mod client;
pub mod cluster;
pub mod cluster_access;
mod cluster_listing;
pub mod command;
pub mod completion;
pub mod database;
mod details;
mod duration;
mod endings;
pub mod error;
mod event;
pub mod examples;
pub mod goal;
pub mod health;
pub mod input;
pub mod lifetime;
mod listing;
pub mod machine;
mod output;
mod own_config;
pub mod patience;
pub mod patient;
mod reason;
mod record;
pub mod run;
mod secret_file;
pub mod selector;
pub mod wait;
