//! What several commands take: where the daemon is, and why something is changed.

use std::path::PathBuf;

use clap::Args;

use crate::command::output_format::OutputFormat;

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

/// Why something is changed.
#[derive(Debug, Clone, Args)]
pub struct MutationArguments {
    /// Why, for the record; else what the environment says as `DROVER_REASON`, else it is asked for
    /// at a terminal
    #[arg(long)]
    pub reason: Option<String>,
    /// A key under which a repeated request is recognised; drawn at random if not given
    #[arg(long)]
    pub idempotency_key: Option<String>,
}
