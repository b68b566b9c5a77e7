//! The person who looks after the fleet when the faults have ended: what Drover can't do by itself,
//! and tells him, he does.

use std::time::Duration;

use machine_core::lifecycle::{Moving, State};
use machine_core::machine::Machine;
use machine_core::power::PowerState;

use crate::disk::{DISK, disk};
use crate::event::{Deed, Event};
use crate::lab::World;

/// How often he looks. A machine that he has started anew gets as far as its config in that time.
pub(crate) const ROUND: Duration = Duration::from_mins(15);

/// When he looks for the first time: soon enough for a system that runs behind a card which nobody
/// knows. Drover has told of that card when it booted, and takes an install for interrupted some
/// 12 min after its config if it hears nothing at the addresses that it knows.
pub(crate) const FIRST_ROUND: Duration = Duration::from_mins(10);

/// What Drover says where a person is to start a machine anew.
const SWITCH_ON: &str = "switch it on";

/// What Drover says where he is to restart one whose next boot wipes an older install.
const RESTART: &str = "restart it";

/// What Drover says where a machine should have gone on by itself. Whoever does so leaves one alone
/// that tests itself or installs, and starts one anew that runs what is on its disk.
const LOOK: &str = "look at its console";

/// What Drover advises where an older install is in the way, and he has to say that it may go.
const WIPE: &str = "--wipe";

/// What a cluster says whose members have not told that they are ready.
const NOT_READY: &str = "not ready";

/// What a cluster says that has to ask a member which is silent.
const SILENT: &str = "does not answer";

impl World {
    /// He looks at a machine that has not come to rest, and of which Drover tells him this.
    pub(crate) fn look_after(&mut self, index: usize, machine: &Machine, told: &str) {
        let minute = Duration::from_mins(1);
        if machine.state == State::Active {
            let node = &self.nodes[index];
            if node.power == PowerState::Off {
                self.schedule(minute, Event::Deed(index, Deed::Press));
            } else if told.contains(NOT_READY) && !node.is_registered && node.written_as.is_none() {
                // It runs behind a card that nobody knows. What it has said there is not said
                // again; once the card is known, Drover asks it.
                self.schedule(Duration::ZERO, Event::Deed(index, Deed::WriteDown));
            } else if told.contains(NOT_READY) || told.contains(SILENT) {
                // It may run what the network gave it before Drover knew that it is installed.
                self.schedule(minute, Event::Deed(index, Deed::Cycle));
            }
            return;
        }
        if self.nodes[index].disk_serial() != DISK {
            self.note(|| format!("a person replaces the disk of node {index}"));
            self.nodes[index].disk = disk(DISK);
            self.schedule(minute, Event::Deed(index, Deed::Retry));
        }
        let node = &self.nodes[index];
        if !node.is_registered && node.written_as.is_none() {
            self.schedule(Duration::ZERO, Event::Deed(index, Deed::WriteDown));
        }
        let node = &self.nodes[index];
        let is_told_to = told.contains(SWITCH_ON) || told.contains(RESTART);
        let sees_that_it_runs = told.contains(LOOK) && node.runs.is_some();
        if node.bmc.is_none() && (is_told_to || sees_that_it_runs) {
            self.schedule(minute, Event::Deed(index, Deed::Cycle));
        }
        let is_on_its_way = matches!(machine.state, State::Provisioning(_) | State::Failed(_));
        if is_on_its_way && self.shares_uuid(index) {
            self.schedule(Duration::ZERO, Event::Deed(index, Deed::IgnoreUuid));
        }
        match machine.state {
            State::Discovered | State::Inspecting | State::Available => {
                self.schedule(minute, Event::Deed(index, Deed::Accept));
            }
            State::Failed(Moving::Inspecting | Moving::Provisioning(_)) => {
                self.schedule(Duration::ZERO, Event::Deed(index, another_try(machine)));
            }
            _ => {}
        }
    }
}

/// How a person tries again what has failed: as he is told to. What is on that disk is nothing to
/// him.
pub(crate) fn another_try(machine: &Machine) -> Deed {
    let failure = machine.failure.as_ref();
    if failure.is_some_and(|it| it.advice.contains(WIPE)) {
        Deed::RetryWithWipe
    } else {
        Deed::Retry
    }
}
