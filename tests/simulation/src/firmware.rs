//! What a machine does until its system runs: power, firmware, cards, iPXE.
//!
//! A node knows nothing of Drover's records. What it does next is an event of its own power cycle
//! (`generation`): switching it off forgets all of them, in the middle of an install, too.

use std::net::IpAddr;
use std::time::Duration;

use machine_core::boot::{Asker, BootStep};
use machine_core::hardware::MacAddress;
use machine_core::power::PowerState;
use pxe_server::directory::ScriptAnswer;

use crate::dhcp_client::{Granted, Load};
use crate::disk::Contents;
use crate::invariant::Violation;
use crate::lab::World;
use crate::node::{Errand, Loaded, Node, NodeStep, Question, Reply};

/// How often firmware asks for an address, and iPXE after it.
const DISCOVERS: u32 = 4;
/// How often iPXE asks for its script before it starts the machine anew.
const SCRIPTS: u32 = 10;

impl World {
    pub(crate) fn power_on(&mut self, index: usize) {
        let node = &self.nodes[index];
        if node.power == PowerState::Off && !node.arranged.is_dead {
            self.note(|| format!("node {index} goes on"));
            self.nodes[index].power = PowerState::On;
            self.restart(index);
        }
    }

    pub(crate) fn power_off(&mut self, index: usize) {
        self.note(|| format!("node {index} goes off"));
        self.nodes[index].power = PowerState::Off;
        self.forget(index);
    }

    pub(crate) fn restart(&mut self, index: usize) {
        self.forget(index);
        let self_test = self.nodes[index].self_test;
        self.later(index, self_test, NodeStep::Posted);
    }

    /// Everything in memory is gone.
    pub(crate) fn forget(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.generation += 1;
        (node.boot, node.loaded, node.asked) = (None, None, None);
        (node.installs, node.runs) = (None, None);
        node.unheard.clear();
    }

