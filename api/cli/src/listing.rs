//! Machines as they are listed: a row each for people, an object each for programs.

use api_proto::v1::Machine;
use serde_json::{Value, json};

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::output::{or_dash, print_names, print_structured, print_table, time};

/// Prints machines, a row each.
pub(crate) fn print_machines(
    machines: &[Machine],
    output: OutputFormat,
) -> Result<(), CommandError> {
    if output.is_structured() {
        let machines = Value::Array(machines.iter().map(machine_json).collect());
        return print_structured(&machines, output);
    }
    if output == OutputFormat::Name {
        return print_names(machines.iter().map(|it| &it.name));
    }
    let is_wide = output == OutputFormat::Wide;
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
        let mut row = vec![
            machine.name.clone(),
            machine.state.clone(),
            or_dash(&machine.cluster),
            or_dash(&machine.role),
            or_dash(&machine.power),
            or_dash(&machine.firmware),
            or_dash(&machine.address),
        ];
        if is_wide {
            let ready = if machine.ready { "yes" } else { "no" };
            row.extend([
                or_dash(&machine.architecture),
                ready.to_owned(),
                or_dash(&time(machine.since)),
                machine.id.clone(),
            ]);
        }
        row.push(notes);
        row
    });
    let mut headings = vec![
        "name", "state", "cluster", "role", "power", "firmware", "address",
    ];
    if is_wide {
        headings.extend(["architecture", "ready", "since", "id"]);
    }
    headings.push("notes");
    print_table(&headings, rows.collect())
}

/// What is said to a person whose list is empty; `of` is how many there are that the selector does
/// not take.
pub(crate) fn words_for_no_machine(of: usize) -> String {
    if of == 0 {
        return "there are no machines yet: one appears when it boots from a network that Drover \
                serves, or is registered by drover machine apply --file FILE"
            .to_owned();
    }
    format!("the selector takes none of the {of} machines: drover machine list shows them all")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_says_how_it_is_filled_or_that_the_selector_empties_it() {
        let none = words_for_no_machine(0);
        assert!(none.contains("drover machine apply"), "{none}");
        let hidden = words_for_no_machine(3);
        assert!(hidden.contains("selector"), "{hidden}");
        assert!(hidden.contains("none of the 3"), "{hidden}");
    }
}
