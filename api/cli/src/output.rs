//! Printing: tables for people, JSON and YAML for programs, names for scripts.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use prost_types::Timestamp;
use serde::Serialize;

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;

/// Prints a table; a column heading each, a row each.
pub(crate) fn print_table(headings: &[&str], rows: Vec<Vec<String>>) -> Result<(), CommandError> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    print_line(&table.trim_fmt())
}

/// Prints what came of a command: an object for programs, a sentence for people.
pub(crate) fn print_outcome(
    value: &impl Serialize,
    sentence: &str,
    output: OutputFormat,
) -> Result<(), CommandError> {
    if output.is_structured() {
        return print_structured(value, output);
    }
    print_line(sentence)
}

/// Prints a value for programs: YAML if that is asked for, else JSON on one line.
pub(crate) fn print_structured<T: Serialize + ?Sized>(
    value: &T,
    output: OutputFormat,
) -> Result<(), CommandError> {
    let text = if output == OutputFormat::Yaml {
        serde_saphyr::to_string(&value).map_err(|error| error.to_string())
    } else {
        serde_json::to_string(value).map_err(|error| error.to_string())
    };
    let text = text.map_err(CommandError::Unprintable)?;
    print_line(text.trim_end())
}

/// Prints names, a line each.
pub(crate) fn print_names<'a>(
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), CommandError> {
    names.into_iter().try_for_each(|name| print_line(name))
}

/// Prints bytes as they are.
pub(crate) fn print_raw(bytes: &[u8]) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints what goes on beside the output: on standard error.
pub(crate) fn print_remark(text: &str) -> Result<(), CommandError> {
    Ok(writeln!(std::io::stderr().lock(), "{}", cleaned(text))?)
}

/// Prints a line, at once.
pub(crate) fn print_line(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", cleaned(text))?;
    Ok(out.flush()?)
}

/// Prints what a person should know beside the output: on standard error, a line each.
pub(crate) fn print_notes(notes: &[String]) -> Result<(), CommandError> {
    let mut out = std::io::stderr().lock();
    for note in once_each(notes) {
        writeln!(out, "note: {}", cleaned(note))?;
    }
    Ok(())
}

/// Two reasons for one note say it once.
fn once_each(notes: &[String]) -> Vec<&String> {
    let numbered = notes.iter().enumerate();
    let first = numbered.filter(|(at, note)| !notes.iter().take(*at).any(|it| it == *note));
    first.map(|(_, note)| note).collect()
}

/// Prints what a person must not overlook: on standard error, a line.
pub(crate) fn print_warning(text: &str) -> Result<(), CommandError> {
    writeln!(std::io::stderr().lock(), "WARNING: {}", cleaned(text))?;
    Ok(())
}

/// What machines say of themselves must not steer a terminal.
fn cleaned(text: &str) -> String {
    text.chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .collect()
}

/// A time of the API: empty for never.
pub(crate) fn time(at: Option<&Timestamp>) -> String {
    at.map(api_proto::time::text).unwrap_or_default()
}

/// What to show for an empty text.
pub(crate) fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::once_each;

    #[test]
    fn a_note_is_told_once() {
        let notes = ["a", "b", "a"].map(str::to_owned);
        assert_eq!(once_each(&notes), [&notes[0], &notes[1]]);
    }

    /// What is printed as YAML is read back as what it was: also what a careless reader takes for a
    /// number, a truth or a time.
    #[test]
    fn yaml_is_read_back_as_it_was() {
        let value = json!({
            "name": "no", "mac": "52:54:00:77:00:01", "digits": "0123", "empty": "",
            "lines": "a\nb", "colon": "a: b", "dash": "- a", "null": null, "ready": true,
            "conditions": ["Conflict with w-3: mac is a there; uuid is b here", "yes", "1e5"],
            "none": [], "since": "2026-11-23T22:20:05.250Z",
        });
        let text = serde_saphyr::to_string(&value).unwrap();
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
    }
}
