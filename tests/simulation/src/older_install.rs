//! Disks that hold an older install: what its system does where it is started, and what people and
//! documents have to permit before it is wiped.
//!
//! Talos that finds a config on a disk runs on it, wherever it was started from. So an older install
//! can't be written over: it is wiped first, by a boot of its own.

use std::time::Duration;

use config_talos::command_line::BootSource;
use machine_core::id::AttemptId;
use machine_core::time::Timestamp;
use pxe_server::directory::ScriptAnswer;

use crate::disk::{Contents, DISK};
use crate::firmware::wipes;
use crate::invariant::Violation;
use crate::lab::World;
use crate::node::{Message, NodeStep};

/// How often the services of such a system say something.
const MUTTER: Duration = Duration::from_mins(1);

impl World {
    /// What is on a disk when its machine is racked: nothing, mostly.
    pub(crate) fn first_contents(&mut self, is_odd: bool) -> Contents {
        if !is_odd {
            return Contents::Empty;
        }
        match self.random.below(100) {
            0..6 => Contents::Foreign,
            6..11 => Contents::ForeignTalos,
            11..16 => Contents::Unrecorded(self.unrecorded()),
            _ => Contents::Empty,
        }
    }

    /// An attempt that is on no record.
    pub(crate) fn unrecorded(&mut self) -> AttemptId {
        AttemptId::from_bytes(self.random.bytes())
    }

    /// Talos was started from the network, and runs on the config that it has found.
    pub(crate) fn runs_on_what_it_found(&mut self, index: usize) {
        self.note(|| format!("node {index} runs on what is on its disk, and asks for no config"));
        let now = self.now;
        let node = &mut self.nodes[index];
        if let Contents::Installed(attempt) = node.contents {
            node.installs = Some((attempt, now));
        }
        self.begins_to_mutter(index);
    }

    /// A system that is on no record runs from its disk.
    pub(crate) fn starts_unrecorded(&mut self, index: usize) {
        self.note(|| format!("node {index} runs from its disk what is on no record"));
        self.tell_kernel(index, BootSource::Disk);
        self.begins_to_mutter(index);
    }

    fn begins_to_mutter(&mut self, index: usize) {
        if let Some(attempt) = self.nodes[index].contents.tag() {
            self.soon(index, (5, 20), NodeStep::Mutter(attempt));
        }
    }

    /// Its services say on whose config they run.
    pub(crate) fn mutters(&mut self, index: usize, attempt: AttemptId) {
        self.send(index, Message::Service(attempt));
        self.later(index, MUTTER, NodeStep::Mutter(attempt));
    }

    /// An answer that makes a node wipe its disk goes to it.
    pub(crate) fn judge_wipe(&mut self, node: usize, asked: Timestamp, answer: &ScriptAnswer) {
        let ScriptAnswer::Boot { arguments, .. } = answer else {
            return;
        };
        if wipes(arguments) {
            let contents = self.nodes[node].contents;
            self.note(|| format!("node {node} is told to wipe {contents:?}"));
            let judged = self.may_wipe(node, asked);
            self.judge(judged);
        }
    }

    /// Whether people permit that a node is told at this moment to wipe its disk. What a config of
    /// ours put there goes by the permission to install on that very disk. Whatever else Talos would
    /// wipe needs a person who has asked for the wipe.
    fn may_wipe(&self, node: usize, asked: Timestamp) -> Result<(), Violation> {
        let at = &self.nodes[node];
        let is_harmless = match at.contents {
            Contents::Empty | Contents::Foreign => true,
            Contents::Half => at.disk_serial() == DISK,
            Contents::Installed(attempt) => {
                let disk = at.disk_serial();
                disk == DISK && self.ledger.is_of(node, attempt, &disk)
            }
            Contents::ForeignTalos | Contents::Unrecorded(_) => false,
        };
        let is_permitted = self.permits_install(node, asked)
            && (is_harmless || self.words.ask_for_wipe(node, asked));
        is_permitted.then_some(()).ok_or(Violation::Wiped { node })
    }
}