    /// What a node does; what it asks of Drover meanwhile.
    pub(crate) fn node_step(&mut self, index: usize, step: NodeStep) -> Option<Errand> {
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
                None
            }
            NodeStep::Discover(tries) => self.ask(index, Question::Dhcp(Asker::Firmware, tries)),
            NodeStep::Loaded => {
                self.soon(index, (2, 6), NodeStep::Ipxe(0));
                Some(Errand::Step(index, BootStep::Loader))
            }
            NodeStep::Ipxe(tries) => self.ask(index, Question::Dhcp(Asker::Ipxe, tries)),
            NodeStep::Script(failures) => self.ask(index, Question::Script(failures)),
            NodeStep::Answer(number, reply) => self.answered(index, number, reply),
            NodeStep::Expired(number) => {
                let question = self.nodes[index].asked.filter(|(it, _)| *it == number)?.1;
                let nothing = match question {
                    Question::Dhcp(..) => Reply::Dhcp(None),
                    Question::Script(_) => Reply::Script(None),
                    Question::Config(_) => Reply::Config(None),
                };
                self.answered(index, number, nothing)
            }
            NodeStep::System
            | NodeStep::Fetch(_)
            | NodeStep::Written(_)
            | NodeStep::Wiped
            | NodeStep::Started(_)
            | NodeStep::StartedOlder
            | NodeStep::Mutter(_)
            | NodeStep::Beat
            | NodeStep::Tell(..) => self.system_step(index, step),
        }
    }

    /// Asks Drover, and waits for an answer as long as such a client does.
    pub(crate) fn ask(&mut self, index: usize, question: Question) -> Option<Errand> {
        let number = self.number();
        self.nodes[index].asked = Some((number, question));
        let patience = match question {
            Question::Dhcp(_, tries) => Duration::from_secs(4 << tries.min(4)),
            Question::Script(_) => Duration::from_secs(20),
            Question::Config(_) => Duration::from_secs(30),
        };
        self.later(index, patience, NodeStep::Expired(number));
        (!self.fails(5)).then_some(Errand::Ask(index, number, question))
    }

    fn answered(&mut self, index: usize, number: u64, reply: Reply) -> Option<Errand> {
        let (_, question) = self.nodes[index].asked.take_if(|(it, _)| *it == number)?;
        match (question, reply) {
            (Question::Dhcp(asker, tries), Reply::Dhcp(answer)) => {
                self.told_by_dhcp(index, (asker, tries), answer);
                None
            }
            (Question::Script(failures), Reply::Script(answer)) => {
                self.told_by_script(index, failures, answer)
            }
            (Question::Config(tries), Reply::Config(document)) => {
                self.told_config(index, tries, document);
                None
            }
            _ => None,
        }
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
        let hangs = self.fails(30);
        match self.nodes[index].contents {
            Contents::Installed(attempt) => self.soon(index, (40, 90), NodeStep::Started(attempt)),
            Contents::Unrecorded(_) => {
                self.soon(index, (40, 90), NodeStep::StartedOlder);
            }
            Contents::Foreign | Contents::ForeignTalos => {}
            Contents::Half if hangs => {}
            Contents::Empty | Contents::Half if !asked => self.discover(index, (1, 5)),
            Contents::Empty | Contents::Half if self.nodes[index].halts => {}
            Contents::Empty | Contents::Half => self.discover(index, (50, 70)),
        }
    }

    fn told_by_dhcp(
        &mut self,
        index: usize,
        (asker, tries): (Asker, u32),
        answer: Option<Granted>,
    ) {
        let is_missed = self.nodes[index].wire.misses_first && tries == 0;
        let granted = answer.filter(|_| !is_missed);
        if let Some(Granted { address, load }) = granted {
            let judged = self.holds_alone(index, address);
            self.judge(judged);
            let node = &mut self.nodes[index];
            node.take_address(address);
            if load != Load::Nothing {
                node.speaks = node.mac;
            }
        }
        match (granted.map(|it| it.load), asker) {
            (Some(Load::File), _) => self.soon(index, (1, 4), NodeStep::Loaded),
            (Some(Load::Script(boot)), _) => {
                self.nodes[index].boot = Some(boot);
                self.soon(index, (1, 3), NodeStep::Script(0));
            }
            (Some(Load::Nothing), _) => self.leave_card(index),
            (None, Asker::Firmware) if tries + 1 < DISCOVERS => {
                self.soon(index, (1, 3), NodeStep::Discover(tries + 1));
            }
            (None, Asker::Ipxe) if tries + 1 < DISCOVERS => {
                self.soon(index, (1, 3), NodeStep::Ipxe(tries + 1));
            }
            (None, _) => self.leave_card(index),
        }
    }

    /// No other machine holds an address; a clone of the card does, and nobody can tell.
    fn holds_alone(&self, index: usize, address: IpAddr) -> Result<(), Violation> {
        let mac = self.nodes[index].mac;
        let others = self.nodes.iter().enumerate();
        let mut others = others.filter(|(_, it)| !it.cards.contains(&mac));
        match others.find(|(_, it)| it.addresses.contains(&address)) {
            Some((other, _)) => Err(Violation::LeasedTwice {
                node: index,
                other,
                address,
            }),
            None => Ok(()),
        }
    }

    fn told_by_script(
        &mut self,
        index: usize,
        failures: u32,
        answer: Option<ScriptAnswer>,
    ) -> Option<Errand> {
        match answer {
            Some(ScriptAnswer::Wait { .. }) => self.soon(index, (4, 6), NodeStep::Script(0)),
            Some(ScriptAnswer::LocalDisk { .. }) => self.boot_disk(index, true),
            Some(ScriptAnswer::Boot { arguments, .. }) => {
                self.nodes[index].loaded = loaded(&arguments);
                self.soon(index, (10, 60), NodeStep::System);
                return Some(Errand::Step(index, BootStep::Kernel));
            }
            None if failures < SCRIPTS => {
                self.soon(index, (4, 6), NodeStep::Script(failures + 1));
            }
            None => self.restart(index),
        }
        None
    }
}

/// Whether a kernel's arguments make Talos wipe what it takes for its own.
pub(crate) fn wipes(arguments: &[String]) -> bool {
    arguments.iter().any(|it| it.contains("experimental.wipe"))
}

/// What a kernel's arguments say.
fn loaded(arguments: &[String]) -> Option<Loaded> {
    let wipes = wipes(arguments);
    let config = arguments
        .iter()
        .find_map(|it| it.strip_prefix("talos.config="));
    let path = config.and_then(|url| url.split_once("/c/")).map(|it| it.1);
    let parts = path.and_then(|path| path.split_once('/'));
    let (token, name) = match parts {
        Some((token, name)) => (token, name.split('?').next().unwrap_or(name)),
        None if wipes => ("", ""),
        None => return None,
    };
    Some(Loaded {
        token: token.to_owned(),
        name: name.to_owned(),
        wipes,
    })
}

impl Node {
    /// Turns to the first card.
    pub(crate) fn first_card(&mut self) {
        let first = self.cards.first().copied();
        self.turn_to(first.unwrap_or(self.mac));
    }

    /// Turns to the next card, if there is one.
    pub(crate) fn next_card(&mut self) -> bool {
        let mut rest = self.cards.iter().skip_while(|card| **card != self.mac);
        let next = rest.nth(1).copied();
        self.turn_to(next.unwrap_or(self.mac));
        next.is_some()
    }

    /// Turns to a card, which has an address of its own.
    pub(crate) fn turn_to(&mut self, card: MacAddress) {
        let mut cards = self.cards.iter().zip(&self.addresses);
        if let Some((_, address)) = cards.find(|(it, _)| **it == card) {
            (self.mac, self.address) = (card, *address);
        }
    }
}
