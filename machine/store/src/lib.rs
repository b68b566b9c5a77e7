//! Where machines are kept: SQLite by default, PostgreSQL for many replicas.
//!
//! One SQL text and one directory of migrations for both. What the boot plane writes goes through
//! the one commit task ([`commit`]); what the reconciler and the use cases write is one
//! compare-and-set transaction ([`change`]); everything else here reads, what is asked for often from
//! memory ([`read_model`]). Secrets are sealed before
//! they come near the database ([`seal`]). A mark beside the database tells an older copy
//! ([`generation`]), and one daemon has it to itself ([`exclusive`]).

#![forbid(unsafe_code)]

pub mod apply;
pub mod artefacts;
pub mod attempts;
mod bmcs;
pub mod boards;
pub mod boot_read;
pub mod boots;
pub mod bounds;
pub mod change;
mod checkpoint;
pub mod claimants;
mod cluster_document;
pub mod clusters;
pub mod commit;
pub mod db;
pub mod disks;
pub mod dossier;
pub mod error;
pub mod events;
pub mod evidence;
pub mod exclusive;
pub mod facts;
#[cfg(feature = "faults")]
pub mod faults;
mod file_lock;
pub mod forgotten;
pub mod generation;
mod generation_row;
pub mod identities;
pub mod intents;
pub mod key_file;
mod lease_fold;
mod lease_journal;
mod lease_row;
mod lease_writes;
pub mod leases;
mod lineage;
pub mod lineage_error;
pub mod location;
pub mod machines;
mod mark;
pub mod members;
pub mod membership;
mod migration;
pub mod moments;
mod operations;
pub mod place;
pub mod power_on;
pub mod read_model;
pub mod registrations;
mod releases;
pub mod request_code;
pub mod requests;
pub mod reservations;
pub mod retention;
mod row;
pub mod seal;
pub mod secrets;
mod sqlite;
mod sqlite_row;
mod statement;
pub mod statuses;
pub mod token;
mod touched;
mod transaction;
mod unreadable;
