//! `drover machine …`

use std::path::Path;

use api_proto::v1::{
    AcceptMachineRequest, ApplyMachinesRequest, CancelMachineRequest, GetMachineRequest,
    ListMachinesRequest, PowerOperation, ReleaseHoldRequest, RetryMachineRequest, SetPowerRequest,
    WatchTimelineRequest,
};
use api_proto::word::Word as _;

use crate::client::{Machines as Client, machines, machines_with_bmcs, mutation};
use crate::command::arguments::{ClientArguments, MutationArguments};
use crate::command::machine::{
    MachineCommand, PowerArgument, PowerArguments, ReleaseHoldArguments, RetryArguments,
};
use crate::command::output_format::OutputFormat;
use crate::details::print_details;
use crate::endings;
use crate::error::CommandError;
use crate::event::print_event;
use crate::input::read_document;
use crate::listing::{print_machine, print_machines, words_for_no_machine};
use crate::output::{print_line, print_notes, print_remark};
use crate::selector::Selector;
use crate::wait::wait_for_machine;

/// How many machines are asked for at once: a megabyte of them.
const PAGE: u32 = 2000;

/// Runs a command about machines.
pub async fn run(command: MachineCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let client = machines(&arguments.socket).await?;
    let output = arguments.output;
    match command {
        MachineCommand::List { selector } => list(client, selector.as_ref(), output).await,
        MachineCommand::Show { name } => show(client, name, output).await,
        MachineCommand::Timeline {
            name,
            follow,
            after,
        } => {
            let request = WatchTimelineRequest {
                name,
                follow,
                after,
            };
            timeline(client, request, output).await
        }
        MachineCommand::Wait {
            name,
            goal,
            timeout,
        } => wait_for_machine(&arguments.socket, &name, goal, timeout).await,
        MachineCommand::Apply { file, mutation } => apply(client, &file, mutation, output).await,
        MachineCommand::Accept { name, mutation } => accept(client, name, mutation, output).await,
        MachineCommand::Retry(asked) => retry(client, asked, output).await,
        MachineCommand::Cancel { name, mutation } => cancel(client, name, mutation, output).await,
        MachineCommand::ReleaseHold(asked) => release_hold(client, asked, output).await,
        MachineCommand::Ending(command) => endings::run(command, arguments).await,
        MachineCommand::Power(asked) => power(asked, arguments).await,
    }
}

async fn list(
    mut client: Client,
    selector: Option<&Selector>,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let mut machines = Vec::new();
    let mut next = Some(String::new());
    while let Some(page_token) = next {
        let request = ListMachinesRequest {
            page_size: PAGE,
            page_token,
        };
        let page = client.list_machines(request).await?.into_inner();
        machines.extend(page.machines);
        next = page.next_page_token;
    }
    let of = machines.len();
    machines.retain(|it| selector.is_none_or(|selector| selector.takes(it)));
    if machines.is_empty() && output.is_for_people() {
        return print_remark(&words_for_no_machine(of));
    }
    print_machines(&machines, output)
}

async fn show(mut client: Client, name: String, output: OutputFormat) -> Result<(), CommandError> {
    let found = client.get_machine(GetMachineRequest { name }).await?;
    print_details(&found.into_inner().machine.unwrap_or_default(), output)
}

async fn apply(
    mut client: Client,
    file: &Path,
    why: MutationArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let (file, document) = read_document(file).await?;
    let mutation = Some(mutation(why)?);
    let request = ApplyMachinesRequest {
        mutation,
        document,
        file,
    };
    let applied = client.apply_machines(request).await?.into_inner();
    print_machines(&applied.machines, output)?;
    print_notes(&applied.notes)
}

async fn accept(
    mut client: Client,
    name: String,
    why: MutationArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let mutation = Some(mutation(why)?);
    let request = AcceptMachineRequest { mutation, name };
    let accepted = client.accept_machine(request).await?.into_inner();
    print_machine(accepted.machine.as_ref(), output)
}

async fn retry(
    mut client: Client,
    asked: RetryArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let request = RetryMachineRequest {
        mutation: Some(mutation(asked.mutation)?),
        name: asked.name,
        wipe: asked.wipe,
        confirm: asked.confirm,
    };
    let tried = client.retry_machine(request).await?.into_inner();
    print_machine(tried.machine.as_ref(), output)
}

async fn cancel(
    mut client: Client,
    name: String,
    why: MutationArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let mutation = Some(mutation(why)?);
    let request = CancelMachineRequest { mutation, name };
    let cancelled = client.cancel_machine(request).await?.into_inner();
    print_machine(cancelled.machine.as_ref(), output)?;
    print_notes(&cancelled.notes)
}

/// What a person has to know of a boot that was accepted: it asks by itself only as long as it is in
/// iPXE.
const AFTER_RELEASE: &str = "a boot that still waits in iPXE goes on by itself within seconds; if it \
     left iPXE (it started its disk, or was switched off), let it boot from the network again";

async fn release_hold(
    mut client: Client,
    asked: ReleaseHoldArguments,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let request = ReleaseHoldRequest {
        mutation: Some(mutation(asked.mutation)?),
        name: asked.name,
        card: asked.card.unwrap_or_default(),
        boot: asked.boot.unwrap_or_default(),
    };
    let released = client.release_hold(request).await?.into_inner();
    print_machine(released.machine.as_ref(), output)?;
    print_notes(&[AFTER_RELEASE.to_owned()])
}

async fn timeline(
    mut client: Client,
    request: WatchTimelineRequest,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let mut events = client.watch_timeline(request).await?.into_inner();
    while let Some(response) = events.message().await? {
        if let Some(event) = response.event {
            print_event(&event, output)?;
        }
    }
    Ok(())
}

async fn power(asked: PowerArguments, arguments: &ClientArguments) -> Result<(), CommandError> {
    let name = asked.name.clone();
    let request = SetPowerRequest {
        mutation: Some(mutation(asked.mutation)?),
        name: asked.name,
        operation: power_operation(asked.operation).into(),
        force: asked.force,
        confirm: asked.confirm,
    };
    let mut client = machines_with_bmcs(&arguments.socket).await?;
    let response = client.set_power(request).await?.into_inner();
    let machine = response.machine.unwrap_or_default();
    if arguments.output.is_for_people() {
        print_line(&format!("{name} is {}", machine.power().word()))?;
    } else {
        print_machine(Some(&machine), arguments.output)?;
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
