//! From a command to what carries it out.

use crate::command::{ClientArguments, ClientCommand};
use crate::error::CommandError;
use crate::{cluster, database, machine};

/// Runs a command.
pub async fn run(command: ClientCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
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
