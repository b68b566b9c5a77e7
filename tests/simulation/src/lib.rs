//! Whole fleets against the real decisions of `machine-core`, on a virtual clock.
//!
//! A run is one seed: machines that start, install and lose power ([`lab`]), a boot plane and a
//! reconcile loop that ask the real core what to do ([`boot_plane`], [`release`], [`reconcile`],
//! [`clusters`]), people and
//! faults ([`chaos`]), and records with the store's compare-and-set ([`records`]). After every
//! event the promises of the project are checked by code that does not ask the core
//! ([`invariant`]). The same seed is the same run, event for event.

#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    reason = "every index and key was made by the simulation itself; a wrong one should end it"
)]

pub mod boot_plane;
pub mod chaos;
pub mod claimants;
pub mod clusters;
pub mod event;
pub mod fleet;
pub mod invariant;
pub mod lab;
pub mod node;
pub mod proof;
pub mod random;
pub mod reconcile;
pub mod records;
pub mod release;
pub mod run;
pub mod scenario;
pub mod world;
