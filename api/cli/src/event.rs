//! Printing what happened: a line for people, an object for programs.

use api_proto::v1::Event;

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::output::{print_line, print_structured, time};

/// Prints one event.
pub(crate) fn print_event(event: &Event, output: OutputFormat) -> Result<(), CommandError> {
    match output {
        OutputFormat::Json | OutputFormat::Yaml => {
            if output == OutputFormat::Yaml {
                print_line("---")?;
            }
            print_structured(event, output)
        }
        OutputFormat::Table | OutputFormat::Wide | OutputFormat::Name => {
            let boot = event.boot().get(..8).unwrap_or("-");
            let (at, kind, detail) = (time(event.at.as_ref()), &event.kind, &event.detail);
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
