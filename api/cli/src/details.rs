//! One machine with all that is on record of it, for people.

use api_proto::v1::{Artefact, Attempt, Boot, Evidence, Intent, Machine, MachineDetails};
use api_proto::word::Word as _;

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::listing::print_machine;
use crate::output::{or_dash, print_line, print_table, time};
use crate::record::print_record;

/// Prints a machine and what is on record of it.
pub(crate) fn print_details(machine: &Machine, output: OutputFormat) -> Result<(), CommandError> {
    print_machine(Some(machine), output)?;
    match &machine.details {
        Some(details) if output.is_for_people() => print_tables(machine, details),
        _ => Ok(()),
    }
}

fn print_tables(machine: &Machine, details: &MachineDetails) -> Result<(), CommandError> {
    if let Some(failure) = &machine.failure {
        print_line(&format!("\nfailed at {}: {}", failure.step, failure.why))?;
        print_line(&format!("what to do: {}", failure.advice))?;
    }
    for way in &details.advice {
        print_line(&format!("what to do: {way}"))?;
    }
    if let Some(record) = &details.record {
        print_record(record)?;
    }
    let assurance = or_dash(details.assurance());
    print_line(&format!("assurance:    {assurance}\n"))?;
    print_rows(EVIDENCE, &details.evidence, evidence_row)?;
    print_line("")?;
    print_rows(BOOT, &details.boots, boot_row)?;
    print_line("")?;
    print_rows(INTENT, &details.intents, intent_row)?;
    print_line("")?;
    print_rows(ATTEMPT, &details.attempts, attempt_row)?;
    print_artefacts(&details.attempts)
}

const EVIDENCE: [&str; 5] = ["evidence", "value", "source", "first seen", "last seen"];
const BOOT: [&str; 6] = ["boot", "id", "from", "last step", "at", "address"];
const INTENT: [&str; 9] = [
    "permission",
    "until",
    "end",
    "cluster",
    "role",
    "may erase",
    "claims",
    "by",
    "reason",
];
const ATTEMPT: [&str; 7] = [
    "attempt",
    "opened",
    "config released",
    "end",
    "at",
    "disk",
    "why",
];

const ARTEFACT: [&str; 6] = ["fetched", "attempt", "times", "first", "last", "sha256"];

/// Prints what left for the machine, if anything has.
fn print_artefacts(attempts: &[Attempt]) -> Result<(), CommandError> {
    let of = |attempt: &Attempt| {
        let rows = attempt.artefacts.iter();
        let rows = rows.map(|it| artefact_row(attempt, it).to_vec());
        rows.collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = attempts.iter().flat_map(of).collect();
    if rows.is_empty() {
        return Ok(());
    }
    print_line("")?;
    print_table(&ARTEFACT, rows)
}

fn artefact_row(of: &Attempt, it: &Artefact) -> [String; 6] {
    [
        it.name.clone(),
        of.number.to_string(),
        it.fetches.to_string(),
        time(it.first_fetched.as_ref()),
        time(it.last_fetched.as_ref()),
        it.sha256.clone(),
    ]
}

fn print_rows<T, const N: usize>(
    headings: [&str; N],
    entries: &[T],
    row: fn(&T) -> [String; N],
) -> Result<(), CommandError> {
    let rows = entries.iter().map(|entry| row(entry).to_vec());
    print_table(&headings, rows.collect())
}

fn evidence_row(it: &Evidence) -> [String; 5] {
    [
        it.kind().word().to_owned(),
        it.value.clone(),
        it.source().word().to_owned(),
        time(it.first_seen.as_ref()),
        time(it.last_seen.as_ref()),
    ]
}

fn boot_row(it: &Boot) -> [String; 6] {
    [
        time(it.opened.as_ref()),
        // As the alarms say it, and as `release-hold --boot` takes it.
        it.id.chars().take(8).collect(),
        it.origin().word().to_owned(),
        it.step().word().to_owned(),
        time(it.step_at.as_ref()),
        or_dash(it.address()),
    ]
}

fn intent_row(it: &Intent) -> [String; 9] {
    [
        time(it.opened.as_ref()),
        time(it.expires.as_ref()),
        or_open(it.end().word()),
        or_dash(it.cluster()),
        it.role().word().to_owned(),
        it.disk.clone(),
        it.claims.to_string(),
        it.actor.clone(),
        it.reason.clone(),
    ]
}

fn attempt_row(it: &Attempt) -> [String; 7] {
    [
        it.number.to_string(),
        time(it.opened.as_ref()),
        time(it.released.as_ref()),
        or_open(it.end().word()),
        time(it.closed.as_ref()),
        it.disk.clone(),
        or_dash(it.why()),
    ]
}

/// What ended, for people.
fn or_open(end: &str) -> String {
    match end {
        "" => "open".to_owned(),
        end => end.replace('_', " "),
    }
}
