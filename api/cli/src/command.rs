//! The commands, as they are typed: a room for each noun.

pub mod arguments;
pub mod boot;
pub mod cluster;
pub mod cluster_access;
pub mod database;
pub mod ending;
pub mod machine;
pub mod output_format;

use clap::Subcommand;

use crate::command::boot::{BootCommand, ExplainArguments};
use crate::command::cluster::ClusterCommand;
use crate::command::database::DatabaseCommand;
use crate::command::machine::MachineCommand;
use crate::examples::examples;

/// A command for a running daemon.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Machines: what is known of them, and what becomes of them
    #[command(subcommand)]
    Machine(MachineCommand),
    /// Clusters: what they should be, and how far they are
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Why a machine boots what it boots, what its last packets said, and what should have come next
    Explain(ExplainArguments),
    /// Boots: what a client would be told
    #[command(subcommand)]
    Boot(BootCommand),
    /// The database: whether it is the one to go on with
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Whether the daemon serves machines: ends with 0 if so, else with 6 or 3
    #[command(after_help = examples(&[
        "drover health",
        "drover health --socket /srv/drover/drover.sock",
    ]))]
    Health,
}
