//! A machine as it is listed, and what is on record of it.

use api_proto::v1;
use machine_core::artefact::FetchedArtefact;
use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::condition::{Condition, ready};
use machine_core::intent::Intent;
use machine_core::machine::Failure;
use machine_store::evidence::RecordedFact;

use crate::operations::apply_result::ApplyResult;
use crate::operations::machines::{MachineDetails, MachineView};
use crate::view::words::{
    architecture, attempt_end, boot_origin, boot_step, change_result, condition_kind,
    evidence_kind, evidence_source, firmware, intent_end, machine_state, member_role, power_state,
};
use crate::view::{record, said, text, time};

/// A machine as it is listed.
pub(crate) fn machine(view: &MachineView) -> v1::Machine {
    let machine = &view.machine;
    let assignment = view.assignment();
    let hardware = &machine.hardware;
    v1::Machine {
        id: machine.id.to_string(),
        name: machine.name.clone(),
        state: machine_state(machine.state).into(),
        since: Some(time(machine.since)),
        waiting: said(&view.seen.waiting),
        conditions: view.conditions.iter().map(condition).collect(),
        cluster: assignment.map(|(_, name)| name.clone()),
        role: assignment.map(|(it, _)| member_role(it.assignment.role).into()),
        address: text(view.boots.iter().find_map(|boot| boot.address)),
        power: power_state(view.seen.power).into(),
        architecture: hardware.arch.map(|it| architecture(it).into()),
        firmware: hardware.firmware.map(|it| firmware(it).into()),
        failure: machine.failure.as_ref().map(failure),
        ready: ready(&view.boots).unwrap_or(false),
        result: None,
        details: None,
    }
}

/// A machine, and what a document made of it.
pub(crate) fn applied(view: &MachineView, result: ApplyResult) -> v1::Machine {
    v1::Machine {
        result: Some(change_result(result).into()),
        ..machine(view)
    }
}

/// A machine with all that is on record of it.
pub(crate) fn detailed(details: &MachineDetails) -> v1::Machine {
    v1::Machine {
        details: Some(v1::MachineDetails {
            evidence: details.evidence.iter().map(evidence).collect(),
            boots: details.view.boots.iter().map(boot).collect(),
            attempts: attempts(details),
            intents: details.intents.iter().map(intent).collect(),
            record: Some(record::record(details)),
            assurance: text(details.assurance.as_ref()),
            advice: details.advice.clone(),
        }),
        ..machine(&details.view)
    }
}

fn condition(condition: &Condition) -> v1::Condition {
    v1::Condition {
        kind: condition_kind(condition).into(),
        text: condition.to_string(),
    }
}

fn failure(failure: &Failure) -> v1::Failure {
    v1::Failure {
        step: failure.step.clone(),
        why: failure.why.clone(),
        advice: failure.advice.clone(),
    }
}

fn evidence(fact: &RecordedFact) -> v1::Evidence {
    v1::Evidence {
        kind: evidence_kind(fact.kind).into(),
        value: fact.value.clone(),
        first_seen: Some(time(fact.first_seen)),
        last_seen: Some(time(fact.last_seen)),
        source: evidence_source(fact.source).into(),
    }
}

fn intent((intent, cluster): &(Intent, String)) -> v1::Intent {
    v1::Intent {
        id: intent.id.to_string(),
        cluster: said(cluster),
        role: member_role(intent.assignment.role).into(),
        disk: intent.assignment.disk.to_string(),
        actor: intent.actor.to_string(),
        reason: intent.reason.clone(),
        opened: Some(time(intent.opened)),
        expires: Some(time(intent.expires)),
        claims: intent.claims,
        closed: intent.closed.map(|(at, _)| time(at)),
        end: intent.closed.map(|(_, end)| intent_end(end).into()),
    }
}

fn boot(boot: &Boot) -> v1::Boot {
    v1::Boot {
        id: boot.id.to_string(),
        origin: boot_origin(boot.origin).into(),
        opened: Some(time(boot.opened)),
        step: boot_step(boot.step).into(),
        step_at: Some(time(boot.step_at)),
        address: text(boot.address),
    }
}

fn attempts(details: &MachineDetails) -> Vec<v1::Attempt> {
    let with_artefacts = |of: &Attempt| {
        let left = details.artefacts.iter().filter(|it| it.attempt == of.id);
        attempt(of, left.map(artefact).collect())
    };
    details.attempts.iter().map(with_artefacts).collect()
}

fn artefact(left: &FetchedArtefact) -> v1::Artefact {
    v1::Artefact {
        name: left.name.clone(),
        sha256: left.sha256.to_string(),
        first_fetched: Some(time(left.first)),
        last_fetched: Some(time(left.last)),
        fetches: left.fetches,
    }
}

fn attempt(attempt: &Attempt, artefacts: Vec<v1::Artefact>) -> v1::Attempt {
    v1::Attempt {
        id: attempt.id.to_string(),
        number: attempt.number,
        opened: Some(time(attempt.opened)),
        released: attempt.release.map(|release| time(release.at)),
        closed: attempt.closed.map(|(at, _)| time(at)),
        end: attempt.closed.map(|(_, end)| attempt_end(end).into()),
        disk: attempt.assignment.disk.to_string(),
        why: attempt.verdict.as_ref().map(|said| said.why.clone()),
        artefacts,
    }
}
