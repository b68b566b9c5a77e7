//! The install sequence as the node announces it, around the writing to the disk.

use crate::action::Action;
use crate::disk::{self, Disk, InstallTarget};
use crate::sequence;
use crate::state_record::StateRecord;
use std::time::Duration;

/// How long a node that cannot go on stays up, so that what it says can be read.
pub const A_WHILE: Duration = Duration::from_secs(5);

/// How long Talos counts down after a sequence that failed.
pub const COUNTDOWN: Duration = Duration::from_secs(10);

/// An installation: what is to be written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    disk: Option<Disk>,
    record: StateRecord,
}

impl Installation {
    /// Begins: the disk is written to, unless there is none or the installer is to fail.
    pub fn begin(
        disks: &[Disk],
        target: &InstallTarget,
        record: StateRecord,
        fails: bool,
    ) -> (Self, Vec<Action>) {
        let mut actions: Vec<Action> = publish(sequence::install_begins());
        let chosen = disk::choose(disks, target);
        let installation = Self {
            disk: chosen.as_ref().ok().map(|&disk| disk.clone()),
            record,
        };
        match chosen {
            Err(error) => actions.extend(installation.failed(&error.to_string())),
            Ok(_) if fails => actions.extend(installation.ended(Err("as it was asked to".into()))),
            Ok(disk) => {
                actions.push(Action::Say(format!("installing to /dev/{}", disk.name)));
                actions.push(Action::Install {
                    disk: disk.clone(),
                    record: installation.record.clone(),
                });
            }
        }
        (installation, actions)
    }

    /// The writing ended: the node restarts, from the disk if it went well.
    pub fn ended(&self, result: Result<(), String>) -> Vec<Action> {
        if let Err(reason) = result {
            let mut actions = vec![Action::Say(format!("installer: {reason}"))];
            actions.extend(self.failed("task \"upgrade\" failed: exit code 1"));
            return actions;
        }
        let mut actions = vec![Action::Say("installed".to_owned())];
        actions.extend(publish(sequence::install_ends()));
        actions.push(Action::Restart);
        actions
    }

    /// An error ends the sequence. Before the node restarts, Talos cleans its volumes up: that makes
    /// a STATE, which keeps the config.
    fn failed(&self, error: &str) -> Vec<Action> {
        let mut actions = vec![Action::Say(format!("installation failed: {error}"))];
        actions.extend(publish(sequence::install_fails(error)));
        actions.extend(self.disk.clone().map(|disk| Action::LeaveState {
            disk,
            record: self.record.clone(),
        }));
        actions.push(Action::RestartAfter(COUNTDOWN));
        actions
    }
}

fn publish(events: Vec<crate::event::Event>) -> Vec<Action> {
    events.into_iter().map(Action::Publish).collect()
}
