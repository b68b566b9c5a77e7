//! From a command to what carries it out.

use crate::command::ClientCommand;
use crate::command::arguments::ClientArguments;
use crate::error::CommandError;
use crate::{cluster, database, machine};

/// Runs a command. Whoever reads only the first lines has what he wants: that is no failure.
pub async fn run(command: ClientCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let done = carry_out(command, arguments).await;
    match done {
        Err(error) if error.is_closed_pipe() => Ok(()),
        done => done,
    }
}

async fn carry_out(
    command: ClientCommand,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    match command {
        ClientCommand::Machine(command) => {
            database::warn(arguments).await?;
            machine::run(command, arguments).await
        }
        ClientCommand::Cluster(command) => {
            database::warn(arguments).await?;
            cluster::run(command, arguments).await
        }
        ClientCommand::Database(command) => database::run(command, arguments).await,
    }
}
