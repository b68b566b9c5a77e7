//! `drover machine …`, as it is typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::command::arguments::MutationArguments;
use crate::command::ending::EndingCommand;
use crate::duration::parse_duration;
use crate::examples::examples;
use crate::goal::MachineGoal;
use crate::selector::Selector;

/// `drover machine …`
#[derive(Debug, Subcommand)]
pub enum MachineCommand {
    /// Every machine
    #[command(after_help = examples(&[
        "drover machine list",
        "drover machine list --selector 'state=active,name=cp-*' -o wide",
    ]))]
    List {
        /// Only those whose fields are so: FIELD=VALUE or FIELD!=VALUE, several joined by commas,
        /// with * and ? in values. Fields: name, state, cluster, role, power, address,
        /// architecture, firmware, ready, condition
        #[arg(long, short = 'l')]
        selector: Option<Selector>,
    },
    /// One machine: who it is, what it waits for, its boots, permissions and attempts
    #[command(after_help = examples(&[
        "drover machine show cp-1",
        "drover machine show cp-1 -o json",
        "drover machine show 52:54:00:77:00:01",
    ]))]
    Show {
        /// Its name, or the address of one of its cards, or its UUID
        name: String,
    },
    /// What happened to a machine
    #[command(after_help = examples(&[
        "drover machine timeline cp-1",
        "drover machine timeline cp-1 --follow",
    ]))]
    Timeline {
        /// Its name
        name: String,
        /// Go on with what happens from now on
        #[arg(long, short)]
        follow: bool,
        /// Only what happened after the event of this number (`sequence` in JSON)
        #[arg(
            long,
            value_name = "SEQUENCE",
            value_parser = sequence,
            default_value_t = 0,
            hide_default_value = true
        )]
        after: i64,
    },
    /// Register machines, or change what is recorded of them
    #[command(after_help = examples(&[
        "drover machine apply --file machines.yaml --reason 'rack 7 is wired'",
        "drover machine apply --file -",
    ]))]
    Apply {
        /// A YAML file; - for standard input
        #[arg(long, short)]
        file: PathBuf,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Accept a machine: it may be inspected, and allocated by the clusters' rules
    #[command(after_help = examples(&[
        "drover machine accept cp-1",
        "drover machine accept m-525400770001 --reason 'the new one in rack 7'",
    ]))]
    Accept {
        /// Its name
        name: String,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Try again what it failed at; its cluster's rule permits a failed install anew
    #[command(after_help = examples(&[
        "drover machine retry w-3 --reason 'its disk was replaced'",
        "drover machine retry w-3 --wipe --confirm w-3",
    ]))]
    Retry(RetryArguments),
    /// End its inspection, or take the permission to install it back; it waits then to be accepted
    /// again
    #[command(after_help = examples(&[
        "drover machine cancel w-3 --reason 'its disk holds data'",
    ]))]
    Cancel {
        /// Its name
        name: String,
        /// Why, and under which key
        #[command(flatten)]
        mutation: MutationArguments,
    },
    /// Accept the boot that speaks for it: switched on by hand, one of two, or with a new card or
    /// board. Erases nothing
    #[command(after_help = examples(&[
        "drover machine release-hold w-3",
        "drover machine release-hold w-3 --boot 5f3a91c2",
        "drover machine release-hold w-3 --card 52:54:00:77:00:09 --reason 'a new card'",
    ]))]
    ReleaseHold(ReleaseHoldArguments),
    /// Wait until a machine is so; what it waits for goes to standard error
    ///
    /// Ends with 0 when it is so, with 1 when it failed, with 4 when it is not there, with 7 when the
    /// time is over.
    #[command(after_help = examples(&[
        "drover machine wait cp-1 --for active --timeout 30m",
        "drover machine wait cp-1 --for off --timeout 2m",
    ]))]
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
    ///
    /// The system that runs is asked to shut down first (ACPI). If it is not off after a minute, its
    /// power is cut.
    #[command(after_help = examples(&[
        "drover machine power off w-3 --confirm w-3 --reason 'a new fan'",
        "drover machine power cycle w-3 --force",
    ]))]
    Power(PowerArguments),
}

/// What to try again.
#[derive(Debug, Args)]
pub struct RetryArguments {
    /// Its name
    pub name: String,
    /// Wipe the older install on the disk of the failed one first. Talos wipes every disk that
    /// holds partitions of its own
    #[arg(long)]
    pub wipe: bool,
    /// With --wipe: the name once more
    #[arg(
        long,
        value_name = "NAME",
        requires = "wipe",
        default_value = "",
        hide_default_value = true
    )]
    pub confirm: String,
    /// Why, and under which key
    #[command(flatten)]
    pub mutation: MutationArguments,
}

/// Which boot to accept.
#[derive(Debug, Args)]
pub struct ReleaseHoldArguments {
    /// Its name
    pub name: String,
    /// Which claimant, by its card
    #[arg(long)]
    pub card: Option<String>,
    /// Which claimant, by the first digits of its boot's id
    #[arg(long)]
    pub boot: Option<String>,
    /// Why, and under which key
    #[command(flatten)]
    pub mutation: MutationArguments,
}

/// What to do with the power of which machine.
#[derive(Debug, Args)]
pub struct PowerArguments {
    /// on, off or cycle
    pub operation: PowerArgument,
    /// Its name
    pub name: String,
    /// Cut its power at once: for a system that hangs
    #[arg(long)]
    pub force: bool,
    /// To switch an active machine off: the name once more
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub confirm: String,
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

/// The number of an event.
fn sequence(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|it| *it >= 0);
    number.ok_or_else(|| {
        format!(
            "wanted the number of an event (`sequence` in the JSON of a timeline), got {text:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_goes_on_after_the_number_of_an_event() {
        assert_eq!(sequence("12"), Ok(12));
        for text in ["x", "-1", "", "2026-11-23T22:20:05Z"] {
            let said = sequence(text).unwrap_err();
            assert!(said.starts_with("wanted the number of an event"), "{said}");
            assert!(said.contains("sequence"), "{said}");
        }
    }
}
