//! The operating system of a machine: it fetches its config, installs, runs from disk, and tells of
//! it as Talos does, again and again.

use std::time::Duration;

use config_talos::command_line::BootSource;
use config_talos::event::{
    ErrorCode, MachineStage, SequenceAction, SequenceError, StepAction, TalosEvent,
};
use machine_core::id::AttemptId;
use machine_core::time::Timestamp;
use pxe_server::directory::Document;

use crate::config::attempt_and_disk;
use crate::disk::Contents;
use crate::lab::World;
use crate::node::{Errand, Message, NodeStep, Question};
use crate::situation::Moment;

/// Talos asks for its config with growing pauses for three hours, then starts over.
const FETCHES: u32 = 180;
/// How often its services and its status say something.
const BEAT: Duration = Duration::from_mins(1);

impl World {
    pub(crate) fn system_step(&mut self, index: usize, step: NodeStep) -> Option<Errand> {
        match step {
            NodeStep::System => self.starts_from_network(index),
            NodeStep::Fetch(tries) if tries >= FETCHES => self.restart(index),
            NodeStep::Fetch(tries) => return self.ask(index, Question::Config(tries)),
            NodeStep::Written(attempt) => {
                self.nodes[index].contents = Contents::Installed(attempt);
                self.note(|| format!("node {index} has written its disk"));
                self.restart(index);
                self.comes_to(index, Moment::Written);
            }
            NodeStep::Wiped => {
                let node = &mut self.nodes[index];
                node.contents = node.contents.after_wipe();
                self.note(|| format!("node {index} has wiped its disk"));
                self.restart(index);
            }
            NodeStep::Started(attempt) => self.starts_from_disk(index, attempt),
            NodeStep::StartedOlder => self.starts_unrecorded(index),
            NodeStep::Mutter(attempt) => self.mutters(index, attempt),
            NodeStep::Beat => self.beats(index),
            NodeStep::Tell(number, message, tries) => {
                return self.says(index, number, message, tries);
            }
            _ => {}
        }
        None
    }

    fn starts_from_network(&mut self, index: usize) {
        let node = &self.nodes[index];
        let Some((boot, loaded)) = node.boot.zip(node.loaded.clone()) else {
            return self.restart(index);
        };
        self.tell_kernel(index, BootSource::Network(boot));
        if loaded.wipes {
            return self.soon(index, (5, 30), NodeStep::Wiped);
        }
        if self.nodes[index].contents.has_state() {
            self.runs_on_what_it_found(index);
        } else {
            self.soon(index, (1, 5), NodeStep::Fetch(0));
        }
        self.comes_to(index, Moment::Loaded);
    }

    /// A config came, or nothing did.
    pub(crate) fn told_config(&mut self, index: usize, tries: u32, document: Option<Document>) {
        let Some(document) = document else {
            let error = "failed to load config via platform metal: failed to download config";
            if tries > 0 && tries.is_multiple_of(4) {
                self.tell(
                    index,
                    TalosEvent::ConfigLoadError {
                        error: error.to_owned(),
                    },
                );
            }
            let pause = 1 << tries.min(6);
            return self.soon(index, (pause, pause + 2), NodeStep::Fetch(tries + 1));
        };
        let text = String::from_utf8_lossy(&document.body).into_owned();
        let Some((attempt, disk)) = attempt_and_disk(&text) else {
            return;
        };
        if self.nodes[index].disk_serial() != disk {
            let error = "failed to runtime validate config acquired via platform metal: 1 error \
                         occurred: * v1alpha1.Config: 1 error occurred: * no disks matched the \
                         expression"
                .to_owned();
            self.note(|| format!("node {index} refuses its config: it has no disk {disk}"));
            self.tell(index, TalosEvent::ConfigLoadError { error });
            return self.soon(index, (60, 70), NodeStep::Fetch(tries + 1));
        }
        let judged = self.ledger.disk_write(index, attempt, &disk);
        self.judge(judged);
        self.note(|| format!("node {index} installs attempt {attempt}"));
        let now = self.now;
        let node = &mut self.nodes[index];
        node.contents = Contents::Half;
        node.installs = Some((attempt, now));
        let takes = node.install;
        let begins = TalosEvent::Phase {
            name: "install".to_owned(),
            action: StepAction::Start,
        };
        self.tell(index, begins);
        let ends = TalosEvent::Sequence {
            name: "install".to_owned(),
            action: SequenceAction::Noop,
            error: Some(SequenceError {
                code: ErrorCode::Fatal,
                message: "unix.Reboot".to_owned(),
            }),
        };
        let number = self.number();
        self.nodes[index].unheard.insert(number);
        let last_word = takes.saturating_sub(Duration::from_secs(3));
        self.later(
            index,
            last_word,
            NodeStep::Tell(number, Message::Event(ends), 0),
        );
        self.later(index, takes, NodeStep::Written(attempt));
        self.comes_to(index, Moment::Fetched);
    }

