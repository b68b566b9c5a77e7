//! The use cases in process, on the real store and with real sealing: who asks is recorded, a
//! repetition does nothing twice, and what is refused is refused before anything is written.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in what its cases share"
)]

mod around;
mod clusters;
mod machines;
mod power;
mod release_hold;
mod retry;
