//! What the machines of a run do: firmware, one disk, power, a BMC that may lie, and an operating
//! system that retries as Talos does.
//!
//! A node knows nothing of Drover's records. What it does next is an event of its own power cycle
//! (`generation`): switching it off forgets all of them, in the middle of an install, too.

use std::time::Duration;

use machine_core::boot::{Asker, BootStep};
use machine_core::decision::Answer;
use machine_core::disk::DiskIdentity;
use machine_core::id::{AttemptId, BootId};
use machine_core::power::PowerState;

use crate::event::Event;
use crate::invariant::Violation;
use crate::node::{Contents, NodeStep};
use crate::world::World;

/// How often firmware asks for an address, and iPXE after it.
const DISCOVERS: u32 = 4;
/// How often iPXE asks for its script before it starts the machine anew.
const SCRIPTS: u32 = 10;

impl World {
    pub(crate) fn power_on(&mut self, index: usize) {
        if self.nodes[index].power == PowerState::Off {
            self.nodes[index].power = PowerState::On;
            self.restart(index);
        }
    }

    pub(crate) fn power_off(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.power = PowerState::Off;
        node.generation += 1;
        (node.boot, node.runs) = (None, None);
    }

    fn restart(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.generation += 1;
        (node.boot, node.runs) = (None, None);
        let self_test = node.self_test;
        self.later(index, self_test, NodeStep::Posted);
    }

    /// Schedules what a node does next in this power cycle.
    pub(crate) fn later(&mut self, index: usize, after: Duration, step: NodeStep) {
        let generation = self.nodes[index].generation;
        self.schedule(after, Event::Node(index, generation, step));
    }

    fn soon(&mut self, index: usize, (least, most): (u64, u64), step: NodeStep) {
        let after = self.random.seconds(least, most);
        self.later(index, after, step);
    }

    pub(crate) fn node_step(&mut self, index: usize, step: NodeStep) -> Result<(), Violation> {
        match step {
            NodeStep::Posted => {
                let node = &mut self.nodes[index];
                let network = node.network_first || node.override_network;
                node.override_network = false;
                if network {
                    self.discover(index, (1, 5));
                } else {
                    self.boot_disk(index, false);
                }
            }
            NodeStep::Discover(tries) => self.ask_dhcp(index, Asker::Firmware, tries),
            NodeStep::Loaded => {
                self.note_step(index, BootStep::Loader);
                self.soon(index, (2, 6), NodeStep::Ipxe(0));
            }
            NodeStep::Ipxe(tries) => self.ask_dhcp(index, Asker::Ipxe, tries),
            NodeStep::Script(failures) => self.ask_script(index, failures),
            NodeStep::System(attempt) => {
                self.note_step(index, BootStep::System);
                self.soon(index, (1, 5), NodeStep::Fetch(attempt, 0));
            }
            NodeStep::Fetch(attempt, tries) => self.ask_config(index, attempt, tries),
            NodeStep::Config(attempt, disk) => return self.install(index, attempt, &disk),
            NodeStep::Written(attempt) => {
                self.nodes[index].contents = Contents::Installed(attempt);
                self.restart(index);
            }
            NodeStep::Started(attempt) => {
                self.nodes[index].runs = Some((attempt, self.now));
                self.report(index, attempt);
            }
            NodeStep::Report(attempt) => self.report(index, attempt),
        }
        Ok(())
    }

    /// Its firmware tries the network, from its first card on.
    fn discover(&mut self, index: usize, within: (u64, u64)) {
        self.nodes[index].first_card();
        self.ask_from_card(index, within);
    }

    fn ask_from_card(&mut self, index: usize, within: (u64, u64)) {
        let step = match self.nodes[index].rom {
            Asker::Firmware => NodeStep::Discover(0),
            Asker::Ipxe => NodeStep::Ipxe(0),
        };
        self.soon(index, within, step);
    }

    /// No card was told to boot from the network: the next one is tried, then the disk.
    fn leave_card(&mut self, index: usize) {
        if self.nodes[index].next_card() {
            self.ask_from_card(index, (1, 5));
        } else {
            self.boot_disk(index, true);
        }
    }

