//! The real daemon, in a lab with real clients: how it starts and refuses to, what it keeps over
//! its end, what it answers, what it survives and what it never tells.
//!
//! Needs root and the packages of `scripts/install-packages test`, and the programs of this
//! workspace (`cargo build --workspace --bins`); `DROVER_BIN` names another `drover`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that its cases share"
)]

mod access;
mod bmc;
mod check;
mod clients;
mod commands;
mod dhcp;
mod ending;
mod explain;
mod floods;
mod generate;
mod health;
mod hex;
mod impostor;
mod life;
mod limits;
mod mounts;
mod mutated;
mod mutation;
mod network;
mod place;
mod refused;
mod restored;
mod rights;
mod secrets;
mod start;
mod state;
mod web;
