//! What a machine is, what may become of it, and what it boots next.
//!
//! The vocabulary that every other crate shares, and the decisions of Drover as pure functions:
//! facts and `now` in, values out. There is no socket, clock or random source here; identifiers are
//! made from bytes that the caller drew, times are values that the caller read.
//!
//! - where it asks: [`network`], [`topology`]
//! - who is on the wire: [`client_class`], [`evidence`], [`claimant`], [`assurance`]; of what it is
//!   made: [`hardware`], [`disk`]
//! - what may become of a machine: [`lifecycle`], [`machine`]
//! - what people and policies want: [`cluster`] and the [`os`] of its machines, [`intent`],
//!   [`allocation`]
//! - what a system tells of itself: [`report`]; what nobody may see: [`secret`]
//! - what is being tried: [`attempt`], [`boot`], [`release`]
//! - whether anything may happen at all: [`generation`], [`safe_mode`]
//! - what is to be said of it: [`condition`], [`claim_condition`], [`advice`], [`awaited`]
//! - who has which address: [`network`], [`duid`], [`standing`]
//! - what happens next: [`decision`] for a boot and its [`explanation`], [`plan`] for a machine,
//!   [`bootstrap`] for a cluster
//! - what a simulation breaks to show that it would notice: [`sabotage`]

#![forbid(unsafe_code)]

pub mod advice;
pub mod allocation;
pub mod artefact;
pub mod assurance;
pub mod attempt;
pub mod awaited;
pub mod bmc_secret;
pub mod boot;
pub mod bootstrap;
pub mod bootstrap_pace;
pub mod claim_condition;
pub mod claimant;
pub mod client_class;
pub mod clock_lag;
pub mod cluster;
pub mod cluster_endpoint;
pub mod command;
pub mod condition;
pub mod decision;
pub mod disk;
pub mod dossier;
pub mod doubt;
pub mod duid;
pub mod endpoint;
pub mod evidence;
pub mod explanation;
#[cfg(test)]
mod fixtures;
pub mod generation;
pub mod hardware;
pub mod id;
pub mod intent;
pub mod lease_options;
pub mod lifecycle;
pub mod machine;
pub mod membership;
pub mod network;
pub mod operation;
pub mod os;
pub mod plan;
pub mod power;
pub mod release;
pub mod report;
pub mod sabotage;
pub mod safe_mode;
pub mod secret;
pub mod standing;
pub mod time;
pub mod topology;
