//! `drover database …`, as it is typed.

use clap::Subcommand;

use crate::command::arguments::MutationArguments;

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
