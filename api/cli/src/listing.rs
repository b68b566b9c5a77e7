//! Machines as they are printed: a row each for people, the view itself for programs. What several
//! come of is a list for programs, what one comes of is one object.

use api_proto::v1::Machine;
use api_proto::word::Word as _;

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::output::{or_dash, print_line, print_names, print_structured, print_table, time};

/// Prints machines.
pub(crate) fn print_machines(
    machines: &[Machine],
    output: OutputFormat,
) -> Result<(), CommandError> {
    if output.is_structured() {
        return print_structured(machines, output);
    }
    if output == OutputFormat::Name {
        return print_names(machines.iter().map(|it| &it.name));
    }
    print_rows(machines, output)
}

/// Prints a machine, if there is one.
pub(crate) fn print_machine(
    machine: Option<&Machine>,
    output: OutputFormat,
) -> Result<(), CommandError> {
    match machine {
        Some(machine) if output.is_structured() => print_structured(machine, output),
        Some(machine) if output == OutputFormat::Name => print_line(&machine.name),
        Some(machine) => print_rows(std::slice::from_ref(machine), output),
        None if output.is_structured() => print_structured(&None::<Machine>, output),
        None => Ok(()),
    }
}

fn print_rows(machines: &[Machine], output: OutputFormat) -> Result<(), CommandError> {
    let shown = Columns {
        is_wide: output == OutputFormat::Wide,
        has_results: machines.iter().any(|it| it.result.is_some()),
    };
    let rows = machines.iter().map(|it| shown.row(it));
    print_table(&shown.headings(), rows.collect())
}

/// Which columns there are.
struct Columns {
    is_wide: bool,
    /// What a document made of them.
    has_results: bool,
}

impl Columns {
    fn headings(&self) -> Vec<&'static str> {
        let mut headings = vec!["name"];
        if self.has_results {
            headings.push("result");
        }
        headings.extend(["state", "cluster", "role", "power", "firmware", "address"]);
        if self.is_wide {
            headings.extend(["architecture", "ready", "since", "id"]);
        }
        headings.push("notes");
        headings
    }

    fn row(&self, machine: &Machine) -> Vec<String> {
        let mut row = vec![machine.name.clone()];
        if self.has_results {
            row.push(or_dash(machine.result().word()));
        }
        row.extend([
            machine.state().word().to_owned(),
            or_dash(machine.cluster()),
            or_dash(machine.role().word()),
            or_dash(machine.power().word()),
            or_dash(machine.firmware().word()),
            or_dash(machine.address()),
        ]);
        if self.is_wide {
            let ready = if machine.ready { "yes" } else { "no" };
            row.extend([
                or_dash(machine.architecture().word()),
                ready.to_owned(),
                or_dash(&time(machine.since.as_ref())),
                machine.id.clone(),
            ]);
        }
        row.push(notes(machine));
        row
    }
}

fn notes(machine: &Machine) -> String {
    let conditions: Vec<&str> = machine.conditions.iter().map(|it| &*it.text).collect();
    let failure = machine.failure.as_ref();
    let waiting = failure.map_or_else(|| machine.waiting(), |it| it.why.as_str());
    // A condition may have said it already: an awaited machine waits for what its cluster waits for.
    let is_said = conditions.iter().any(|it| it.contains(waiting));
    let notes = [conditions.join(", "), waiting.to_owned()];
    let notes = notes.into_iter().take(if is_said { 1 } else { 2 });
    let notes: Vec<String> = notes.filter(|it| !it.is_empty()).collect();
    notes.join("; ")
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

#[cfg(test)]
mod tests {
    use api_proto::v1::{ChangeResult, Condition, MachineState};

    use super::*;

    #[test]
    fn an_empty_list_says_how_it_is_filled_or_that_the_selector_empties_it() {
        let none = words_for_no_machine(0);
        assert!(none.contains("drover machine apply"), "{none}");
        let hidden = words_for_no_machine(3);
        assert!(hidden.contains("selector"), "{hidden}");
        assert!(hidden.contains("none of the 3"), "{hidden}");
    }

    #[test]
    fn a_row_says_what_became_of_an_entry_and_what_is_to_be_said_of_its_machine() {
        let machine = Machine {
            name: "cp-1".to_owned(),
            state: MachineState::Active.into(),
            waiting: Some("its power".to_owned()),
            conditions: vec![Condition {
                text: "NotReady".to_owned(),
                ..Condition::default()
            }],
            result: Some(ChangeResult::Created.into()),
            ..Machine::default()
        };
        let columns = Columns {
            is_wide: false,
            has_results: true,
        };
        let row = columns.row(&machine);
        assert_eq!(row[..3], ["cp-1", "created", "active"]);
        assert_eq!(row.last().unwrap(), "NotReady; its power");
        assert_eq!(row.len(), columns.headings().len());
        let awaited = Machine {
            waiting: Some("its BMC does not answer".to_owned()),
            conditions: vec![Condition {
                text: "Awaited as worker: its BMC does not answer".to_owned(),
                ..Condition::default()
            }],
            ..machine
        };
        let once = "Awaited as worker: its BMC does not answer";
        assert_eq!(notes(&awaited), once);
    }
}
