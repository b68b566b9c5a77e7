//! `drover cluster talosconfig | kubeconfig | secrets | bootstrap | delete`, as they are typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::command::arguments::MutationArguments;
use crate::examples::examples;
use crate::lifetime::Lifetime;

/// What people do with a cluster beside describing it.
#[derive(Debug, Subcommand)]
pub enum ClusterAccessCommand {
    /// Write a talosconfig with a certificate that ends soon
    #[command(after_help = examples(&[
        "drover cluster talosconfig lab",
        "drover cluster talosconfig lab --role os:reader --ttl 30m --file lab.talosconfig",
    ]))]
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
    #[command(after_help = examples(&[
        "drover cluster kubeconfig lab",
        "drover cluster kubeconfig lab --role viewer --ttl 7d --file -",
    ]))]
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
    #[command(after_help = examples(&[
        "drover cluster bootstrap lab --resolve done --reason 'etcd runs on cp-1'",
        "drover cluster bootstrap lab --resolve not-done",
    ]))]
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
    /// Delete a cluster that has no members, and its keys
    ///
    /// A cluster with members is refused: each of them is retired first (`drover machine retire`).
    /// Machines that may be installed for it, and have no config yet, are not installed any more.
    /// Without an export of the keys (`drover cluster secrets export`), nobody makes a new
    /// certificate for what still runs. Disks stay as they are.
    #[command(after_help = examples(&[
        "drover cluster delete lab --confirm lab --reason 'the lab is closed'",
    ]))]
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
    #[command(after_help = examples(&[
        "drover cluster secrets export lab --confirm lab --file lab.secrets.yaml",
    ]))]
    Export {
        /// The cluster
        name: String,
        /// Its name once more
        #[arg(long, default_value = "")]
        confirm: String,
        /// The file; NAME.secrets.yaml if not given, - for standard output. A file that is there is
        /// left alone
        #[arg(long, short)]
        file: Option<PathBuf>,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Give a cluster those of a file, while no machine has a config with its own
    #[command(after_help = examples(&[
        "drover cluster secrets import lab --confirm lab --file secrets.yaml",
    ]))]
    Import {
        /// The cluster
        name: String,
        /// Its name once more
        #[arg(long, default_value = "")]
        confirm: String,
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
    /// How long it opens the cluster, such as 30m, 8h, 7d; at most 30d
    #[arg(long, default_value = "8h")]
    pub ttl: Lifetime,
    /// The file; NAME.talosconfig or NAME.kubeconfig if not given, - for standard output. A file
    /// that is there gives way only if it holds nothing but an older config of this cluster
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
