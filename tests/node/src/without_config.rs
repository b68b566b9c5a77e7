//! What a node does that takes no config: it waits in maintenance, or it is wiped.

use crate::action::Action;
use crate::disk::Disk;
use crate::sequence;

/// Nothing more happens by itself.
pub fn maintenance(why: &str) -> Vec<Action> {
    let mut actions = vec![Action::Say(format!("{why}: maintenance"))];
    actions.extend(
        sequence::maintenance_begins()
            .into_iter()
            .map(Action::Publish),
    );
    actions
}

/// The wipe ended: the node restarts through its firmware.
pub fn wiped(result: Result<(), String>) -> Vec<Action> {
    let say = match result {
        Ok(()) => "wiped".to_owned(),
        Err(reason) => format!("could not wipe: {reason}"),
    };
    let mut actions = vec![Action::Say(say)];
    actions.extend(sequence::wipe_ends().into_iter().map(Action::Publish));
    actions.push(Action::Restart);
    actions
}

/// `talos.experimental.wipe`: the system disk is wiped. A machine without one restarts all the same.
pub fn wipe(system_disk: Option<&Disk>) -> Vec<Action> {
    let begins = sequence::wipe_begins().into_iter();
    let mut actions: Vec<Action> = begins.map(Action::Publish).collect();
    if let Some(disk) = system_disk {
        actions.push(Action::Say(format!("wiping /dev/{}", disk.name)));
        actions.push(Action::Wipe(disk.clone()));
    } else {
        actions.extend(wiped(Ok(())));
    }
    actions
}
