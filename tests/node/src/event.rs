//! What happens on a node, as the events that Talos tells its sink.

use crate::messages::{
    AddressEvent, ConfigLoadErrorEvent, Error, ErrorCode, MachineStage, MachineStatus,
    MachineStatusEvent, PhaseEvent, RestartEvent, SequenceAction, SequenceEvent, ServiceAction,
    ServiceStateEvent, StepAction, TaskEvent, UnmetCondition,
};
use prost::Message;
use prost_types::Any;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A sequence begins or ends.
    Sequence(SequenceEvent),
    /// A phase of a sequence begins or ends.
    Phase(PhaseEvent),
    /// A task of a phase begins or ends.
    Task(TaskEvent),
    /// A service changed its state.
    Service(ServiceStateEvent),
    /// Host name and addresses.
    Address(AddressEvent),
    /// Stage and readiness.
    Status(MachineStatusEvent),
    /// A config was refused: while loading, by validation or by what the machine is. Talos has an
    /// event for validation alone, which 1.13.9 never publishes.
    LoadError(ConfigLoadErrorEvent),
    /// The node is about to restart.
    Restart(RestartEvent),
}

impl Event {
    /// A sequence begins or ends.
    pub fn sequence(sequence: &str, action: SequenceAction) -> Self {
        Self::Sequence(SequenceEvent {
            sequence: sequence.to_owned(),
            action: action.into(),
            error: None,
        })
    }

    /// A sequence ends by an error: action NOOP, code FATAL.
    pub fn sequence_failed(sequence: &str, message: String) -> Self {
        Self::Sequence(SequenceEvent {
            sequence: sequence.to_owned(),
            action: SequenceAction::Noop.into(),
            error: Some(Error {
                code: ErrorCode::Fatal.into(),
                message,
                details: Vec::new(),
            }),
        })
    }

    /// A phase begins or ends.
    pub fn phase(phase: &str, action: StepAction) -> Self {
        Self::Phase(PhaseEvent {
            phase: phase.to_owned(),
            action: action.into(),
        })
    }

    /// A task begins or ends.
    pub fn task(task: &str, action: StepAction) -> Self {
        Self::Task(TaskEvent {
            task: task.to_owned(),
            action: action.into(),
        })
    }

    /// A service is in a new state.
    pub fn service(service: &str, action: ServiceAction, message: &str) -> Self {
        Self::Service(ServiceStateEvent {
            service: service.to_owned(),
            action: action.into(),
            message: message.to_owned(),
            health: None,
        })
    }

    /// The machine's stage. It is ready if nothing is unmet, whatever the stage: a node that shuts
    /// down is ready.
    pub fn status(stage: MachineStage, unmet: &[(&str, &str)]) -> Self {
        let unmet_conditions = unmet
            .iter()
            .map(|(name, reason)| UnmetCondition {
                name: (*name).to_owned(),
                reason: (*reason).to_owned(),
            })
            .collect();
        let ready = unmet.is_empty();
        let status = Some(MachineStatus {
            ready,
            unmet_conditions,
        });
        Self::Status(MachineStatusEvent {
            stage: stage.into(),
            status,
        })
    }

    /// As `google.protobuf.Any`, with the type URL that Talos uses.
    pub fn to_any(&self) -> Any {
        let (name, value) = match self {
            Self::Sequence(event) => ("SequenceEvent", event.encode_to_vec()),
            Self::Phase(event) => ("PhaseEvent", event.encode_to_vec()),
            Self::Task(event) => ("TaskEvent", event.encode_to_vec()),
            Self::Service(event) => ("ServiceStateEvent", event.encode_to_vec()),
            Self::Address(event) => ("AddressEvent", event.encode_to_vec()),
            Self::Status(event) => ("MachineStatusEvent", event.encode_to_vec()),
            Self::LoadError(event) => ("ConfigLoadErrorEvent", event.encode_to_vec()),
            Self::Restart(event) => ("RestartEvent", event.encode_to_vec()),
        };
        Any {
            type_url: format!("type.googleapis.com/machine.{name}"),
            value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_published_numbers() {
        // Field 1 string "install", field 2 varint 1; a phase's START is 0 and so not on the wire.
        let sequence = Event::sequence("install", SequenceAction::Start).to_any();
        assert_eq!(
            sequence.type_url,
            "type.googleapis.com/machine.SequenceEvent"
        );
        assert_eq!(sequence.value, b"\x0a\x07install\x10\x01");
        let phase = Event::phase("install", StepAction::Start).to_any();
        assert_eq!(phase.value, b"\x0a\x07install");
        let failed = Event::sequence_failed("install", "x".into()).to_any();
        assert_eq!(failed.value, b"\x0a\x07install\x1a\x03\x12\x01x");
        let ready = Event::status(MachineStage::Running, &[]).to_any();
        assert_eq!(ready.value, b"\x08\x04\x12\x02\x08\x01");
    }

    #[test]
    fn ready_means_only_that_nothing_is_unmet() {
        let ready = |event: Event| match event {
            Event::Status(status) => status.status.unwrap().ready,
            other => panic!("{other:?}"),
        };
        for stage in [
            MachineStage::Unknown,
            MachineStage::Installing,
            MachineStage::Maintenance,
            MachineStage::Running,
            MachineStage::Rebooting,
            MachineStage::ShuttingDown,
        ] {
            assert!(ready(Event::status(stage, &[])), "{stage:?}");
        }
        assert!(!ready(Event::status(
            MachineStage::Running,
            &[("nodeReady", "no")]
        )));
    }
}
