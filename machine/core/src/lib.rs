//! What a machine is, what may become of it, and what it boots next.
//!
//! The vocabulary that every other crate shares, and the decisions of Drover as pure functions:
//! facts and `now` in, values out. There is no socket, clock or random source here; identifiers are
//! made from bytes that the caller drew, times are values that the caller read.

#![forbid(unsafe_code)]

pub mod endpoint;
pub mod hardware;
pub mod id;
pub mod network;
pub mod power;
pub mod time;
