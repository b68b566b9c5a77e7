//! The fleet of a run: who is registered, who is found, what is odd about whom, and which rules of
//! which clusters want them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use machine_core::boot::Asker;
use machine_core::cluster::Cluster;
use machine_core::hardware::{Firmware, MacAddress, SerialNumber, SystemUuid};
use machine_core::power::PowerState;

use crate::cluster::{CONTROL_PLANES, MEMBERS, cluster};
use crate::disk::{Contents, DISK, disk};
use crate::event::{Deed, Event};
use crate::lab::World;
use crate::node::{Bmc, Node, Wire};
use crate::situation::Arranged;

/// The address of what has none yet.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl World {
    /// Racks the machines, and schedules what will happen.
    pub(crate) fn build(&mut self) -> Vec<Cluster> {
        let machines = self.settings.machines;
        let mut clusters: Vec<Cluster> = (0..=(machines - 1) / MEMBERS)
            .map(|index| {
                let waits = self.random.percent(30);
                cluster(index, waits)
            })
            .collect();
        (0..machines).for_each(|index| self.rack(index));
        self.arrange(&mut clusters);
        self.clusters = clusters.iter().map(|it| it.spec.clone()).collect();
        let window = self.settings.faults;
        if !window.is_zero() {
            self.schedule_chaos(window);
            self.schedule(window, Event::Calm);
        }
        self.schedule(Duration::from_secs(1), Event::Deed(0, Deed::Register));
        self.schedule(Duration::from_secs(30), Event::Look);
        clusters
    }

    fn rack(&mut self, index: usize) {
        let odd = !self.settings.faults.is_zero();
        let leads = index % MEMBERS < CONTROL_PLANES;
        let is_registered = leads || self.random.percent(60);
        let node = self.new_node(index, odd && !leads, is_registered);
        let starts_on = odd && self.random.percent(20);
        self.nodes.push(node);
        let pressed = self.random.seconds(1, 300);
        let accepted = self.random.seconds(60, 600);
        if starts_on {
            self.power_on(index);
        } else if self.nodes[index].bmc.is_none() {
            self.schedule(pressed, Event::Deed(index, Deed::Press));
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
        let contents = self.first_contents(odd);
        let slow = if odd { 700 } else { 240 };
        let mac = MacAddress::new([0x52, 0x54, 0, a, b, c]);
        let second = MacAddress::new([0x52, 0x54, 1, a, b, c]);
        let has_two = self.random.percent(40);
        let is_ipxe = self.random.percent(30);
        Node {
            mac,
            cards: if has_two {
                vec![mac, second]
            } else {
                vec![mac]
            },
            rom: if is_ipxe {
                Asker::Ipxe
            } else {
                Asker::Firmware
            },
            wire: Wire {
                misses_first: self.random.percent(30),
            },
            uuid,
            serial: serial_number(&format!("S{index}")),
            firmware: if index % 3 == 1 {
                Firmware::Bios
            } else {
                Firmware::Uefi
            },
            address: NOWHERE,
            addresses: vec![NOWHERE; 2],
            manufacturer: format!("Lab {}", index / MEMBERS),
            disk: disk(if has_wrong_disk { "OTHER" } else { DISK }),
            contents,
            is_registered,
            knows_board: self.random.percent(50) && !clones,
            network_first: self.random.percent(50),
            halts: odd && self.random.percent(5),
            self_test: self.random.seconds(20, slow),
            install: self.random.seconds(60, if odd { 500 } else { 240 }),
            bmc: is_registered
                .then(Bmc::default)
                .filter(|_| !(odd && index.is_multiple_of(7))),
            ..Node::idle(mac)
        }
    }

    /// Whether nothing is wrong with a node that would explain a failure in peace: it has the disk
    /// that it is to be installed on, no other system, and shares its board's UUID with nobody.
    pub(crate) fn is_sound(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        let namesakes = self.nodes.iter().filter(|it| it.uuid == node.uuid);
        let is_alone = namesakes.count() == 1;
        let is_foreign = node.contents.is_of_another();
        let is_obeyed = node.arranged.bmc_of.is_none();
        node.disk_serial() == DISK && !is_foreign && is_alone && is_obeyed
    }
}

impl Node {
    /// A machine that is off, and of which nothing else is said.
    fn idle(mac: MacAddress) -> Self {
        Self {
            mac,
            cards: vec![mac],
            rom: Asker::Firmware,
            wire: Wire {
                misses_first: false,
            },
            uuid: SystemUuid::from_bytes([0; 16]),
            serial: serial_number("S"),
            firmware: Firmware::Uefi,
            address: NOWHERE,
            addresses: Vec::new(),
            speaks: mac,
            manufacturer: String::new(),
            disk: disk(DISK),
            contents: Contents::Empty,
            is_registered: false,
            written_as: None,
            found_as: None,
            knows_board: false,
            network_first: false,
            halts: false,
            self_test: Duration::ZERO,
            install: Duration::ZERO,
            bmc: None,
            override_network: false,
            power: PowerState::Off,
            generation: 0,
            boot: None,
            loaded: None,
            installs: None,
            runs: None,
            has_run: false,
            asked: None,
            unheard: std::collections::BTreeSet::new(),
            arranged: Arranged::default(),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "the simulation's own serial numbers are well-formed"
)]
fn serial_number(text: &str) -> SerialNumber {
    text.parse().expect("a serial number")
}
