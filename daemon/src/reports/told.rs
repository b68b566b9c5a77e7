//! What an event of a Talos node means on a timeline.

use config_talos::event::{SequenceAction, StepAction, TalosEvent};
use machine_core::boot::BootStep;

/// What an event means on a timeline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) step: Option<BootStep>,
    pub(super) kind: &'static str,
    pub(super) detail: String,
}

/// The signals that hold for Talos 1.13 (a sequence `install` that stops with `unix.Reboot` is the
/// normal end of an install, not an error).
pub(super) fn told(event: &TalosEvent) -> Option<Told> {
    let step = |step: BootStep, detail: &str| {
        Some(Told {
            step: Some(step),
            kind: step.as_str(),
            detail: detail.to_owned(),
        })
    };
    let note = |kind, detail: String| {
        Some(Told {
            step: None,
            kind,
            detail,
        })
    };
    match event {
        TalosEvent::Phase {
            name,
            action: StepAction::Start,
        } if name == "install" => step(BootStep::Installing, "installs to its disk"),
        TalosEvent::Sequence {
            name,
            action: SequenceAction::Noop,
            error: Some(error),
        } => {
            if name == "install" && error.is_reboot() {
                step(BootStep::Installed, "installed, and restarts")
            } else {
                note("trouble", format!("sequence {name}: {}", error.message))
            }
        }
        TalosEvent::ConfigLoadError { error } => {
            note("trouble", format!("config not loaded: {error}"))
        }
        TalosEvent::ConfigValidationError { error } => {
            note("trouble", format!("config refused by the node: {error}"))
        }
        TalosEvent::MachineStatus {
            stage,
            ready,
            unmet,
        } => {
            let unmet: Vec<&str> = unmet.iter().map(|it| it.name.as_str()).collect();
            let missing = if unmet.is_empty() {
                String::new()
            } else {
                format!("; waits for {}", unmet.join(", "))
            };
            let is = if *ready { "ready" } else { "not ready" };
            note(STATUS, format!("{stage:?}, {is}{missing}").to_lowercase())
        }
        TalosEvent::Sequence { .. }
        | TalosEvent::Phase { .. }
        | TalosEvent::Task { .. }
        | TalosEvent::ServiceState { .. }
        | TalosEvent::Restart { .. }
        | TalosEvent::Address { .. }
        | TalosEvent::Unknown { .. }
        | TalosEvent::Unreadable { .. } => None,
    }
}

/// The kind of a status on a timeline.
pub(super) const STATUS: &str = "status";

#[cfg(test)]
mod tests {
    use super::*;
    use config_talos::event::{ErrorCode, SequenceError};

    fn broke_off(name: &str, message: &str) -> TalosEvent {
        let error = SequenceError {
            code: ErrorCode::Fatal,
            message: message.to_owned(),
        };
        TalosEvent::Sequence {
            name: name.to_owned(),
            action: SequenceAction::Noop,
            error: Some(error),
        }
    }

    #[test]
    fn the_reboot_after_an_install_is_no_trouble() {
        let end = told(&broke_off("install", "task reboot: unix.Reboot")).unwrap();
        assert_eq!(end.step, Some(BootStep::Installed));
        let broken = told(&broke_off("install", "no such disk")).unwrap();
        assert_eq!((broken.step, broken.kind), (None, "trouble"));
    }
}
