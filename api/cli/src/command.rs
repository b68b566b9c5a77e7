//! The commands, as they are typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::lifetime::Lifetime;

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
    /// Into a cluster, and its end
    #[command(flatten)]
    Access(ClusterAccessCommand),
}

/// What people do with a cluster beside describing it.
#[derive(Debug, Subcommand)]
pub enum ClusterAccessCommand {
    /// Write a talosconfig with a certificate that ends soon
    Talosconfig {
        /// The cluster
        name: String,
        /// What it may do
        #[arg(long, value_enum, default_value_t = TalosRoleArgument::Admin)]
        role: TalosRoleArgument,
        /// Where to, and for how long
        #[command(flatten)]
        access: AccessArguments,
    },
    /// Write a kubeconfig with a certificate that ends soon
    Kubeconfig {
        /// The cluster
        name: String,
        /// What it may do
        #[arg(long, value_enum, default_value_t = KubeRoleArgument::Admin)]
        role: KubeRoleArgument,
        /// Where to, and for how long
        #[command(flatten)]
        access: AccessArguments,
    },
    /// All keys of a cluster, as talosctl keeps them
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Say what became of the one Bootstrap call of a cluster
    Bootstrap {
        /// The cluster
        name: String,
        /// done: it was carried out; not-done: it was not, and is called again
        #[arg(long, value_enum)]
        resolve: ResolutionArgument,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Delete a cluster that has no members, and its keys; what happened to it is kept
    Delete {
        /// The cluster
        name: String,
        /// Its name once more
        #[arg(long, default_value = "")]
        confirm: String,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
}

/// `drover cluster secrets …`
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Write them to a file: whoever has it has the cluster
    Export {
        /// The cluster
        name: String,
        /// Its name once more
        #[arg(long, default_value = "")]
        confirm: String,
        /// The file; NAME.secrets.yaml if not given, - for standard output
        #[arg(long, short)]
        file: Option<PathBuf>,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Give a cluster those of a file, while no machine has a config with its own
    Import {
        /// The cluster
        name: String,
        /// The file that talosctl or an export wrote; - for standard input
        #[arg(long, short)]
        file: PathBuf,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
}

/// Where access goes, and for how long it lasts.
#[derive(Debug, Clone, Args)]
pub struct AccessArguments {
    /// How long it opens the cluster, such as 30m, 8h, 7d
    #[arg(long, default_value = "8h")]
    pub ttl: Lifetime,
    /// The file; NAME.talosconfig or NAME.kubeconfig if not given, - for standard output
    #[arg(long, short)]
    pub file: Option<PathBuf>,
    /// Why, and under which key
    #[command(flatten)]
    pub mutation: MutationArguments,
}

/// A role of the Talos API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TalosRoleArgument {
    /// Everything
    #[value(name = "os:admin")]
    Admin,
    /// Restarts, services, etcd snapshots
    #[value(name = "os:operator")]
    Operator,
    /// Nothing but looking
    #[value(name = "os:reader")]
    Reader,
}

/// A role of the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KubeRoleArgument {
    /// Everything: the group system:masters
    Admin,
    /// What the cluster binds to the group drover:viewers
    Viewer,
}

/// What became of the Bootstrap call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResolutionArgument {
    /// It was carried out: it is never called again
    Done,
    /// It was not carried out: it is called again
    NotDone,
}
