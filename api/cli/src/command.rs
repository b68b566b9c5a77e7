//! The commands, as they are typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// A command for a running daemon.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Machines: what is known of them, and what becomes of them
    #[command(subcommand)]
    Machine(MachineCommand),
    /// Clusters: what they should be, and how far they are
    #[command(subcommand)]
    Cluster(ClusterCommand),
}

/// What every command of a client takes.
#[derive(Debug, Clone, Args)]
pub struct ClientArguments {
    /// The daemon's socket
    #[arg(
        long,
        global = true,
        env = "DROVER_SOCKET",
        default_value = "/var/lib/drover/drover.sock"
    )]
    pub socket: PathBuf,
    /// How to print
    #[arg(long, short, global = true, value_enum, default_value_t = OutputFormat::Table)]
    pub output: OutputFormat,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Table,
    /// For programs: one JSON document, or one a line for what goes on
    Json,
}

/// Why something is changed.
#[derive(Debug, Clone, Args)]
pub struct MutationArguments {
    /// Why, for the record
    #[arg(long, default_value = "no reason given")]
    pub reason: String,
    /// A key under which a repeated request is recognised; drawn at random if not given
    #[arg(long)]
    pub idempotency_key: Option<String>,
}

/// `drover machine …`
#[derive(Debug, Subcommand)]
pub enum MachineCommand {
    /// Every machine
    List,
    /// One machine: who it is, what it waits for, its boots, permissions and attempts
    Show {
        /// Its name
        name: String,
    },
    /// What happened to a machine
    Timeline {
        /// Its name
        name: String,
        /// Go on with what happens from now on
        #[arg(long, short)]
        follow: bool,
    },
    /// Register machines, or change what is recorded of them
    Apply {
        /// A YAML file; - for standard input
        #[arg(long, short)]
        file: PathBuf,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Accept a machine: it may be inspected, and allocated by the clusters' rules
    Accept {
        /// Its name
        name: String,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Try again what it failed at; its cluster's rule permits a failed install anew
    Retry {
        /// Its name
        name: String,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Accept the boot that speaks for it: switched on by hand, one of two, or with a new card or
    /// board. Erases nothing
    ReleaseHold {
        /// Its name
        name: String,
        /// Which claimant, by its card
        #[arg(long)]
        card: Option<String>,
        /// Which claimant, by the first digits of its boot's id
        #[arg(long)]
        boot: Option<String>,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Switch its power, through its BMC
    Power {
        /// on, off or cycle
        operation: PowerArgument,
        /// Its name
        name: String,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
}

/// What to do with the power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PowerArgument {
    /// Switch it on
    On,
    /// Switch it off
    Off,
    /// Switch it off, see it off, switch it on
    Cycle,
}

/// `drover cluster …`
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Every cluster
    List,
    /// One cluster and its members
    Show {
        /// Its name
        name: String,
    },
    /// Make a cluster, or change it
    Apply {
        /// A YAML file; - for standard input
        #[arg(long, short)]
        file: PathBuf,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
}
