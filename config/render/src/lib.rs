//! What a machine is told to become: configs rendered from facts, without I/O.
//!
//! Inputs in, documents out, the same bytes for the same input. Randomness and time are arguments;
//! there is no socket, file or clock here.
//!
//! - [`os`] is what an operating system must be able to say of itself, [`oses`] is the table of
//!   those that Drover knows;
//! - [`talos`] holds Talos' own PKI, version contracts and machine configs;
//! - [`yaml`] writes YAML the way Talos does.

#![forbid(unsafe_code)]

pub mod os;
pub mod oses;
pub mod talos;
pub mod yaml;
