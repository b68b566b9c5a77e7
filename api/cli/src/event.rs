//! Printing what happened: a line for people, an object for programs.

use api_proto::v1::Event;
use serde_json::{Value, json};

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::output::{print_line, print_structured, time};

/// An event as programs read it.
pub(crate) fn event_json(event: &Event) -> Value {
    json!({
        "sequence": event.sequence, "at": time(event.at), "actor": event.actor,
        "kind": event.kind, "detail": event.detail, "boot": event.boot,
    })
}

/// Prints one event.
pub(crate) fn print_event(event: &Event, output: OutputFormat) -> Result<(), CommandError> {
    match output {
        OutputFormat::Json | OutputFormat::Yaml => {
            if output == OutputFormat::Yaml {
                print_line("---")?;
            }
            print_structured(&event_json(event), output)
        }
        OutputFormat::Table | OutputFormat::Wide | OutputFormat::Name => {
            let boot = event.boot.get(..8).unwrap_or("-");
            let (at, kind, detail) = (time(event.at), &event.kind, &event.detail);
            let by = by(&event.actor);
            print_line(&format!("{at}  {boot:8}  {kind:<14} {detail}{by}"))
        }
    }
}

/// Who did it, unless it was Drover itself.
fn by(actor: &str) -> String {
    match actor {
        "" | "drover" => String::new(),
        actor => format!(", by {}", actor.strip_prefix("person:").unwrap_or(actor)),
    }
}
