//! The documents of a scenario, as a person writes them: Drover's settings, the rack, the cluster.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use testbed::network::LINK;
use testbed::rack::RackedMachine;

use crate::node_image::NodeImage;

/// The cluster's name.
pub const CLUSTER: &str = "lab";
/// The version of Talos that the node image stands in for.
pub const TALOS: &str = "1.13.9";

/// What a machine becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A member of the control plane.
    ControlPlane,
    /// A worker.
    Worker,
}

impl Role {
    /// As documents and listings have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ControlPlane => "controlplane",
            Self::Worker => "worker",
        }
    }
}

/// Who gives the machines their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Drover, the only DHCP server of the segment.
    FromDrover,
    /// Another DHCP server, which knows nothing of booting. Machines that nobody registered wait.
    FromAnother,
    /// Drover, behind a router with a relay.
    ThroughRelay,
}

impl Addresses {
    const fn lines(self) -> &'static str {
        match self {
            Self::FromDrover => "mode: authoritative, ranges: [10.77.0.50-10.77.0.200]",
            Self::FromAnother => "mode: proxy, unknown: inspect",
            Self::ThroughRelay => {
                "mode: authoritative, ranges: [10.77.0.50-10.77.0.200], network: 10.77.0.0/24, \
                 relays: [10.77.0.254], router: 10.77.0.254"
            }
        }
    }
}

/// What differs between the settings of scenarios.
#[derive(Debug, Clone, Copy)]
pub struct Choices<'a> {
    /// Who gives the machines their addresses.
    pub addresses: Addresses,
    /// What else stands on the kernel line of the node image.
    pub arguments: &'a [&'a str],
    /// What else is said of the subnet, as in a mapping.
    pub subnet: &'a str,
    /// Further sections, each with its line end.
    pub sections: &'a str,
    /// The URL of the database, where it is not a file in the state directory.
    pub database: Option<&'a str>,
}

impl Choices<'_> {
    /// Addresses from Drover, and nothing else.
    pub const USUAL: Self = Self {
        addresses: Addresses::FromDrover,
        arguments: &[],
        subnet: "",
        sections: "",
        database: None,
    };
}

/// The settings of `drover serve` in the lab's segment.
pub fn settings(state: &Path, image: &NodeImage, choices: Choices<'_>) -> String {
    let arguments = [&["console=ttyS0"], choices.arguments].concat().join(", ");
    let database = choices.database;
    let database = database.map_or_else(String::new, |url| format!("  database: {url}\n"));
    let NodeImage {
        kernel,
        kernel_sha256,
        initrd,
        initrd_sha256,
    } = image;
    format!(
        "state:
  directory: {state}
{database}reconcile:
  interval: 2
{sections}log:
  format: text
  level: info
subnets:
  - {{ name: lab, interface: {LINK}, {subnet}{more} }}
images:
  - name: talos-{TALOS}
    arch: amd64
    kernel: {kernel}
    kernel_sha256: {kernel_sha256}
    initrd: {initrd}
    initrd_sha256: {initrd_sha256}
    arguments: [{arguments}]
",
        state = state.display(),
        sections = choices.sections,
        subnet = choices.addresses.lines(),
        more = choices.subnet,
        kernel = kernel.display(),
        initrd = initrd.display(),
    )
}

/// A machine, and what is written down of it beside its cards and its BMC.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'a> {
    /// The machine.
    pub machine: &'a RackedMachine,
    /// The address that is reserved for it.
    pub address: Option<Ipv4Addr>,
    /// Whether its UUID and its serial number are written down.
    pub board: bool,
}

/// The rack: every machine that is registered.
pub fn rack<'a>(machines: impl IntoIterator<Item = Registered<'a>>) -> String {
    let mut text = "machines:\n".to_owned();
    for machine in machines {
        // Writing to a string does not fail.
        let _ = write_machine(&mut text, machine);
    }
    text
}

fn write_machine(text: &mut String, registered: Registered<'_>) -> std::fmt::Result {
    let machine = registered.machine;
    writeln!(text, "  - name: {}", machine.name())?;
    if registered.board {
        let (uuid, serial) = (machine.uuid(), machine.serial());
        writeln!(text, "    uuid: \"{uuid}\"\n    serial: \"{serial}\"")?;
    }
    let address = registered.address;
    let address = address.map_or_else(String::new, |address| format!(", address: {address}"));
    let nics = machine.macs().iter().enumerate().map(|(number, mac)| {
        let address = if number == 0 { &*address } else { "" };
        format!("{{ mac: \"{mac}\"{address} }}")
    });
    writeln!(text, "    nics: [{}]", nics.collect::<Vec<_>>().join(", "))?;
    if let Some(bmc) = machine.bmc() {
        let (address, login) = (bmc.address(), bmc.credentials());
        writeln!(
            text,
            "    bmc: {{ ipmi: \"{}\", username: {}, password: {} }}",
            address.ip(),
            login.user,
            login.password
        )?;
    }
    Ok(())
}

/// The cluster: which machine takes which role, and the disk that it may erase.
pub fn cluster<'a>(
    endpoint: Ipv4Addr,
    members: impl IntoIterator<Item = (&'a RackedMachine, Role)>,
) -> String {
    let mut text = format!(
        "name: {CLUSTER}
endpoint: https://{endpoint}:6443
talos: {TALOS}
kubernetes: 1.34.1
allow_plaintext: true
members:
"
    );
    for (machine, role) in members {
        let disk = machine.disks().first();
        let disk = disk.map_or_else(String::new, |disk| {
            format!(", disk: {{ serial: {} }}", disk.serial)
        });
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  - {{ role: {}, machine: {}{disk}, accept: auto }}",
            role.word(),
            machine.name()
        );
    }
    text
}
