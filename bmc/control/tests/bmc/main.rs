//! `bmc-control` against BMCs: the emulator `ipmi_sim`, and our model of one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod driver;
mod ipmi_sim;
mod ipmitool;
mod model_bmc;
mod recording;
mod secrets;
mod sessions;
mod trouble;
