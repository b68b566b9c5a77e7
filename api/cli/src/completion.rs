//! `drover completion …`: what a shell needs to complete the commands.

use clap::Command;
use clap_complete::Shell;

use crate::error::CommandError;
use crate::output::print_raw;

/// Prints the completion of `command` for a shell.
pub fn print_completion(shell: Shell, mut command: Command) -> Result<(), CommandError> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print_raw(&script)
}
