//! The commands that end a story of a machine, as they are typed.

use clap::{Args, Subcommand};

use crate::command::arguments::MutationArguments;
use crate::examples::examples;

/// What ends a machine's story. None of them erases a disk.
#[derive(Debug, Subcommand)]
pub enum EndingCommand {
    /// Leave a machine alone for good: a dead one, or one that is no longer wanted
    ///
    /// Closes the permission to install it, if one is open. It boots its own disk from then on, and
    /// Drover does not switch its power. `accept` takes it back, `forget` removes its record.
    #[command(after_help = examples(&[
        "drover machine retire w-3 --reason 'its board is broken'",
    ]))]
    Retire(NamedArguments),
    /// Remove the record of a machine that is retired, was never accepted, or claims to be another
    ///
    /// Its name, cards and addresses are free then, and the password of its BMC is gone. Its
    /// timeline can still be read until another machine has the name.
    #[command(after_help = examples(&[
        "drover machine forget w-3 --reason 'it was sold'",
    ]))]
    Forget(NamedArguments),
    /// Say that a machine which claims to be another is that one: a swapped card, a replaced board
    ///
    /// The claimant's cards become the other's, and its record goes. With --board its UUID and
    /// serial number count instead of the old ones.
    #[command(after_help = examples(&[
        "drover machine merge m-525400770009 --into w-3",
        "drover machine merge m-525400770009 --into w-3 --board",
    ]))]
    Merge(MergeArguments),
    /// Say that a machine's board was replaced: its next boot's UUID and serial number are taken
    #[command(after_help = examples(&[
        "drover machine replace-board w-3 --reason 'RMA 4711'",
    ]))]
    ReplaceBoard(NamedArguments),
    /// Say that a machine's UUID is that of several boards, so that it identifies none of them
    #[command(after_help = examples(&[
        "drover machine ignore-uuid w-3",
    ]))]
    IgnoreUuid(NamedArguments),
    /// Say that a BMC is in the machine that it is recorded for, though it says another GUID
    #[command(after_help = examples(&[
        "drover machine accept-bmc w-3",
    ]))]
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
