//! `drover database …`, as it is typed.

use clap::Subcommand;

use crate::command::arguments::MutationArguments;
use crate::examples::examples;

/// `drover database …`
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Which database it is, and whether it is trusted
    #[command(after_help = examples(&[
        "drover database status",
    ]))]
    Status,
    /// Go on with a database that may be an older copy or another one, and end safe mode
    #[command(after_help = examples(&[
        "drover database confirm --reason 'restored from the backup of last night'",
        "drover database confirm --yes",
    ]))]
    Confirm {
        /// Do not ask: what was found is printed, and confirmed
        #[arg(long)]
        yes: bool,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
}
