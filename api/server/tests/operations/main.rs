//! The use cases in process, on the real store and with real sealing: who asks is recorded, a
//! repetition does nothing twice, and what is refused is refused before anything is written.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in what its cases share"
)]

mod access;
mod around;
mod cancel;
mod cases;
mod cluster_end;
mod clusters;
mod database;
mod endings;
mod face;
mod freshness;
mod listed;
mod machines;
mod merging;
mod naming;
mod offers;
mod permitted;
mod power;
mod record;
mod release_hold;
mod retry;
mod roles;
mod safe_mode;
mod told;
mod withdrawal;
