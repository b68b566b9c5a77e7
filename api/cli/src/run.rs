//! From a command to what carries it out.

use crate::command::ClientCommand;
use crate::command::arguments::ClientArguments;
use crate::command::cluster::ClusterCommand;
use crate::command::machine::MachineCommand;
use crate::error::CommandError;
use crate::{boot, cluster, database, health, machine};

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
            let warned = database::warn(arguments).await;
            // Who waits outlives a daemon that hangs for a while.
            if !matches!(command, MachineCommand::Wait { .. }) {
                warned?;
            }
            machine::run(command, arguments).await
        }
        ClientCommand::Cluster(command) => {
            let warned = database::warn(arguments).await;
            if !matches!(command, ClusterCommand::Wait { .. }) {
                warned?;
            }
            cluster::run(command, arguments).await
        }
        ClientCommand::Explain(asked) => {
            database::warn(arguments).await?;
            boot::explain(asked, arguments).await
        }
        ClientCommand::Boot(command) => {
            database::warn(arguments).await?;
            boot::run(command, arguments).await
        }
        ClientCommand::Database(command) => database::run(command, arguments).await,
        ClientCommand::Health => health::run(arguments).await,
    }
}
