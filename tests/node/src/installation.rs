//! The install sequence as the node announces it, around the writing to the disk.

use crate::action::Action;
use crate::config::InstallTarget;
use crate::disk::{self, Disk};
use crate::event::Event;
use crate::messages::{MachineStage, SequenceAction, StepAction};
use crate::sequence;
use crate::state_record::StateRecord;
use std::time::Duration;

/// How long a node that cannot go on stays up, so that what it says can be read.
pub const A_WHILE: Duration = Duration::from_secs(5);

/// Begins: the disk is chosen, and written to if there is one.
pub fn begin(disks: &[Disk], target: &InstallTarget, record: StateRecord) -> Vec<Action> {
    let mut actions = vec![Action::Publish(Event::status(
        MachineStage::Installing,
        &[],
    ))];
    actions.extend(sequence::install_begins().into_iter().map(Action::Publish));
    match disk::choose(disks, target) {
        Ok(disk) => {
            actions.push(Action::Say(format!("installing to /dev/{}", disk.name)));
            actions.push(Action::Install {
                disk: disk.clone(),
                record,
            });
        }
        Err(error) => actions.extend(failed(&error.to_string())),
    }
    actions
}

/// The writing ended: the node restarts, from the disk if it went well.
pub fn ended(result: Result<(), String>) -> Vec<Action> {
    if let Err(reason) = result {
        return failed(&reason);
    }
    let mut actions = vec![Action::Say("installed".to_owned())];
    actions.extend(sequence::install_ends().into_iter().map(Action::Publish));
    actions.push(Action::Restart);
    actions
}

/// An error that ends the sequence restarts the node.
fn failed(reason: &str) -> Vec<Action> {
    vec![
        Action::Say(format!("installation failed: {reason}")),
        Action::Publish(Event::task("install", StepAction::Stop)),
        Action::Publish(Event::sequence_failed("install", reason.to_owned())),
        Action::Publish(Event::sequence("reboot", SequenceAction::Start)),
        Action::Publish(Event::status(MachineStage::Rebooting, &[])),
        Action::RestartAfter(A_WHILE),
    ]
}
