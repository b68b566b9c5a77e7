//! `drover cluster …`, as it is typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use crate::command::arguments::MutationArguments;
use crate::command::cluster_access::ClusterAccessCommand;
use crate::duration::parse_duration;
use crate::examples::examples;
use crate::goal::ClusterGoal;

/// `drover cluster …`
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Every cluster
    #[command(after_help = examples(&[
        "drover cluster list",
        "drover cluster list -o name",
    ]))]
    List,
    /// One cluster and its members
    #[command(after_help = examples(&[
        "drover cluster show lab",
        "drover cluster show lab -o yaml",
    ]))]
    Show {
        /// Its name
        name: String,
    },
    /// Wait until a cluster is so; what it waits for goes to standard error
    ///
    /// Ends with 0 when it is so, with 4 when there is none, with 7 when the time is over.
    #[command(after_help = examples(&[
        "drover cluster wait lab --for ready --timeout 1h",
    ]))]
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
    #[command(after_help = examples(&[
        "drover cluster apply --file lab.yaml --reason 'a third control plane'",
        "drover cluster apply --file -",
    ]))]
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
