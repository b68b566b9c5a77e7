//! Printing: tables for people, JSON for programs.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use machine_core::time::Timestamp;
use serde_json::Value;

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

/// Prints a JSON document on one line.
pub(crate) fn print_json(value: &Value) -> Result<(), CommandError> {
    print_line(&value.to_string())
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
    for note in notes {
        writeln!(out, "note: {}", cleaned(note))?;
    }
    Ok(())
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
pub(crate) fn time(millis: i64) -> String {
    if millis == 0 {
        String::new()
    } else {
        Timestamp::from_millis(millis).to_string()
    }
}

/// What to show for an empty text.
pub(crate) fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.to_owned()
    }
}
