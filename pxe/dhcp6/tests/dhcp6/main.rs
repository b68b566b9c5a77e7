//! The crate from outside: what real clients send, and what they are answered.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod advertisements;
mod clients;
mod dump;
mod leases;
mod mutations;
mod oracle;
mod packets;
mod replies;
mod scene;
