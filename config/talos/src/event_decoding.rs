//! Protobuf in, a typed event out. Pure, and total.
//!
//! An event of a kind that we do not know, or that does not decode, is a value too: Talos sends in
//! order and repeats what was refused, so a sink that refused one event would never see the next.
//! Texts are cleaned and bounded here, once.

use prost::Message;

use crate::event::{
    ErrorCode, MachineStage, Publication, SequenceAction, SequenceError, ServiceState, StepAction,
    TalosEvent, UnmetCondition,
};
use crate::text::cleaned;
use crate::wire::{common, machine};

impl Publication {
    /// The publication of these parts, cleaned.
    pub(crate) fn of_parts(id: &str, actor: &str, type_url: &str, value: &[u8]) -> Self {
        Self {
            id: cleaned(id, NAME_LIMIT),
            actor: cleaned(actor, NAME_LIMIT),
            event: TalosEvent::decode(type_url, value),
        }
    }
}

impl TalosEvent {
    /// The event of an `Any`: its type URL and its bytes.
    pub fn decode(type_url: &str, value: &[u8]) -> Self {
        let type_name = type_url.rsplit('/').next().unwrap_or_default();
        let decoded = match type_name {
            "machine.SequenceEvent" => machine::SequenceEvent::decode(value).map(sequence),
            "machine.PhaseEvent" => machine::PhaseEvent::decode(value).map(|it| phase(&it)),
            "machine.TaskEvent" => machine::TaskEvent::decode(value).map(|it| task(&it)),
            "machine.ServiceStateEvent" => {
                machine::ServiceStateEvent::decode(value).map(|it| service_state(&it))
            }
            "machine.RestartEvent" => machine::RestartEvent::decode(value)
                .map(|event| Self::Restart { command: event.cmd }),
            "machine.ConfigLoadErrorEvent" => {
                machine::ConfigLoadErrorEvent::decode(value).map(|event| Self::ConfigLoadError {
                    error: cleaned(&event.error, TEXT_LIMIT),
                })
            }
            "machine.ConfigValidationErrorEvent" => {
                machine::ConfigValidationErrorEvent::decode(value).map(|event| {
                    Self::ConfigValidationError {
                        error: cleaned(&event.error, TEXT_LIMIT),
                    }
                })
            }
            "machine.AddressEvent" => machine::AddressEvent::decode(value).map(|it| address(&it)),
            "machine.MachineStatusEvent" => {
                machine::MachineStatusEvent::decode(value).map(machine_status)
            }
            _ => {
                return Self::Unknown {
                    type_url: cleaned(type_url, NAME_LIMIT),
                };
            }
        };
        decoded.unwrap_or_else(|_| Self::Unreadable {
            type_url: cleaned(type_url, NAME_LIMIT),
        })
    }
}

fn sequence(event: machine::SequenceEvent) -> TalosEvent {
    use machine::sequence_event::Action;
    let action = match Action::try_from(event.action) {
        Ok(Action::Noop) => SequenceAction::Noop,
        Ok(Action::Start) => SequenceAction::Start,
        Ok(Action::Stop) => SequenceAction::Stop,
        Err(_) => SequenceAction::Other(event.action),
    };
    let error = event.error.map(|error| SequenceError {
        code: match common::Code::try_from(error.code) {
            Ok(common::Code::Fatal) => ErrorCode::Fatal,
            Ok(common::Code::Locked) => ErrorCode::Locked,
            Ok(common::Code::Canceled) => ErrorCode::Canceled,
            Err(_) => ErrorCode::Other(error.code),
        },
        message: cleaned(&error.message, TEXT_LIMIT),
    });
    TalosEvent::Sequence {
        name: cleaned(&event.sequence, NAME_LIMIT),
        action,
        error,
    }
}

fn phase(event: &machine::PhaseEvent) -> TalosEvent {
    TalosEvent::Phase {
        name: cleaned(&event.phase, NAME_LIMIT),
        action: step_action(event.action),
    }
}

fn task(event: &machine::TaskEvent) -> TalosEvent {
    TalosEvent::Task {
        name: cleaned(&event.task, NAME_LIMIT),
        action: step_action(event.action),
    }
}

/// Phases and tasks number their actions alike.
fn step_action(action: i32) -> StepAction {
    match machine::phase_event::Action::try_from(action) {
        Ok(machine::phase_event::Action::Start) => StepAction::Start,
        Ok(machine::phase_event::Action::Stop) => StepAction::Stop,
        Err(_) => StepAction::Other(action),
    }
}

fn service_state(event: &machine::ServiceStateEvent) -> TalosEvent {
    use machine::service_state_event::Action;
    let state = match Action::try_from(event.action) {
        Ok(Action::Initialized) => ServiceState::Initialized,
        Ok(Action::Preparing) => ServiceState::Preparing,
        Ok(Action::Waiting) => ServiceState::Waiting,
        Ok(Action::Running) => ServiceState::Running,
        Ok(Action::Stopping) => ServiceState::Stopping,
        Ok(Action::Finished) => ServiceState::Finished,
        Ok(Action::Failed) => ServiceState::Failed,
        Ok(Action::Skipped) => ServiceState::Skipped,
        Ok(Action::Starting) => ServiceState::Starting,
        Err(_) => ServiceState::Other(event.action),
    };
    TalosEvent::ServiceState {
        name: cleaned(&event.service, NAME_LIMIT),
        state,
        message: cleaned(&event.message, TEXT_LIMIT),
    }
}

fn address(event: &machine::AddressEvent) -> TalosEvent {
    TalosEvent::Address {
        hostname: cleaned(&event.hostname, NAME_LIMIT),
        addresses: event
            .addresses
            .iter()
            .filter_map(|address| address.parse().ok())
            .take(LIST_LIMIT)
            .collect(),
    }
}

fn machine_status(event: machine::MachineStatusEvent) -> TalosEvent {
    use machine::machine_status_event::MachineStage as Stage;
    let stage = match Stage::try_from(event.stage) {
        Ok(Stage::Unknown) => MachineStage::Unknown,
        Ok(Stage::Booting) => MachineStage::Booting,
        Ok(Stage::Installing) => MachineStage::Installing,
        Ok(Stage::Maintenance) => MachineStage::Maintenance,
        Ok(Stage::Running) => MachineStage::Running,
        Ok(Stage::Rebooting) => MachineStage::Rebooting,
        Ok(Stage::ShuttingDown) => MachineStage::ShuttingDown,
        Ok(Stage::Resetting) => MachineStage::Resetting,
        Ok(Stage::Upgrading) => MachineStage::Upgrading,
        Err(_) => MachineStage::Other(event.stage),
    };
    let status = event.status.unwrap_or_default();
    let unmet = status
        .unmet_conditions
        .into_iter()
        .take(LIST_LIMIT)
        .map(|unmet| UnmetCondition {
            name: cleaned(&unmet.name, NAME_LIMIT),
            reason: cleaned(&unmet.reason, TEXT_LIMIT),
        });
    TalosEvent::MachineStatus {
        stage,
        ready: status.ready,
        unmet: unmet.collect(),
    }
}

/// Characters of a name that are kept.
const NAME_LIMIT: usize = 253;
/// Characters of a text that are kept.
const TEXT_LIMIT: usize = 2048;
/// Entries of a list that are kept.
const LIST_LIMIT: usize = 64;

#[cfg(test)]
mod tests;
