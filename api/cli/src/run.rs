//! From a command to what carries it out.

use crate::command::{ClientArguments, ClientCommand};
use crate::error::CommandError;
use crate::{cluster, machine};

/// Runs a command.
pub async fn run(command: ClientCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    match command {
        ClientCommand::Machine(command) => machine::run(command, arguments).await,
        ClientCommand::Cluster(command) => cluster::run(command, arguments).await,
    }
}
