//! The person who looks after the fleet when the faults have ended: what Drover can't do by itself,
//! and tells him, he does.

use std::time::Duration;

use machine_core::lifecycle::{Moving, State};
use machine_core::machine::Machine;

use crate::disk::{DISK, disk};
use crate::event::{Deed, Event};
use crate::lab::World;

/// How often he looks. A machine that he has started anew gets as far as its config in that time.
pub(crate) const ROUND: Duration = Duration::from_mins(15);

impl World {
    /// He looks at a machine that has not come to rest.
    pub(crate) fn look_after(&mut self, index: usize, machine: &Machine) {
        let minute = Duration::from_mins(1);
        if self.nodes[index].disk_serial() != DISK {
            self.note(|| format!("a person replaces the disk of node {index}"));
            self.nodes[index].disk = disk(DISK);
            self.schedule(minute, Event::Deed(index, Deed::Retry));
        }
        let node = &self.nodes[index];
        if !node.is_registered && node.written_as.is_none() {
            self.schedule(Duration::ZERO, Event::Deed(index, Deed::WriteDown));
        }
        // Nobody starts a machine anew whose system is at work.
        let works = self.nodes[index].installs.is_some() || self.nodes[index].runs.is_some();
        if self.nodes[index].bmc.is_none() && !works {
            self.schedule(minute, Event::Deed(index, Deed::Cycle));
        }
        match machine.state {
            State::Discovered | State::Inspecting | State::Available => {
                self.schedule(minute, Event::Deed(index, Deed::Accept));
            }
            State::Failed(Moving::Inspecting | Moving::Provisioning(_)) => {
                self.schedule(Duration::ZERO, Event::Deed(index, Deed::Retry));
            }
            _ => {}
        }
    }
}
