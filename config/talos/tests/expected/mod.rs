//! The event that a recorded one is to be decoded to, from its JSON.

use config_talos::event::{
    ErrorCode, MachineStage, SequenceAction, SequenceError, ServiceState, StepAction, TalosEvent,
    UnmetCondition,
};
use serde_json::Value;

/// The event of a line of `events.jsonl`.
pub(crate) fn event(line: &Value) -> TalosEvent {
    let event = &line["event"];
    let text = |name: &str| text(&event[name]);
    match line["type"].as_str().unwrap() {
        "SequenceEvent" => TalosEvent::Sequence {
            name: text("sequence"),
            action: match event["action"].as_str().unwrap() {
                "NOOP" => SequenceAction::Noop,
                "START" => SequenceAction::Start,
                "STOP" => SequenceAction::Stop,
                other => panic!("{other}"),
            },
            error: event.get("error").map(error),
        },
        "PhaseEvent" => TalosEvent::Phase {
            name: text("phase"),
            action: step(event),
        },
        "TaskEvent" => TalosEvent::Task {
            name: text("task"),
            action: step(event),
        },
        "ServiceStateEvent" => TalosEvent::ServiceState {
            name: text("service"),
            state: service(event["action"].as_str().unwrap()),
            message: text("message"),
        },
        "RestartEvent" => TalosEvent::Restart {
            command: event["cmd"].as_i64().unwrap(),
        },
        "ConfigLoadErrorEvent" => TalosEvent::ConfigLoadError {
            // The one recorded text that quotes a value of a config: its key stays.
            error: text("error").replace("decoding: foo: bar", "decoding: foo"),
        },
        "AddressEvent" => TalosEvent::Address {
            hostname: text("hostname"),
            addresses: event["addresses"]
                .as_array()
                .unwrap()
                .iter()
                .map(|address| address.as_str().unwrap().parse().unwrap())
                .collect(),
        },
        "MachineStatusEvent" => status(event),
        other => panic!("{other} was never recorded"),
    }
}

fn status(event: &Value) -> TalosEvent {
    let unmet = event["unmet"].as_array().unwrap().iter();
    TalosEvent::MachineStatus {
        stage: stage(event["stage"].as_str().unwrap()),
        ready: event["ready"].as_bool().unwrap(),
        unmet: unmet
            .map(|unmet| UnmetCondition {
                name: text(&unmet[0]),
                reason: text(&unmet[1]),
            })
            .collect(),
    }
}

/// As it is shown: control characters are blanks, none at the ends.
fn text(value: &Value) -> String {
    let text = value.as_str().unwrap().trim();
    text.replace(char::is_control, " ")
}

fn error(value: &Value) -> SequenceError {
    SequenceError {
        code: match value["code"].as_i64().unwrap() {
            0 => ErrorCode::Fatal,
            2 => ErrorCode::Canceled,
            other => panic!("{other} was never recorded"),
        },
        message: text(&value["message"]),
    }
}

fn step(event: &Value) -> StepAction {
    match event["action"].as_str().unwrap() {
        "START" => StepAction::Start,
        "STOP" => StepAction::Stop,
        other => panic!("{other}"),
    }
}

fn service(action: &str) -> ServiceState {
    match action {
        "INITIALIZED" => ServiceState::Initialized,
        "PREPARING" => ServiceState::Preparing,
        "WAITING" => ServiceState::Waiting,
        "RUNNING" => ServiceState::Running,
        "STOPPING" => ServiceState::Stopping,
        "FINISHED" => ServiceState::Finished,
        "FAILED" => ServiceState::Failed,
        "SKIPPED" => ServiceState::Skipped,
        "STARTING" => ServiceState::Starting,
        other => panic!("{other}"),
    }
}

fn stage(stage: &str) -> MachineStage {
    match stage {
        "UNKNOWN" => MachineStage::Unknown,
        "BOOTING" => MachineStage::Booting,
        "INSTALLING" => MachineStage::Installing,
        "MAINTENANCE" => MachineStage::Maintenance,
        "RUNNING" => MachineStage::Running,
        "REBOOTING" => MachineStage::Rebooting,
        "SHUTTING_DOWN" => MachineStage::ShuttingDown,
        other => panic!("{other} was never recorded"),
    }
}
