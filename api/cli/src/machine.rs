//! `drover machine …`

use api_proto::v1::{
    AcceptMachineRequest, ApplyMachinesRequest, CancelMachineRequest, GetMachineRequest,
    ListMachinesRequest, PowerOperation, ReleaseHoldRequest, RetryMachineRequest, SetPowerRequest,
    WatchTimelineRequest,
};
use serde_json::json;

use crate::client::{machines, machines_with_bmcs, mutation};
use crate::command::{
    ClientArguments, MachineCommand, MutationArguments, OutputFormat, PowerArgument,
};
use crate::details::print_details;
use crate::endings;
use crate::error::CommandError;
use crate::event::print_event;
use crate::input::read_document;
use crate::listing::print_machines;
use crate::output::{print_line, print_notes, print_structured};
use crate::wait::wait_for_machine;

/// Runs a command about machines.
pub async fn run(command: MachineCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let mut client = machines(&arguments.socket).await?;
    match command {
        MachineCommand::List { selector } => {
            let response = client
                .list_machines(ListMachinesRequest {})
                .await?
                .into_inner();
            let mut machines = response.machines;
            machines.retain(|it| selector.as_ref().is_none_or(|selector| selector.takes(it)));
            print_machines(&machines, arguments.output)
        }
        MachineCommand::Wait {
            name,
            goal,
            timeout,
        } => wait_for_machine(&arguments.socket, &name, &goal, timeout).await,
        MachineCommand::Ending(command) => endings::run(command, arguments).await,
        MachineCommand::Show { name } => {
            let response = client
                .get_machine(GetMachineRequest { name })
                .await?
                .into_inner();
            print_details(&response, arguments.output)
        }
        MachineCommand::Timeline { name, follow } => {
            timeline(WatchTimelineRequest { name, follow }, arguments).await
        }
        MachineCommand::Apply {
            file,
            mutation: why,
        } => {
            let (file, document) = read_document(&file).await?;
            let mutation = Some(mutation(why)?);
            let request = ApplyMachinesRequest {
                mutation,
                document,
                file,
            };
            let response = client.apply_machines(request).await?.into_inner();
            print_machines(&response.machines, arguments.output)?;
            print_notes(&response.notes)
        }
        MachineCommand::Accept {
            name,
            mutation: why,
        } => {
            let request = AcceptMachineRequest {
                mutation: Some(mutation(why)?),
                name,
            };
            let response = client.accept_machine(request).await?.into_inner();
            print_machines(response.machine.as_slice(), arguments.output)
        }
        MachineCommand::Retry {
            name,
            wipe,
            confirm,
            mutation: why,
        } => {
            let request = RetryMachineRequest {
                mutation: Some(mutation(why)?),
                name,
                wipe,
                confirm,
            };
            let response = client.retry_machine(request).await?.into_inner();
            print_machines(response.machine.as_slice(), arguments.output)
        }
        MachineCommand::Cancel {
            name,
            mutation: why,
        } => cancel(name, why, arguments).await,
        MachineCommand::ReleaseHold {
            name,
            card,
            boot,
            mutation: why,
        } => {
            let request = ReleaseHoldRequest {
                mutation: Some(mutation(why)?),
                name,
                card: card.unwrap_or_default(),
                boot: boot.unwrap_or_default(),
            };
            let response = client.release_hold(request).await?.into_inner();
            print_machines(response.machine.as_slice(), arguments.output)
        }
        MachineCommand::Power {
            operation,
            name,
            mutation,
        } => power(operation, name, mutation, arguments).await,
    }
}

async fn cancel(
    name: String,
    why: MutationArguments,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    let mutation = Some(mutation(why)?);
    let request = CancelMachineRequest { mutation, name };
    let mut client = machines(&arguments.socket).await?;
    let response = client.cancel_machine(request).await?.into_inner();
    print_machines(response.machine.as_slice(), arguments.output)?;
    print_notes(&response.notes)
}

async fn timeline(
    request: WatchTimelineRequest,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    let mut client = machines(&arguments.socket).await?;
    let mut events = client.watch_timeline(request).await?.into_inner();
    while let Some(response) = events.message().await? {
        if let Some(event) = response.event {
            print_event(&event, arguments.output)?;
        }
    }
    Ok(())
}

async fn power(
    operation: PowerArgument,
    name: String,
    why: MutationArguments,
    arguments: &ClientArguments,
) -> Result<(), CommandError> {
    let request = SetPowerRequest {
        mutation: Some(mutation(why)?),
        name: name.clone(),
        operation: power_operation(operation).into(),
    };
    let mut client = machines_with_bmcs(&arguments.socket).await?;
    let response = client.set_power(request).await?.into_inner();
    let power = &response.power;
    match arguments.output {
        OutputFormat::Table | OutputFormat::Wide => print_line(&format!("{name} is {power}"))?,
        OutputFormat::Json | OutputFormat::Yaml => {
            let value = json!({ "name": name, "power": power });
            print_structured(&value, arguments.output)?;
        }
        OutputFormat::Name => print_line(&name)?,
    }
    print_notes(&response.notes)
}

const fn power_operation(operation: PowerArgument) -> PowerOperation {
    match operation {
        PowerArgument::On => PowerOperation::On,
        PowerArgument::Off => PowerOperation::Off,
        PowerArgument::Cycle => PowerOperation::Cycle,
    }
}