    /// Starts the disk; `asked` says that the network was tried before.
    fn boot_disk(&mut self, index: usize, asked: bool) {
        let hangs = self.random.percent(30);
        match self.nodes[index].contents {
            Contents::Installed(attempt) => self.soon(index, (40, 90), NodeStep::Started(attempt)),
            Contents::Foreign => {}
            Contents::Half if hangs && self.faults() => {}
            Contents::Empty | Contents::Half if !asked => self.discover(index, (1, 5)),
            Contents::Empty | Contents::Half if self.nodes[index].halts => {}
            Contents::Empty | Contents::Half => self.discover(index, (50, 70)),
        }
    }

    fn ask_dhcp(&mut self, index: usize, asker: Asker, tries: u32) {
        let again = match asker {
            Asker::Firmware => NodeStep::Discover(tries + 1),
            Asker::Ipxe => NodeStep::Ipxe(tries + 1),
        };
        let answer = self.over_the_wire(|world| Some(world.answer_dhcp(index, asker)));
        let wire = self.nodes[index].wire;
        let is_missed = wire.misses_first && tries == 0;
        let is_silence = |(_, netboot): &(BootId, bool)| !netboot && wire.beside_another_server;
        let heard = answer.filter(|answer| !is_missed && !is_silence(answer));
        match (heard, asker) {
            (Some((boot, true)), Asker::Firmware) => {
                self.nodes[index].boot = Some(boot);
                self.note_step(index, BootStep::Lease);
                self.soon(index, (1, 4), NodeStep::Loaded);
            }
            (Some((boot, true)), Asker::Ipxe) => {
                self.nodes[index].boot = Some(boot);
                self.soon(index, (1, 3), NodeStep::Script(0));
            }
            (Some((_, false)), Asker::Firmware | Asker::Ipxe) => self.leave_card(index),
            (None, Asker::Firmware | Asker::Ipxe) if tries + 1 < DISCOVERS => {
                self.later(index, Duration::from_secs(4 << tries), again);
            }
            (None, Asker::Firmware | Asker::Ipxe) => self.leave_card(index),
        }
    }

    fn ask_script(&mut self, index: usize, failures: u32) {
        match self.over_the_wire(|world| world.answer_script(index)) {
            Some(Answer::Wait) => self.soon(index, (4, 6), NodeStep::Script(0)),
            Some(Answer::LocalDisk) => self.boot_disk(index, true),
            Some(Answer::Install(attempt)) => {
                self.note_step(index, BootStep::Kernel);
                self.soon(index, (10, 60), NodeStep::System(attempt));
            }
            None if failures < SCRIPTS => {
                self.soon(index, (4, 6), NodeStep::Script(failures + 1));
            }
            None => self.restart(index),
        }
    }

    /// Talos asks again with growing pauses for three hours, then starts over. Each time it tells
    /// that it has no config.
    fn ask_config(&mut self, index: usize, attempt: AttemptId, tries: u32) {
        const TRIES: u32 = 180;
        if tries >= TRIES {
            return self.restart(index);
        }
        if tries > 0 {
            self.note_step(index, BootStep::System);
        }
        let pause = 1 << tries.min(6);
        self.soon(
            index,
            (pause, pause + 2),
            NodeStep::Fetch(attempt, tries + 1),
        );
        let node = &self.nodes[index];
        let peer = (node.address, Some(node.mac));
        if self.wire_holds() {
            self.begin_release(index, attempt, peer);
        }
    }

    fn install(
        &mut self,
        index: usize,
        attempt: AttemptId,
        disk: &DiskIdentity,
    ) -> Result<(), Violation> {
        let node = &mut self.nodes[index];
        if node.disk != *disk {
            // It refuses the config, and fetches it again and again with growing pauses.
            return Ok(());
        }
        // What it still wanted to fetch is forgotten: it has its config.
        node.generation += 1;
        node.contents = Contents::Half;
        let takes = node.install;
        self.judge_disk_write(index, attempt, disk)?;
        self.later(index, takes, NodeStep::Written(attempt));
        Ok(())
    }

    /// Tells that it runs from disk until somebody hears it.
    fn report(&mut self, index: usize, attempt: AttemptId) {
        let heard = self.over_the_wire(|world| world.hear_disk(index, attempt));
        if heard.is_none() {
            self.soon(index, (8, 12), NodeStep::Report(attempt));
        }
    }
}
