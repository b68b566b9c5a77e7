//! `drover machine …`

use api_proto::v1::{
    AcceptMachineRequest, ApplyMachinesRequest, Event, GetMachineRequest, GetMachineResponse,
    ListMachinesRequest, Machine, PowerOperation, SetPowerRequest, WatchTimelineRequest,
};
use serde_json::{Value, json};

use crate::client::{machines, mutation};
use crate::command::{ClientArguments, MachineCommand, OutputFormat, PowerArgument};
use crate::error::CommandError;
use crate::input::read_document;
use crate::output::{or_dash, print_json, print_line, print_table, time};

/// Runs a command about machines.
pub async fn run(command: MachineCommand, arguments: &ClientArguments) -> Result<(), CommandError> {
    let mut client = machines(&arguments.socket).await?;
    match command {
        MachineCommand::List => {
            let response = client
                .list_machines(ListMachinesRequest {})
                .await?
                .into_inner();
            print_machines(&response.machines, arguments.output)
        }
        MachineCommand::Show { name } => {
            let response = client
                .get_machine(GetMachineRequest { name })
                .await?
                .into_inner();
            print_machine(&response, arguments.output)
        }
        MachineCommand::Timeline { name, follow } => {
            let request = WatchTimelineRequest { name, follow };
            let mut events = client.watch_timeline(request).await?.into_inner();
            while let Some(response) = events.message().await? {
                if let Some(event) = response.event {
                    print_event(&event, arguments.output)?;
                }
            }
            Ok(())
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
            print_machines(&response.machines, arguments.output)
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
        MachineCommand::Power {
            operation,
            name,
            mutation: why,
        } => {
            let request = SetPowerRequest {
                mutation: Some(mutation(why)?),
                name: name.clone(),
                operation: power_operation(operation).into(),
            };
            let power = client.set_power(request).await?.into_inner().power;
            match arguments.output {
                OutputFormat::Table => print_line(&format!("{name} is {power}")),
                OutputFormat::Json => print_json(&json!({ "name": name, "power": power })),
            }
        }
    }
}

const fn power_operation(operation: PowerArgument) -> PowerOperation {
    match operation {
        PowerArgument::On => PowerOperation::On,
        PowerArgument::Off => PowerOperation::Off,
        PowerArgument::Cycle => PowerOperation::Cycle,
    }
}

/// Prints machines, a row each.
pub(crate) fn print_machines(
    machines: &[Machine],
    output: OutputFormat,
) -> Result<(), CommandError> {
    if output == OutputFormat::Json {
        return print_json(&Value::Array(machines.iter().map(machine_json).collect()));
    }
    let rows = machines.iter().map(|machine| {
        let mut notes = machine.conditions.join(", ");
        let waiting = machine
            .failure
            .as_ref()
            .map_or(machine.waiting.as_str(), |it| it.why.as_str());
        if !notes.is_empty() && !waiting.is_empty() {
            notes.push_str("; ");
        }
        notes.push_str(waiting);
        vec![
            machine.name.clone(),
            machine.state.clone(),
            or_dash(&machine.cluster),
            or_dash(&machine.role),
            or_dash(&machine.power),
            or_dash(&machine.firmware),
            or_dash(&machine.address),
            notes,
        ]
    });
    let headings = [
        "name", "state", "cluster", "role", "power", "firmware", "address", "notes",
    ];
    print_table(&headings, rows.collect())
}

fn print_machine(response: &GetMachineResponse, output: OutputFormat) -> Result<(), CommandError> {
    if output == OutputFormat::Json {
        return print_json(&details_json(response));
    }
    print_machines(response.machine.as_slice(), output)?;
    if let Some(failure) = response.machine.as_ref().and_then(|it| it.failure.as_ref()) {
        print_line(&format!("\nfailed at {}: {}", failure.step, failure.why))?;
        print_line(&format!("what to do: {}", failure.advice))?;
    }
    print_line(&format!("\nbmc: {}\n", or_dash(&response.bmc)))?;
    let evidence = response.evidence.iter().map(|it| {
        vec![
            it.kind.clone(),
            it.value.clone(),
            time(it.first_seen),
            time(it.last_seen),
        ]
    });
    print_table(
        &["evidence", "value", "first seen", "last seen"],
        evidence.collect(),
    )?;
    print_line("")?;
    let boots = response.boots.iter().map(|it| {
        let address = or_dash(&it.address);
        vec![
            time(it.opened),
            it.origin.clone(),
            it.step.clone(),
            time(it.step_at),
            address,
        ]
    });
    print_table(
        &["boot", "from", "last step", "at", "address"],
        boots.collect(),
    )?;
    print_line("")?;
    let attempts = response.attempts.iter().map(|it| {
        let end = if it.end.is_empty() {
            "open".to_owned()
        } else {
            it.end.clone()
        };
        vec![
            it.number.to_string(),
            time(it.opened),
            time(it.released),
            end,
            it.disk.clone(),
        ]
    });
    print_table(
        &["attempt", "opened", "config released", "end", "disk"],
        attempts.collect(),
    )
}

fn print_event(event: &Event, output: OutputFormat) -> Result<(), CommandError> {
    match output {
        OutputFormat::Json => print_json(&json!({
            "sequence": event.sequence, "at": time(event.at), "actor": event.actor,
            "kind": event.kind, "detail": event.detail, "boot": event.boot,
        })),
        OutputFormat::Table => {
            let boot = event.boot.get(..8).unwrap_or("-");
            let (at, kind) = (time(event.at), &event.kind);
            print_line(&format!("{at}  {boot:8}  {kind:<14} {}", event.detail))
        }
    }
}

/// A machine for programs.
pub(crate) fn machine_json(machine: &Machine) -> Value {
    json!({
        "id": machine.id, "name": machine.name, "state": machine.state,
        "since": time(machine.since), "waiting": machine.waiting,
        "conditions": machine.conditions, "cluster": machine.cluster, "role": machine.role,
        "address": machine.address, "power": machine.power, "ready": machine.ready,
        "architecture": machine.architecture, "firmware": machine.firmware,
        "failure": machine.failure.as_ref().map(|it| json!({
            "step": it.step, "why": it.why, "advice": it.advice,
        })),
    })
}

fn details_json(response: &GetMachineResponse) -> Value {
    let evidence = response.evidence.iter().map(|it| {
        let (first, last) = (time(it.first_seen), time(it.last_seen));
        json!({ "kind": it.kind, "value": it.value, "first_seen": first, "last_seen": last })
    });
    let boots = response.boots.iter().map(|it| {
        let (opened, at) = (time(it.opened), time(it.step_at));
        json!({ "id": it.id, "origin": it.origin, "opened": opened, "step": it.step, "step_at": at, "address": it.address })
    });
    let attempts = response.attempts.iter().map(|it| {
        let (opened, released, closed) = (time(it.opened), time(it.released), time(it.closed));
        json!({
            "id": it.id, "number": it.number, "opened": opened, "released": released,
            "closed": closed, "end": it.end, "disk": it.disk,
        })
    });
    json!({
        "machine": response.machine.as_ref().map(machine_json),
        "bmc": response.bmc,
        "evidence": evidence.collect::<Vec<_>>(),
        "boots": boots.collect::<Vec<_>>(),
        "attempts": attempts.collect::<Vec<_>>(),
    })
}
