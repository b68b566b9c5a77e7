//! Whole fleets against the crate that ships (`fleet`) and the store, on a virtual clock.
//!
//! A run is one seed: machines that start, install and lose power ([`firmware`], [`system`]), a
//! Drover that is the real one behind simulated ports ([`drover`], [`bmc`], [`node_api`]), people
//! and faults ([`people`], [`chaos`]). What was really done is kept in a [`ledger`] that the records
//! can't talk out of it, and after every moment in which something was written the promises of the
//! project are checked ([`invariant`]). The same seed is the same run, event for event.

#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    reason = "every index and key was made by the simulation itself; a wrong one should end it"
)]

pub mod arrangement;
pub mod attack;
pub mod attacker;
pub mod audit;
pub mod bmc;
pub mod care;
pub mod chaos;
pub mod cluster;
pub mod config;
pub mod course;
pub mod dhcp_client;
pub mod dhcp_link;
pub mod disk;
pub mod doom;
pub mod dossier;
pub mod drover;
pub mod event;
mod examination;
pub mod firmware;
pub mod ground;
pub mod invariant;
pub mod lab;
pub mod ledger;
pub mod mishap;
pub mod neighbours;
pub mod node;
pub mod node_api;
pub mod older_install;
pub mod outcome;
pub mod papers;
pub mod people;
pub mod permission;
pub mod rack;
pub mod random;
pub mod rest;
mod revision;
pub mod run;
pub mod sabotage;
pub mod scenario;
pub mod seeds;
pub mod situation;
pub mod subnet;
pub mod system;
pub mod unfolding;
pub mod virtual_clock;
pub mod wire;
pub mod words;
