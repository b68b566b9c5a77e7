//! The commands that end a story of a machine: `retire`, `forget`, `merge` and what a person says of
//! a board.

use api_proto::v1;
use api_proto::v1::machine_service_client::MachineServiceClient;

use crate::client::{machines_with_bmcs, mutation};
use crate::command::arguments::ClientArguments;
use crate::command::ending::EndingCommand;
use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::listing::print_machine;
use crate::output::{print_line, print_notes, print_structured};
use crate::patient::PatientChannel;

/// Runs one of them.
pub(crate) async fn run(
    command: EndingCommand,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    let mut client = machines_with_bmcs(&arguments.socket).await?;
    let (machine, notes) = match command {
        EndingCommand::Forget(named) => {
            return forget(&mut client, named, arguments.output).await;
        }
        EndingCommand::Retire(named) => {
            let (mutation, name) = (Some(mutation(named.mutation)?), named.name);
            let request = v1::RetireMachineRequest { mutation, name };
            let response = client.retire_machine(request).await?.into_inner();
            (response.machine, response.notes)
        }
        EndingCommand::Merge(merge) => {
            let request = v1::MergeMachineRequest {
                mutation: Some(mutation(merge.mutation)?),
                claimant: merge.claimant,
                into: merge.into,
                board: merge.board,
            };
            let response = client.merge_machine(request).await?.into_inner();
            (response.machine, response.notes)
        }
        EndingCommand::ReplaceBoard(named) => {
            let (mutation, name) = (Some(mutation(named.mutation)?), named.name);
            let request = v1::ReplaceBoardRequest { mutation, name };
            let response = client.replace_board(request).await?.into_inner();
            (response.machine, response.notes)
        }
        EndingCommand::IgnoreUuid(named) => {
            let (mutation, name) = (Some(mutation(named.mutation)?), named.name);
            let request = v1::IgnoreUuidRequest { mutation, name };
            let response = client.ignore_uuid(request).await?.into_inner();
            (response.machine, response.notes)
        }
        EndingCommand::AcceptBmc(named) => {
            let (mutation, name) = (Some(mutation(named.mutation)?), named.name);
            let request = v1::AcceptBmcRequest { mutation, name };
            let response = client.accept_bmc(request).await?.into_inner();
            (response.machine, response.notes)
        }
    };
    print_machine(machine.as_ref(), arguments.output)?;
    print_notes(&notes)
}

async fn forget(
    client: &mut MachineServiceClient<PatientChannel>,
    named: crate::command::ending::NamedArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let (mutation, name) = (Some(mutation(named.mutation)?), named.name);
    let request = v1::ForgetMachineRequest {
        mutation,
        name: name.clone(),
    };
    let response = client.forget_machine(request).await?.into_inner();
    match output {
        OutputFormat::Json | OutputFormat::Yaml => {
            print_structured(&response, output)?;
        }
        OutputFormat::Name => print_line(&name)?,
        OutputFormat::Table | OutputFormat::Wide => {
            print_line(&format!("{name} is forgotten"))?;
        }
    }
    print_notes(&response.notes)
}
