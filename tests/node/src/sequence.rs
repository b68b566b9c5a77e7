//! The sequences and their phases, as Talos 1.13 announces them (`v1alpha1_sequencer.go`).
//!
//! A phase is announced with START before and STOP after. After an installation the node restarts
//! from within the last phase: the sequence ends as NOOP with a FATAL error that says `unix.Reboot`,
//! which is no failure.

use crate::event::Event;
use crate::messages::{RestartEvent, SequenceAction, StepAction};

/// `initialize`, up to the phase in which the config is waited for.
pub const INITIALIZE: [&str; 5] = [
    "systemRequirements",
    "earlyServices",
    "usb",
    "meta",
    "dashboard",
];
/// The phase of `initialize` in which the config is waited for.
pub const CONFIG: &str = "config";
/// `install`, after the phases `env` and `install`.
pub const AFTER_INSTALL: [&str; 6] = [
    "meta",
    "saveMeta",
    "denyNewServices",
    "volumeFinalize",
    "stopEverything",
    "kexec",
];
/// `boot`, up to the phase in which the services are waited for.
pub const BOOT: [&str; 6] = [
    "memorySizeCheck",
    "diskSizeCheck",
    "env",
    "dbus",
    "ephemeral",
    "userSetup",
];
/// The phase of `boot` in which the services are waited for.
pub const START_EVERYTHING: &str = "startEverything";

/// `LINUX_REBOOT_CMD_RESTART`.
pub const RESTART: i64 = 0x0123_4567;

/// Phases that begin and end with nothing to tell in between.
pub fn phases(names: &[&str]) -> Vec<Event> {
    names
        .iter()
        .flat_map(|name| {
            [
                Event::phase(name, StepAction::Start),
                Event::phase(name, StepAction::Stop),
            ]
        })
        .collect()
}

/// The start of `initialize`, up to waiting for the config.
pub fn initialize_begins() -> Vec<Event> {
    let mut events = vec![Event::sequence("initialize", SequenceAction::Start)];
    events.extend(phases(&INITIALIZE));
    events.push(Event::phase(CONFIG, StepAction::Start));
    events
}

/// The end of `initialize`: there is a config.
pub fn initialize_ends() -> Vec<Event> {
    vec![
        Event::phase(CONFIG, StepAction::Stop),
        Event::sequence("initialize", SequenceAction::Stop),
    ]
}

/// The start of `install`, up to writing.
pub fn install_begins() -> Vec<Event> {
    let mut events = vec![Event::sequence("install", SequenceAction::Start)];
    events.extend(phases(&["env"]));
    events.push(Event::phase("install", StepAction::Start));
    events.push(Event::task("install", StepAction::Start));
    events
}

/// `install` where nothing is to be installed: no phases.
pub fn install_skipped() -> Vec<Event> {
    vec![
        Event::sequence("install", SequenceAction::Start),
        Event::sequence("install", SequenceAction::Stop),
    ]
}

/// From the last byte written to the restart.
pub fn install_ends() -> Vec<Event> {
    let mut events = vec![
        Event::task("install", StepAction::Stop),
        Event::phase("install", StepAction::Stop),
    ];
    events.extend(phases(&AFTER_INSTALL));
    events.push(Event::phase("reboot", StepAction::Start));
    events.push(Event::task("reboot", StepAction::Start));
    let message = format!("sequence install: task reboot: unix.Reboot({RESTART:x})");
    events.push(Event::sequence_failed("install", message));
    events.push(Event::Restart(RestartEvent { cmd: RESTART }));
    events
}

/// The start of `boot`, up to waiting for the services.
pub fn boot_begins() -> Vec<Event> {
    let mut events = vec![Event::sequence("boot", SequenceAction::Start)];
    events.extend(phases(&BOOT));
    events.push(Event::phase(START_EVERYTHING, StepAction::Start));
    events
}

/// The end of `boot`: every service runs.
pub fn boot_ends() -> Vec<Event> {
    vec![
        Event::phase(START_EVERYTHING, StepAction::Stop),
        Event::sequence("boot", SequenceAction::Stop),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_that_starts_stops_before_its_sequence_does() {
        let whole = [
            initialize_begins(),
            initialize_ends(),
            boot_begins(),
            boot_ends(),
        ]
        .concat();
        let mut open = Vec::new();
        for event in whole {
            match event {
                Event::Phase(phase) if phase.action == 0 => open.push(phase.phase),
                Event::Phase(phase) => assert_eq!(open.pop(), Some(phase.phase)),
                Event::Sequence(sequence) if sequence.action == 2 => assert!(open.is_empty()),
                _ => {}
            }
        }
    }

    #[test]
    fn an_installation_ends_in_the_error_that_is_none() {
        let events = install_ends();
        let failed = events.iter().find_map(|event| match event {
            Event::Sequence(sequence) => {
                sequence.error.clone().map(|error| (sequence.action, error))
            }
            _ => None,
        });
        let (action, error) = failed.unwrap();
        assert_eq!((action, error.code), (0, 0));
        assert!(error.message.contains("unix.Reboot"));
    }
}
