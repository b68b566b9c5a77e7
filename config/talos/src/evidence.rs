//! What an event of Talos counts for: a line of a timeline and a step of a boot, and what of it ends
//! an attempt. The signals hold for Talos 1.13.

use machine_core::attempt::AttemptEnd;
use machine_core::boot::BootStep;
use machine_core::report::{Evidence, STATUS, TROUBLE, Told, squeezed};

use crate::event::{ErrorCode, MachineStage, SequenceAction, StepAction, TalosEvent};

impl TalosEvent {
    /// What it counts for.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            told: told(self),
            ready: readiness(self),
            ends: verdict(self),
            restarts: restarts(self),
            asks_for_config: matches!(self, Self::ConfigLoadError { .. }),
            // Its kernel says that, and its API.
            runs_from_disk: false,
        }
    }
}

/// A sequence that stops with `unix.Reboot` or because its context was cancelled is the normal end of
/// an install, a restart or a shutdown, not an error.
fn told(event: &TalosEvent) -> Option<Told> {
    match event {
        TalosEvent::Phase {
            name,
            action: StepAction::Start,
        } if name == "install" => Some(Told::step(BootStep::Installing, "installs to its disk")),
        TalosEvent::Sequence {
            name,
            action: SequenceAction::Noop,
            error: Some(error),
        } => match name.as_str() {
            "install" if error.is_reboot() => Some(installed()),
            _ if error.is_normal_end() => None,
            _ => Some(trouble(format!("sequence {name}: {}", error.message))),
        },
        TalosEvent::ConfigLoadError { error } => {
            Some(trouble(format!("config not loaded: {}", squeezed(error))))
        }
        TalosEvent::ConfigValidationError { error } => Some(trouble(format!(
            "config refused by the node: {}",
            squeezed(error)
        ))),
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
            let status = format!("{stage:?}, {is}{missing}").to_lowercase();
            Some(Told::note(STATUS, status))
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

fn installed() -> Told {
    Told::step(BootStep::Installed, "installed, and restarts")
}

fn trouble(words: String) -> Told {
    Told::note(TROUBLE, words)
}

/// The end of an install as Talos shows it: it restarts, and its last word is lost in that.
fn restarts(event: &TalosEvent) -> Option<Told> {
    match event {
        TalosEvent::MachineStatus {
            stage: MachineStage::Rebooting,
            ..
        } => Some(installed()),
        _ => None,
    }
}

/// Whether a node is ready. Talos says `ready` at every stage where nothing is unmet, also while it
/// shuts down; it counts only while it runs.
fn readiness(event: &TalosEvent) -> Option<bool> {
    match event {
        TalosEvent::MachineStatus { stage, ready, .. } => {
            Some(*ready && *stage == MachineStage::Running)
        }
        _ => None,
    }
}

/// How the attempt ends whose config went to the node that says this, and in which words.
fn verdict(event: &TalosEvent) -> Option<(AttemptEnd, String)> {
    match event {
        TalosEvent::Sequence {
            name,
            action: SequenceAction::Noop,
            error: Some(error),
        } if name == "install" && error.code == ErrorCode::Fatal && !error.is_normal_end() => {
            Some((AttemptEnd::InstallerFailed, squeezed(&error.message)))
        }
        TalosEvent::ConfigLoadError { error } if is_refusal(error) => {
            Some((AttemptEnd::Refused, refusal(error)))
        }
        TalosEvent::ConfigValidationError { error } => Some((AttemptEnd::Refused, refusal(error))),
        _ => None,
    }
}

/// The words of a refusal, and what is not obvious of them. Talos 1.13.9 reads serial numbers of NVMe
/// and virtio-blk disks only: `internal/app/machined/pkg/controllers/block/disks.go:265`.
fn refusal(error: &str) -> String {
    const NO_SERIAL: &str = "(Talos reads no serial number of SATA and SAS disks: name such a disk \
                             by its wwn, as `lsblk -o NAME,WWN` prints it)";
    let words = squeezed(error);
    if words.contains("no disks matched") && words.contains("disk.serial") {
        return squeezed(&format!("{words} {NO_SERIAL}"));
    }
    words
}

/// Whether Talos has read the config and does not take it; it says the same of one that it could
/// not fetch. All that 1.13.9 was seen to say of configs that it had fetched.
fn is_refusal(error: &str) -> bool {
    const VALIDATION: [&str; 2] = [
        "failed to validate config acquired",
        "failed to runtime validate config acquired",
    ];
    const READING: [&str; 5] = [
        "decode error",
        "error decoding document",
        "expected a YAML document",
        "duplicate document",
        "not registered",
    ];
    VALIDATION.iter().any(|start| error.starts_with(start))
        || (error.starts_with("failed to load config")
            && READING.iter().any(|part| error.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SequenceError;

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

    fn status(stage: MachineStage) -> TalosEvent {
        TalosEvent::MachineStatus {
            stage,
            ready: true,
            unmet: Vec::new(),
        }
    }

    #[test]
    fn the_reboot_after_an_install_is_no_trouble() {
        let end = told(&broke_off("install", "task reboot: unix.Reboot")).unwrap();
        assert_eq!(end.step, Some(BootStep::Installed));
        let broken = told(&broke_off("install", "no such disk")).unwrap();
        assert_eq!((broken.step, broken.kind), (None, "trouble"));
    }

    #[test]
    fn a_normal_shutdown_or_restart_is_no_trouble() {
        for (name, message) in [
            (
                "boot",
                "sequence failed: error running phase 9 in boot sequence: task 1/1: failed, context canceled",
            ),
            (
                "shutdown",
                "sequence failed: error running phase 7 in shutdown sequence: task 1/1: failed, unix.Reboot(4321fedc)",
            ),
            (
                "initialize",
                "sequence failed: error running phase 7 in initialize sequence: task 1/1: failed, unix.Reboot(1234567)",
            ),
        ] {
            assert_eq!(told(&broke_off(name, message)), None, "{name}");
            assert_eq!(verdict(&broke_off(name, message)), None, "{name}");
        }
    }

    #[test]
    fn a_node_is_ready_at_stage_running_only() {
        for stage in [
            MachineStage::Unknown,
            MachineStage::Booting,
            MachineStage::Installing,
            MachineStage::Maintenance,
            MachineStage::Rebooting,
            MachineStage::ShuttingDown,
            MachineStage::Resetting,
            MachineStage::Upgrading,
        ] {
            assert_eq!(readiness(&status(stage)), Some(false), "{stage:?}");
        }
        assert_eq!(readiness(&status(MachineStage::Running)), Some(true));
    }

    #[test]
    fn an_installer_that_exits_with_an_error_ends_its_attempt() {
        let words = "sequence failed: error running phase 2 in install sequence: task 1/1: failed, \
                     task \"upgrade\" failed: exit code 1";
        let ends = verdict(&broke_off("install", words));
        assert_eq!(ends, Some((AttemptEnd::InstallerFailed, words.to_owned())));
        assert_eq!(verdict(&broke_off("boot", words)), None);
    }

    #[test]
    fn what_talos_says_of_a_config_that_it_does_not_take_is_an_answer() {
        let refused = |words: &str| {
            let error = words.to_owned();
            verdict(&TalosEvent::ConfigLoadError { error }).map(|(end, _)| end)
        };
        for words in [
            "failed to runtime validate config acquired via platform metal: 1 error occurred: * \
             v1alpha1.Config: 1 error occurred: * no disks matched the expression",
            "failed to validate config acquired via platform metal: 1 error occurred: * \
             v1alpha1.Config: either install disk or diskSelector should be defined",
            "failed to load config via platform metal: decode error: yaml: line 1: did not find",
            "failed to load config via platform metal: duplicate document v1alpha1/HostnameConfig/",
            "failed to load config via platform metal: error decoding document /v1alpha1/ (line 1)",
            "failed to load config via platform metal: expected a YAML document at line 1",
        ] {
            assert_eq!(refused(words), Some(AttemptEnd::Refused), "{words}");
        }
        for words in [
            "failed to load config via platform metal: config not found",
            "failed to load config via platform metal: failed to download config from \
             http://10.77.0.1:8080[redacted]: connection refused",
        ] {
            assert_eq!(refused(words), None, "{words}");
        }
        let error = "failed to validate config acquired:\n\t* one\n\t* two\n\n".to_owned();
        let words = verdict(&TalosEvent::ConfigValidationError { error });
        assert!(words.is_some_and(|(_, words)| words.ends_with("* one * two")));
    }
    #[test]
    fn a_serial_that_no_disk_has_is_told_with_what_to_write_instead() {
        let said = |expression: &str| {
            let error = format!(
                "failed to runtime validate config acquired via platform metal: 1 error occurred:\n\t* \
                 no disks matched the expression: {expression}\n\n"
            );
            verdict(&TalosEvent::ConfigLoadError { error }).unwrap().1
        };
        let by_serial = said("glob(\"S4EVNF0M\", disk.serial)");
        assert!(by_serial.contains("glob(\"S4EVNF0M\", disk.serial) ("));
        assert!(
            by_serial.contains("name such a disk by its wwn"),
            "{by_serial}"
        );
        let by_wwid = said("glob(\"naa.5000c500a1b2c3d4\", disk.wwid)");
        assert!(!by_wwid.contains("wwn"), "{by_wwid}");
    }
}
