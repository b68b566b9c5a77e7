//! The commands, as they are typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::duration::parse_duration;
use crate::goal::{ClusterGoal, MachineGoal};
use crate::lifetime::Lifetime;
use crate::selector::Selector;

/// A command for a running daemon.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Machines: what is known of them, and what becomes of them
    #[command(subcommand)]
    Machine(MachineCommand),
    /// Clusters: what they should be, and how far they are
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// The database: whether it is the one to go on with
    #[command(subcommand)]
    Database(DatabaseCommand),
}

/// What every command of a client takes.
#[derive(Debug, Clone, Args)]
pub struct ClientArguments {
    /// The daemon's socket; also by the environment, as `DROVER_SOCKET`
    // Not by clap's `env`: what stands in the environment would be printed as wanted in each usage.
    #[arg(long, global = true, default_value_os_t = default_socket())]
    pub socket: PathBuf,
    /// How to print; `name` is for machines and clusters
    #[arg(long, short, global = true, value_enum, default_value_t = OutputFormat::Table)]
    pub output: OutputFormat,
}

/// The socket that the environment names, or that of a daemon with the usual state directory.
fn default_socket() -> PathBuf {
    std::env::var_os("DROVER_SOCKET")
        .filter(|it| !it.is_empty())
        .map_or_else(
            || PathBuf::from("/var/lib/drover/drover.sock"),
            PathBuf::from,
        )
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Table,
    /// For people with a wide terminal
    Wide,
    /// For programs: one JSON document, or one a line for what goes on
    Json,
    /// For programs and people: YAML
    Yaml,
    /// Only the names, a line each
    Name,
}

impl OutputFormat {
    /// Whether it is for programs: JSON or YAML.
    pub const fn is_structured(self) -> bool {
        match self {
            Self::Json | Self::Yaml => true,
            Self::Table | Self::Wide | Self::Name => false,
        }
    }
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
    #[command(
        after_help = "Example: drover machine list --selector 'state=active,name=cp-*' -o wide"
    )]
    List {
        /// Only those whose fields are so: FIELD=VALUE or FIELD!=VALUE, several joined by commas,
        /// with * and ? in values. Fields: name, state, cluster, role, power, address,
        /// architecture, firmware, ready, condition
        #[arg(long, short = 'l')]
        selector: Option<Selector>,
    },
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
    /// Take its install back, before its config is released; it waits then to be accepted again
    Cancel {
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
    /// Wait until a machine is so; what it waits for goes to standard error
    ///
    /// Ends with 0 when it is so, with 1 when it failed or is not there, with 3 when the time is
    /// over.
    #[command(after_help = "Example: drover machine wait cp-1 --for active --timeout 30m")]
    Wait {
        /// Its name
        name: String,
        /// on, off, or a state such as active
        #[arg(long = "for", value_name = "GOAL")]
        goal: MachineGoal,
        /// How long at most, such as 90s, 30m or 1h30m
        #[arg(long, default_value = "30m", value_parser = parse_duration)]
        timeout: Duration,
    },
    /// What ends a machine's story
    #[command(flatten)]
    Ending(EndingCommand),
    /// Switch its power, through its BMC, and see it follow
    #[command(after_help = "Example: drover machine power off w-3 --reason 'a new fan'")]
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

/// What ends a machine's story. None of them erases a disk.
#[derive(Debug, Subcommand)]
pub enum EndingCommand {
    /// Leave a machine alone for good: a dead one, or one that is no longer wanted
    ///
    /// Closes the permission to install it, if one is open. It boots its own disk from then on, and
    /// Drover does not switch its power. `accept` takes it back, `forget` removes its record.
    #[command(after_help = "Example: drover machine retire w-3 --reason 'its board is broken'")]
    Retire(NamedArguments),
    /// Remove the record of a machine that is retired, was never accepted, or claims to be another
    ///
    /// Its name, cards and addresses are free then, and the password of its BMC is gone. Its
    /// timeline can still be read until another machine has the name.
    #[command(after_help = "Example: drover machine forget w-3 --reason 'it was sold'")]
    Forget(NamedArguments),
    /// Say that a machine which claims to be another is that one: a swapped card, a replaced board
    ///
    /// The claimant's cards become the other's, and its record goes. With --board its UUID and
    /// serial number count instead of the old ones.
    #[command(after_help = "Example: drover machine merge m-525400770009 --into w-3 --board")]
    Merge(MergeArguments),
    /// Say that a machine's board was replaced: its next boot's UUID and serial number are taken
    #[command(after_help = "Example: drover machine replace-board w-3 --reason 'RMA 4711'")]
    ReplaceBoard(NamedArguments),
    /// Say that a machine's UUID is that of several boards, so that it identifies none of them
    #[command(after_help = "Example: drover machine ignore-uuid w-3")]
    IgnoreUuid(NamedArguments),
    /// Say that a BMC is in the machine that it is recorded for, though it says another GUID
    #[command(after_help = "Example: drover machine accept-bmc w-3")]
    AcceptBmc(NamedArguments),
}

/// A machine, and why it is changed.
#[derive(Debug, Args)]
pub struct NamedArguments {
    /// Its name
    pub name: String,
    /// Why, and under which key
    #[command(flatten)]
    pub mutation: MutationArguments,
}

/// `drover machine merge`
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The machine that claims to be another
    pub claimant: String,
    /// The machine that it is
    #[arg(long, value_name = "NAME")]
    pub into: String,
    /// The board was replaced: take the claimant's UUID and serial number in place of the old ones
    #[arg(long)]
    pub board: bool,
    /// Why, and under which key
    #[command(flatten)]
    pub mutation: MutationArguments,
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
    /// Wait until a cluster is so; what it waits for goes to standard error
    ///
    /// Ends with 0 when it is so, with 1 when there is none, with 3 when the time is over.
    #[command(after_help = "Example: drover cluster wait lab --for ready --timeout 1h")]
    Wait {
        /// Its name
        name: String,
        /// ready
        #[arg(long = "for", value_name = "GOAL", value_enum)]
        goal: ClusterGoal,
        /// How long at most, such as 90s, 30m or 1h30m
        #[arg(long, default_value = "30m", value_parser = parse_duration)]
        timeout: Duration,
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

/// `drover database …`
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Which database it is, and whether it is trusted
    Status,
    /// Go on with a database that may be an older copy or another one, and end safe mode
    Confirm {
        /// Do not ask: what was found is printed, and confirmed
        #[arg(long)]
        yes: bool,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
}
