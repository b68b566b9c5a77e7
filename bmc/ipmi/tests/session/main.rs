//! Sessions against a model of a BMC: honest ones, lying ones, and a network that loses, doubles and
//! delays.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop"
)]

#[path = "../model/mod.rs"]
#[expect(dead_code, reason = "the tests of the drivers use more of it")]
mod model;

mod commands;
mod logins;
mod network;
mod recording;
mod refusals;
mod wire;
