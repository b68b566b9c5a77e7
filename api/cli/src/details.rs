//! One machine with all that is on record of it.

use api_proto::v1::{Attempt, Boot, Evidence, GetMachineResponse, Intent};
use serde_json::{Value, json};

use crate::command::output_format::OutputFormat;
use crate::error::CommandError;
use crate::listing::{machine_json, print_machines};
use crate::output::{or_dash, print_line, print_structured, print_table, time};
use crate::record::{print_record, record_json};

/// Prints a machine and what is on record of it.
pub(crate) fn print_details(
    response: &GetMachineResponse,
    output: OutputFormat,
) -> Result<(), CommandError> {
    if output.is_structured() {
        return print_structured(&details_json(response), output);
    }
    print_machines(response.machine.as_slice(), output)?;
    if output == OutputFormat::Name {
        return Ok(());
    }
    if let Some(failure) = response.machine.as_ref().and_then(|it| it.failure.as_ref()) {
        print_line(&format!("\nfailed at {}: {}", failure.step, failure.why))?;
        print_line(&format!("what to do: {}", failure.advice))?;
    }
    for way in &response.advice {
        print_line(&format!("what to do: {way}"))?;
    }
    if let Some(record) = &response.record {
        print_record(record)?;
    }
    print_line(&format!("assurance:    {}\n", or_dash(&response.assurance)))?;
    print_rows(
        ["evidence", "value", "source", "first seen", "last seen"],
        &response.evidence,
        evidence_row,
    )?;
    print_line("")?;
    print_rows(
        ["boot", "id", "from", "last step", "at", "address"],
        &response.boots,
        boot_row,
    )?;
    print_line("")?;
    print_rows(
        [
            "permission",
            "until",
            "end",
            "cluster",
            "role",
            "may erase",
            "claims",
            "by",
            "reason",
        ],
        &response.intents,
        intent_row,
    )?;
    print_line("")?;
    print_rows(
        [
            "attempt",
            "opened",
            "config released",
            "end",
            "at",
            "disk",
            "why",
        ],
        &response.attempts,
        attempt_row,
    )
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
    let (first, last) = (time(it.first_seen), time(it.last_seen));
    [
        it.kind.clone(),
        it.value.clone(),
        it.source.clone(),
        first,
        last,
    ]
}

fn boot_row(it: &Boot) -> [String; 6] {
    [
        time(it.opened),
        // As the alarms say it, and as `release-hold --boot` takes it.
        it.id.chars().take(8).collect(),
        it.origin.clone(),
        it.step.clone(),
        time(it.step_at),
        or_dash(&it.address),
    ]
}

fn intent_row(it: &Intent) -> [String; 9] {
    [
        time(it.opened),
        time(it.expires),
        or_open(&it.end),
        or_dash(&it.cluster),
        it.role.clone(),
        it.disk.clone(),
        it.claims.to_string(),
        it.actor.clone(),
        it.reason.clone(),
    ]
}

fn attempt_row(it: &Attempt) -> [String; 7] {
    [
        it.number.to_string(),
        time(it.opened),
        time(it.released),
        or_open(&it.end),
        time(it.closed),
        it.disk.clone(),
        or_dash(&it.why),
    ]
}

fn or_open(end: &str) -> String {
    if end.is_empty() {
        "open".to_owned()
    } else {
        end.to_owned()
    }
}

fn details_json(response: &GetMachineResponse) -> Value {
    let evidence = response.evidence.iter().map(|it| {
        let (first, last) = (time(it.first_seen), time(it.last_seen));
        json!({ "kind": it.kind, "value": it.value, "source": it.source, "first_seen": first, "last_seen": last })
    });
    let boots = response.boots.iter().map(|it| {
        let (opened, at) = (time(it.opened), time(it.step_at));
        json!({ "id": it.id, "origin": it.origin, "opened": opened, "step": it.step, "step_at": at, "address": it.address })
    });
    let attempts = response.attempts.iter().map(|it| {
        let (opened, released, closed) = (time(it.opened), time(it.released), time(it.closed));
        json!({
            "id": it.id, "number": it.number, "opened": opened, "released": released,
            "closed": closed, "end": it.end, "why": it.why, "disk": it.disk,
        })
    });
    json!({
        "machine": response.machine.as_ref().map(machine_json),
        "bmc": response.bmc,
        "record": response.record.as_ref().map(record_json),
        "assurance": response.assurance,
        "evidence": evidence.collect::<Vec<_>>(),
        "boots": boots.collect::<Vec<_>>(),
        "intents": response.intents.iter().map(intent_json).collect::<Vec<_>>(),
        "attempts": attempts.collect::<Vec<_>>(),
        "advice": response.advice,
    })
}

fn intent_json(it: &Intent) -> Value {
    let (opened, expires, closed) = (time(it.opened), time(it.expires), time(it.closed));
    json!({
        "id": it.id, "cluster": it.cluster, "role": it.role, "disk": it.disk,
        "actor": it.actor, "reason": it.reason, "opened": opened, "expires": expires,
        "claims": it.claims, "closed": closed, "end": it.end,
    })
}
