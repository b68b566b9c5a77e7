//! The fleet of a run: who is registered, who is found, what is odd about whom, and which rules of
//! which clusters want them.

use std::net::SocketAddr;
use std::time::Duration;

use machine_core::allocation::{Allocation, allocate};
use machine_core::boot::Asker;
use machine_core::cluster::{
    Acceptance, Cluster, ClusterSpec, MemberRule, Pattern, Role, Selector,
};
use machine_core::disk::DiskIdentity;
use machine_core::endpoint::{BmcEndpoint, BmcProtocol};
use machine_core::evidence::{Heard, KnownIdentity};
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use machine_core::id::{ClusterId, MachineId};
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::power::PowerState;

use crate::event::{Deed, Event};
use crate::node::{Bmc, Contents, Node, Wire};
use crate::records::Row;
use crate::world::World;

/// How many machines a cluster has.
const MEMBERS: usize = 250;

impl World {
    /// Racks the machines, writes the clusters' files, and schedules what will happen.
    pub(crate) fn build(&mut self) {
        let machines = self.settings.machines;
        for index in 0..=(machines - 1) / MEMBERS {
            let waits = self.random.percent(30);
            self.clusters.push(cluster(index, waits));
            self.ready.push(false);
        }
        (0..machines).for_each(|index| self.rack(index));
        self.schedule_inside(Duration::from_secs(1), Event::Sweep);
        let window = self.settings.faults;
        if !window.is_zero() {
            self.schedule_chaos(window);
        }
        self.schedule(window.max(Duration::from_mins(15)), Event::Calm);
    }

    fn rack(&mut self, index: usize) {
        let odd = !self.settings.faults.is_zero();
        let first = index.is_multiple_of(MEMBERS);
        let is_registered = first || self.random.percent(60);
        let node = self.new_node(index, odd && !first, is_registered);
        let starts_on = odd && self.random.percent(20);
        self.nodes.push(node);
        if is_registered {
            self.register(index);
        }
        let pressed = self.random.seconds(1, 300);
        let accepted = self.random.seconds(60, 600);
        if starts_on {
            self.power_on(index);
        } else if !is_registered {
            self.schedule(pressed, Event::Deed(index, Deed::Start));
        }
        self.schedule(accepted, Event::Deed(index, Deed::Accept));
    }

    fn new_node(&mut self, index: usize, odd: bool, is_registered: bool) -> Node {
        let [_, .., a, b, c] = u32::try_from(index).unwrap_or(0).to_be_bytes();
        let clones = odd && index > 1 && self.random.percent(8);
        let twin = self.choose(index.max(1));
        let uuid = if clones {
            self.nodes[twin].uuid
        } else {
            SystemUuid::from_bytes(self.random.bytes())
        };
        let has_wrong_disk = odd && self.random.percent(4);
        let is_foreign = odd && self.random.percent(6);
        let slow = if odd { 700 } else { 240 };
        let mac = MacAddress::new([0x52, 0x54, 0, a, b, c]);
        let second = MacAddress::new([0x52, 0x54, 1, a, b, c]);
        Node {
            mac,
            cards: if self.random.percent(40) {
                vec![mac, second]
            } else {
                vec![mac]
            },
            rom: if self.random.percent(30) {
                Asker::Ipxe
            } else {
                Asker::Firmware
            },
            wire: Wire {
                beside_another_server: self.random.percent(30),
                misses_first: self.random.percent(30),
            },
            uuid,
            serial: serial(&format!("S{index}")),
            address: Node::nth_address(index),
            manufacturer: format!("Lab {}", index / MEMBERS),
            disk: disk(if has_wrong_disk { "OTHER" } else { "D1" }),
            contents: if is_foreign {
                Contents::Foreign
            } else {
                Contents::Empty
            },
            network_first: self.random.percent(50),
            halts: odd && self.random.percent(5),
            self_test: self.random.seconds(20, slow),
            install: self.random.seconds(60, if odd { 500 } else { 240 }),
            bmc: is_registered
                .then(Bmc::default)
                .filter(|_| !(odd && index.is_multiple_of(7))),
            override_network: false,
            power: PowerState::Off,
            generation: 0,
            boot: None,
            runs: None,
        }
    }

    /// A person writes down a machine before it was ever seen, by its card and maker.
    fn register(&mut self, index: usize) {
        let id = MachineId::from_bytes(self.random.bytes());
        let knows_board = self.random.percent(50);
        let node = &self.nodes[index];
        let mut machine = Machine::discovered(id, format!("node-{index}"), self.now);
        machine.hardware.manufacturer = Some(node.manufacturer.clone());
        machine.bmc = node.bmc.map(|_| BmcEndpoint {
            protocol: BmcProtocol::Ipmi,
            address: SocketAddr::new(node.address, 623),
            username: "admin".to_owned(),
        });
        let known = KnownIdentity {
            machine: id,
            name: machine.name.clone(),
            since: self.now,
            macs: node.cards.iter().copied().collect(),
            registered: true,
            uuid: knows_board.then_some(node.uuid),
            serial: None,
            heard: Heard::default(),
        };
        self.enrol(Row::new(machine, known), index);
    }
}

/// Whether a rule, or a person who accepted it, wants the machine installed.
pub(crate) fn is_wanted(world: &World, row: &Row) -> bool {
    let taken = allocate(&row.machine, &world.clusters);
    let is_auto = matches!(
        taken,
        Allocation::Take {
            acceptance: Acceptance::Auto,
            ..
        }
    );
    is_auto || !matches!(row.machine.state, State::Discovered | State::Retired)
}

/// Whether nothing is wrong with a machine that would explain a failure in peace: it has the disk
/// that it is to be installed on, no other system, and shares its board's UUID with nobody.
pub(crate) fn is_sound(world: &World, index: usize) -> bool {
    let node = &world.nodes[index];
    let namesakes = world
        .nodes
        .iter()
        .filter(|other| other.uuid == node.uuid)
        .count();
    node.disk == disk("D1") && node.contents != Contents::Foreign && namesakes == 1
}

fn cluster(index: usize, waits: bool) -> Cluster {
    let acceptance = if waits {
        Acceptance::Wait
    } else {
        Acceptance::Auto
    };
    let rule = |role, selector| MemberRule {
        role,
        selector,
        acceptance,
        disk: Some(disk("D1")),
    };
    let pattern = Pattern {
        manufacturer: Some(format!("Lab {index}")),
        ..Pattern::default()
    };
    let first = Selector::Named(format!("node-{}", index * MEMBERS));
    let spec = ClusterSpec {
        name: format!("lab-{index}"),
        endpoint: "https://10.77.0.10:6443".to_owned(),
        talos: "1.13.9".to_owned(),
        kubernetes: "1.34.1".to_owned(),
        image: "talos".to_owned(),
        allow_plaintext: true,
        members: vec![
            rule(Role::ControlPlane, first),
            rule(Role::Worker, Selector::Matching(pattern)),
        ],
    };
    let mut id = [0; 16];
    id[..8].copy_from_slice(&index.to_be_bytes());
    Cluster {
        id: ClusterId::from_bytes(id),
        spec,
        bootstrap: None,
        version: 0,
    }
}

#[expect(
    clippy::expect_used,
    reason = "the simulation's own serial numbers are well-formed"
)]
fn serial(text: &str) -> SerialNumber {
    text.parse().expect("a serial number")
}

#[expect(
    clippy::expect_used,
    reason = "the simulation's own serial numbers are well-formed"
)]
fn disk(name: &str) -> DiskIdentity {
    DiskIdentity::from_serial(name).expect("a disk's serial number")
}