    fn starts_from_disk(&mut self, index: usize, attempt: AttemptId) {
        self.note(|| format!("node {index} runs from its disk on attempt {attempt}"));
        let now = self.now;
        let node = &mut self.nodes[index];
        node.turn_to(node.speaks);
        (node.runs, node.has_run) = (Some((attempt, now)), true);
        self.tell_kernel(index, BootSource::Disk);
        self.soon(index, (5, 20), NodeStep::Beat);
        self.comes_to(index, Moment::RunsFromDisk);
    }

    /// What a system that runs from its disk says every minute.
    fn beats(&mut self, index: usize) {
        let Some((attempt, since)) = self.nodes[index].runs else {
            return;
        };
        self.send(index, Message::Service(attempt));
        let is_up = self.nodes[index].is_up(attempt, self.now);
        let is_formed = self.ledger.is_formed(attempt, self.now);
        let status = TalosEvent::MachineStatus {
            stage: if is_up {
                MachineStage::Running
            } else {
                MachineStage::Booting
            },
            ready: is_up && is_formed,
            unmet: Vec::new(),
        };
        self.tell(index, status);
        let is_young = self.now.since(since) < Duration::from_mins(5);
        let pause = if is_young { BEAT / 3 } else { BEAT };
        self.later(index, pause, NodeStep::Beat);
    }

    /// Drover is back: systems that run connect again, and most tell their kernel's log anew.
    pub(crate) fn reconnect(&mut self) {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let source = match (node.runs, node.installs, node.boot) {
                (Some(_), ..) => BootSource::Disk,
                (None, Some(_), Some(boot)) => BootSource::Network(boot),
                _ => continue,
            };
            if self.random.percent(70) {
                self.tell_kernel(index, source);
            }
        }
    }

    /// Says again how its kernel was started: at its start, and on a new connection.
    pub(crate) fn tell_kernel(&mut self, index: usize, source: BootSource) {
        let at = rfc3339(self.now);
        self.send(index, Message::Kernel(source, at));
    }

    fn tell(&mut self, index: usize, event: TalosEvent) {
        self.send(index, Message::Event(event));
    }

    pub(crate) fn send(&mut self, index: usize, message: Message) {
        let number = self.number();
        self.nodes[index].unheard.insert(number);
        let late = if self.fails(5) {
            self.random.seconds(10, 60)
        } else {
            Duration::from_millis(200)
        };
        self.later(index, late, NodeStep::Tell(number, message, 0));
    }

    /// A message goes out. One of the log may be lost for good, an event is sent until somebody
    /// acknowledges it, and both may come twice.
    fn says(&mut self, index: usize, number: u64, message: Message, tries: u32) -> Option<Errand> {
        if !self.nodes[index].unheard.contains(&number) {
            return None;
        }
        if self.is_mute(index) {
            self.nodes[index].unheard.remove(&number);
            return None;
        }
        let is_line = !matches!(message, Message::Event(_));
        if is_line && tries == 0 && self.fails(4) {
            self.nodes[index].unheard.remove(&number);
            return None;
        }
        let again = self.random.seconds(8, 12);
        self.later(
            index,
            again,
            NodeStep::Tell(number, message.clone(), tries + 1),
        );
        (!self.fails(5)).then_some(Errand::Report(index, number, message))
    }
}

fn rfc3339(at: Timestamp) -> String {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    humantime::format_rfc3339_millis(std::time::UNIX_EPOCH + Duration::from_millis(millis))
        .to_string()
}
