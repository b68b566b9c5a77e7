//! The sequences and their phases, as Talos 1.13 announces them.
//!
//! A phase is announced with START before and STOP after. An installation ends by kexec: the last
//! event is the stage REBOOTING, in the middle of the phase `kexec`. A sequence that an error or a
//! restart through the firmware ends says STOP, then NOOP with a FATAL error.

use crate::event::Event;
use crate::messages::{MachineStage, RestartEvent, SequenceAction, StepAction};

/// `initialize`, before the phase `dashboard`.
pub const INITIALIZE: [&str; 3] = ["earlyServices", "usb", "meta"];
/// The phase of `initialize` in which the config is waited for.
pub const CONFIG: &str = "config";
/// The phase of `initialize` in which a wipe happens, before the config is asked for.
pub const WIPE: &str = "wipeDisks";
/// `install`, after the phases `env` and `install` and before `kexec`.
pub const AFTER_INSTALL: [&str; 4] = ["meta", "saveMeta", "volumeFinalize", "stopEverything"];
/// `boot`, up to the phase in which the services are waited for.
pub const BOOT: [&str; 8] = [
    "memorySizeCheck",
    "diskSizeCheck",
    "env",
    "dbus",
    "ephemeral",
    "udevSetup",
    "userDisks",
    "userSetup",
];
/// The phase of `boot` in which the services are waited for.
pub const START_EVERYTHING: &str = "startEverything";

/// `LINUX_REBOOT_CMD_RESTART`.
pub const RESTART: i64 = 0x0123_4567;

/// What a node without a config waits for.
const UNMET_AT_FIRST: [(&str, &str); 3] = [
    (
        "time",
        "resource TimeStatuses.v1alpha1.talos.dev(runtime/node@undefined) doesn't exist",
    ),
    (
        "network",
        "waiting on: address, connectivity, etc-files, hostname",
    ),
    (
        "services",
        "apid not running, machined not running, kubelet not running",
    ),
];

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

/// The start of `initialize`, up to the phase in which the config is waited for or a wipe happens.
/// The stream of nearly every boot begins like this: stage UNKNOWN, and ready.
pub fn initialize_begins(with_dashboard: bool) -> Vec<Event> {
    let mut events = vec![
        Event::sequence("initialize", SequenceAction::Start),
        Event::phase("systemRequirements", StepAction::Start),
        Event::status(MachineStage::Unknown, &[]),
        Event::Address(crate::messages::AddressEvent::default()),
        Event::status(MachineStage::Booting, &UNMET_AT_FIRST),
        Event::phase("systemRequirements", StepAction::Stop),
    ];
    events.extend(phases(&INITIALIZE));
    if with_dashboard {
        events.extend(phases(&["dashboard"]));
    }
    events
}

/// The config is waited for.
pub fn config_begins() -> Vec<Event> {
    vec![
        Event::phase(CONFIG, StepAction::Start),
        Event::task("loadConfig", StepAction::Start),
    ]
}

/// The end of `initialize`: there is a config.
pub fn initialize_ends() -> Vec<Event> {
    vec![
        Event::task("loadConfig", StepAction::Stop),
        Event::phase(CONFIG, StepAction::Stop),
        Event::sequence("initialize", SequenceAction::Stop),
    ]
}

/// The config is waited for until a person gives one.
pub fn maintenance_begins() -> Vec<Event> {
    vec![
        Event::task("runningMaintenance", StepAction::Start),
        Event::status(MachineStage::Maintenance, &[]),
    ]
}

/// The system disk is about to be wiped.
pub fn wipe_begins() -> Vec<Event> {
    vec![
        Event::phase(WIPE, StepAction::Start),
        Event::task("wipeSystemDisk", StepAction::Start),
    ]
}

/// The system disk was wiped, and the node restarts through its firmware.
pub fn wipe_ends() -> Vec<Event> {
    let message = format!(
        "sequence failed: error running phase 7 in initialize sequence: task 1/1: failed, \
         unix.Reboot({RESTART:x})"
    );
    vec![
        Event::Restart(RestartEvent { cmd: RESTART }),
        Event::task("wipeSystemDisk", StepAction::Stop),
        Event::phase(WIPE, StepAction::Stop),
        Event::sequence("initialize", SequenceAction::Stop),
        Event::sequence_failed("initialize", message),
        Event::status(MachineStage::Rebooting, &[]),
    ]
}

/// The start of `install`, up to writing.
pub fn install_begins() -> Vec<Event> {
    let mut events = vec![Event::sequence("install", SequenceAction::Start)];
    events.extend(phases(&["env"]));
    events.push(Event::phase("install", StepAction::Start));
    events.push(Event::task("install", StepAction::Start));
    events.push(Event::status(MachineStage::Installing, &[]));
    events
}

/// `install` where nothing is to be installed: no phases.
pub fn install_skipped() -> Vec<Event> {
    vec![
        Event::sequence("install", SequenceAction::Start),
        Event::sequence("install", SequenceAction::Stop),
    ]
}

/// From the last byte written to the restart. Nothing says that the sequence has ended.
pub fn install_ends() -> Vec<Event> {
    let mut events = vec![
        Event::task("install", StepAction::Stop),
        Event::phase("install", StepAction::Stop),
    ];
    events.extend(phases(&AFTER_INSTALL));
    events.push(Event::phase("kexec", StepAction::Start));
    events.push(Event::task("kexecPrepare", StepAction::Start));
    events.push(Event::status(MachineStage::Rebooting, &[]));
    events
}

/// The task `install` ended by an error, in these words.
pub fn install_fails(error: &str) -> Vec<Event> {
    let message = format!(
        "sequence failed: error running phase 2 in install sequence: task 1/1: failed, {error}"
    );
    vec![
        Event::task("install", StepAction::Stop),
        Event::phase("install", StepAction::Stop),
        Event::sequence("install", SequenceAction::Stop),
        Event::sequence_failed("install", message),
        Event::status(MachineStage::Rebooting, &[]),
    ]
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
        let install = [install_begins(), install_fails("x")].concat();
        let whole = [
            initialize_begins(true),
            config_begins(),
            initialize_ends(),
            install,
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
    fn an_installation_that_went_well_ends_in_the_stage_rebooting_and_no_error() {
        let events = install_ends();
        assert_eq!(
            events.last(),
            Some(&Event::status(MachineStage::Rebooting, &[]))
        );
        let ends = |event: &&Event| matches!(event, Event::Sequence(_) | Event::Restart(_));
        assert_eq!(events.iter().find(ends), None);
    }
}
