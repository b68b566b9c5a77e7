//! The configurations that Drover gives to GRUB: the same answers as iPXE's scripts.
//!
//! The first one is a loop that asks for the machine's own again and again. An answer that comes to
//! its end goes back to that loop; were each to ask for the next, GRUB would keep all of them open.

use crate::command_line::CommandLine;
use crate::grub_config::{GrubCommand, GrubConfig, GrubPath};
use crate::text::Text;

/// The first configuration of every boot: it has GRUB say what its machine is, and tells nothing.
/// Without an answer for about half a minute it leaves GRUB.
pub fn identify() -> GrubConfig {
    let leaves = Text::new("No configuration from Drover, leaving the network");
    GrubConfig {
        commands: vec![
            GrubCommand::ReadBoard,
            GrubCommand::AskForEver {
                tries: TRIES,
                pause: PAUSE,
            },
            GrubCommand::Echo(leaves),
            GrubCommand::Exit,
        ],
    }
}

/// Boots a kernel; if that does not work out, the server is asked again.
pub fn boot(kernel: GrubPath, arguments: CommandLine, initrds: Vec<GrubPath>) -> GrubConfig {
    let failed = Text::new("Drover: the system did not start, asking again");
    GrubConfig {
        commands: vec![
            GrubCommand::Boot {
                kernel,
                arguments,
                initrds,
            },
            GrubCommand::Echo(failed),
            GrubCommand::Sleep(RETRY),
        ],
    }
}

/// Shows why the machine waits, and asks again after so many seconds.
pub fn wait(because: Text, seconds: u16) -> GrubConfig {
    GrubConfig {
        commands: vec![GrubCommand::Echo(because), GrubCommand::Sleep(seconds)],
    }
}

/// Shows why the machine leaves the network, and starts its disk; if that has no loader that may be
/// started, the firmware goes on as it does after its boot loader ended.
pub fn leave(because: Text) -> GrubConfig {
    GrubConfig {
        commands: vec![
            GrubCommand::Echo(because),
            GrubCommand::StartLocalDisk,
            GrubCommand::Exit,
        ],
    }
}

/// How many questions in a row may fail: the server may be starting.
const TRIES: u8 = 6;
/// Seconds between two that fail.
const PAUSE: u16 = 5;
/// Seconds before a boot that failed is tried again.
const RETRY: u16 = 10;
