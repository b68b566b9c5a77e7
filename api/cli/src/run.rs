//! From a command to what carries it out.

use crate::command::{ClientArguments, ClientCommand};
use crate::error::CommandError;
use crate::{cluster, machine};

/// Runs a command. Whoever reads only the first lines has what he wants: that is no failure.
pub async fn run(command: ClientCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let done = match command {
        ClientCommand::Machine(command) => machine::run(command, arguments).await,
        ClientCommand::Cluster(command) => cluster::run(command, arguments).await,
    };
    match done {
        Err(error) if error.is_closed_pipe() => Ok(()),
        done => done,
    }
}
