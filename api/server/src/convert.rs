//! From what the use cases return to what goes over the wire.

use api_proto::v1;
use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::cluster::BootstrapOutcome;
use machine_core::condition::ready;
use machine_core::intent::Intent;
use machine_core::os::OsSpec;
use machine_core::safe_mode::SafeMode;
use machine_core::time::Timestamp;
use machine_store::events::RecordedEvent;
use machine_store::evidence::RecordedFact;
use tonic::Status;

use crate::error::UseCaseError;
use crate::operations::clusters::ClusterView;
use crate::operations::database::DatabaseView;
use crate::operations::machines::MachineView;

pub(crate) fn machine(view: &MachineView) -> v1::Machine {
    let machine = &view.machine;
    let (cluster, role) = view
        .assignment()
        .map_or((String::new(), String::new()), |(it, name)| {
            (name.clone(), it.assignment.role.to_string())
        });
    v1::Machine {
        id: machine.id.to_string(),
        name: machine.name.clone(),
        state: machine.state.as_str().to_owned(),
        since: machine.since.as_millis(),
        waiting: view.seen.waiting.clone(),
        conditions: view.conditions.iter().map(ToString::to_string).collect(),
        cluster,
        role,
        address: view
            .boots
            .iter()
            .find_map(|boot| boot.address)
            .map(|it| it.to_string())
            .unwrap_or_default(),
        power: view
            .seen
            .power
            .map_or_else(|| "unknown".to_owned(), |it| it.to_string()),
        architecture: machine
            .hardware
            .arch
            .map(|it| it.to_string())
            .unwrap_or_default(),
        firmware: machine
            .hardware
            .firmware
            .map(|it| it.to_string())
            .unwrap_or_default(),
        failure: machine.failure.as_ref().map(|failure| v1::Failure {
            step: failure.step.clone(),
            why: failure.why.clone(),
            advice: failure.advice.clone(),
        }),
        ready: ready(&view.boots).unwrap_or(false),
    }
}

pub(crate) fn evidence(fact: &RecordedFact) -> v1::Evidence {
    v1::Evidence {
        kind: fact.kind.to_string(),
        value: fact.value.clone(),
        first_seen: fact.first_seen.as_millis(),
        last_seen: fact.last_seen.as_millis(),
        source: fact.source.as_str().to_owned(),
    }
}

pub(crate) fn intent((intent, cluster): &(Intent, String)) -> v1::Intent {
    v1::Intent {
        id: intent.id.to_string(),
        cluster: cluster.clone(),
        role: intent.assignment.role.to_string(),
        disk: intent.assignment.disk.to_string(),
        actor: intent.actor.to_string(),
        reason: intent.reason.clone(),
        opened: intent.opened.as_millis(),
        expires: intent.expires.as_millis(),
        claims: intent.claims,
        closed: intent.closed.map_or(0, |(at, _)| Timestamp::as_millis(at)),
        end: intent
            .closed
            .map(|(_, end)| end.as_str().to_owned())
            .unwrap_or_default(),
    }
}

pub(crate) fn boot(boot: &Boot) -> v1::Boot {
    v1::Boot {
        id: boot.id.to_string(),
        origin: boot.origin.as_str().to_owned(),
        opened: boot.opened.as_millis(),
        step: boot.step.to_string(),
        step_at: boot.step_at.as_millis(),
        address: boot.address.map(|it| it.to_string()).unwrap_or_default(),
    }
}

pub(crate) fn attempt(attempt: &Attempt) -> v1::Attempt {
    v1::Attempt {
        id: attempt.id.to_string(),
        number: attempt.number,
        opened: attempt.opened.as_millis(),
        released: attempt.release.map_or(0, |release| release.at.as_millis()),
        closed: attempt.closed.map_or(0, |(at, _)| Timestamp::as_millis(at)),
        end: attempt
            .closed
            .map(|(_, end)| end.as_str().to_owned())
            .unwrap_or_default(),
        disk: attempt.assignment.disk.to_string(),
        why: attempt
            .verdict
            .as_ref()
            .map(|said| said.why.clone())
            .unwrap_or_default(),
    }
}

pub(crate) fn event(recorded: &RecordedEvent) -> v1::Event {
    let event = &recorded.event;
    v1::Event {
        sequence: recorded.seq,
        at: event.at.as_millis(),
        actor: event.actor.to_string(),
        kind: event.kind.clone(),
        detail: event.detail.clone(),
        boot: event.boot.map(|it| it.to_string()).unwrap_or_default(),
        machine: event.machine.map(|it| it.to_string()).unwrap_or_default(),
        cluster: event.cluster.map(|it| it.to_string()).unwrap_or_default(),
    }
}

pub(crate) fn cluster(view: &ClusterView) -> v1::Cluster {
    let spec = &view.cluster.spec;
    let bootstrap = match view.cluster.bootstrap.map(|it| it.outcome) {
        None => "no",
        Some(BootstrapOutcome::Unknown | BootstrapOutcome::NotReady) => "recorded",
        Some(BootstrapOutcome::Refused) => "refused",
        Some(BootstrapOutcome::Done) => "done",
    };
    v1::Cluster {
        id: view.cluster.id.to_string(),
        name: spec.name.clone(),
        endpoint: spec.endpoint.to_string(),
        talos: version_of_talos(&spec.os),
        kubernetes: spec
            .os
            .kubernetes()
            .map(ToString::to_string)
            .unwrap_or_default(),
        bootstrap: bootstrap.to_owned(),
        ready: view.seen.ready,
        waiting: view.seen.waiting.clone(),
        allow_plaintext: spec.allow_plaintext,
    }
}

/// The API has a field for each system, empty for clusters of another one.
fn version_of_talos(os: &OsSpec) -> String {
    match os {
        OsSpec::Talos(talos) => talos.version.to_string(),
        OsSpec::Flatcar(_) => String::new(),
    }
}

/// What a use case was refused for, as gRPC says it.
pub(crate) fn database(view: &DatabaseView) -> v1::GetDatabaseResponse {
    let safe_mode = view.safe_mode.as_ref();
    let advice = safe_mode.map(SafeMode::advice);
    v1::GetDatabaseResponse {
        place: view.place.clone(),
        safe_mode: safe_mode.map(ToString::to_string).unwrap_or_default(),
        advice: advice.unwrap_or_default().to_owned(),
        confirmable: matches!(safe_mode, Some(SafeMode::Doubted(_))),
    }
}

impl From<UseCaseError> for Status {
    fn from(error: UseCaseError) -> Self {
        let text = error.to_string();
        match error {
            UseCaseError::NotFound { .. } => Self::not_found(text),
            UseCaseError::Document(_) | UseCaseError::Unaccounted(_) | UseCaseError::Invalid(_) => {
                Self::invalid_argument(text)
            }
            UseCaseError::KeyReused(_) => Self::already_exists(text),
            UseCaseError::Lifecycle { .. }
            | UseCaseError::Contradiction(_)
            | UseCaseError::Effect(_)
            | UseCaseError::Vault(_) => Self::failed_precondition(text),
            UseCaseError::Overtaken => Self::aborted(text),
            UseCaseError::Store(_) => Self::unavailable(text),
        }
    }
}
