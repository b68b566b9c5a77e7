//! The crate from outside: what real clients send, and what they are answered.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod asks;
mod boards;
mod captures;
mod clients;
mod contents;
mod dump;
mod golden;
mod lease_options;
mod mutations;
mod offers;
mod oracle;
mod packets;
mod replies;
mod routes;
mod scene;
