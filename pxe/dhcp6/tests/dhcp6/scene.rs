//! A subnet, the packets of `tests/packets`, and what it takes to answer them.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use machine_core::duid::Duid;
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, Subnet, SubnetName, UnknownPolicy};
use machine_core::standing::Standing;
use pxe_dhcp6::ask::ServerPort;
use pxe_dhcp6::boot_url::BootUrl;
use pxe_dhcp6::client::{Arrival, BootClient};
use pxe_dhcp6::dropped::Dropped;
use pxe_dhcp6::outcome::{Answered, Outcome};
use pxe_dhcp6::reply::{BootInstruction, Exchange, Reply};
use pxe_dhcp6::verdict::{Verdict, judge};

/// A packet, and its answer.
pub(crate) struct Files {
    pub(crate) name: &'static str,
    pub(crate) packet: &'static str,
    pub(crate) answer: &'static str,
}

macro_rules! packets {
    ($($name:literal,)*) => {
        &[$(Files {
            name: $name,
            packet: include_str!(concat!("../packets/", $name, ".hex")),
            answer: include_str!(concat!("../packets/", $name, ".answer")),
        },)*]
    };
}

/// Every packet there is, by the name of its file.
pub(crate) const PACKETS: &[Files] = packets![
    "edk2-http-request",
    "edk2-http-solicit",
    "edk2-pxe-boot-service",
    "edk2-pxe-request",
    "edk2-pxe-solicit",
    "edk2-stack-information-request",
    "edk2-stack-solicit",
    "ipxe-2019-solicit",
    "ipxe-information-request",
    "ipxe-request",
    "ipxe-solicit",
    "ovmf-http-solicit",
    "ovmf-pxe-boot-service",
    "ovmf-pxe-solicit",
    "ovmf-stack-information-request",
    "ovmf-stack-solicit",
    "relayed-edk2-pxe-request",
    "relayed-edk2-pxe-solicit",
    "relayed-ovmf-pxe-solicit",
    "relayed-twice-edk2-pxe-solicit",
    "system-confirm",
    "system-decline",
    "system-rebind",
    "system-release",
    "system-renew",
    "system-solicit",
];

/// The bytes of a packet: hexadecimal digits; `#` begins a line about it.
pub(crate) fn packet(name: &str) -> Vec<u8> {
    let files = PACKETS.iter().find(|it| it.name == name).unwrap();
    let lines = files.packet.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<char> = lines.flat_map(str::chars).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs
        .map(|it| u8::from_str_radix(&it, 16).unwrap())
        .collect()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// Who we are in all packets that name us.
pub(crate) fn server() -> Duid {
    "00:03:00:01:02:00:00:00:00:01".parse().unwrap()
}

pub(crate) fn stateful() -> Subnet {
    Subnet {
        name: SubnetName::new("lab"),
        interface: "eth1".to_owned(),
        reach: Reach::Direct,
        network: "fd77::/64".parse().unwrap(),
        server: ip("fd77::1"),
        mode: DhcpMode::Authoritative {
            ranges: vec!["fd77::50-fd77::ff".parse().unwrap()],
        },
        unknown: UnknownPolicy::Ignore,
        router: None,
        dns: vec![ip("fd77::1"), ip("10.77.0.1"), ip("fd77::2")],
        lease_time: Duration::from_hours(1),
        options: LeaseOptions {
            search: vec!["lab.example".parse().unwrap(), "example".parse().unwrap()],
            ..LeaseOptions::default()
        },
    }
}

/// Beside another server.
pub(crate) fn stateless() -> Subnet {
    Subnet {
        mode: DhcpMode::Proxy,
        ..stateful()
    }
}

/// How a packet of EDK2 or iPXE comes: from the address that they make of their card.
pub(crate) fn multicast() -> Arrival {
    Arrival {
        port: ServerPort::Dhcp,
        source: "[fe80::5054:ff:fe77:1]:546".parse().unwrap(),
        unicast: false,
    }
}

/// How a packet of this name comes.
pub(crate) fn arrival(name: &str) -> Arrival {
    match name.split('-').next().unwrap() {
        "relayed" => Arrival {
            source: "[fd78::1]:50547".parse().unwrap(),
            unicast: true,
            ..multicast()
        },
        "system" => Arrival {
            source: "[fe80::a1b2]:546".parse().unwrap(),
            ..multicast()
        },
        _ if name.ends_with("pxe-boot-service") => Arrival {
            port: ServerPort::BootService,
            source: "[fd77::60]:4011".parse().unwrap(),
            unicast: true,
        },
        _ => multicast(),
    }
}

/// The client behind a packet.
pub(crate) fn client(name: &str) -> BootClient {
    BootClient::decode(&packet(name), arrival(name)).unwrap()
}

/// The file or script that suits a client.
pub(crate) fn instruction(client: &BootClient) -> BootInstruction {
    if client.is_ipxe {
        script()
    } else if client.is_http() {
        loader(BootUrl::http(v6("fd77::1"), 8069, "l/snponly.efi").unwrap())
    } else {
        loader(BootUrl::tftp(v6("fd77::1"), "snponly.efi").unwrap())
    }
}

pub(crate) fn script() -> BootInstruction {
    BootInstruction::Script {
        url: BootUrl::http(v6("fd77::1"), 8069, "script/8a6e0b9c").unwrap(),
    }
}

pub(crate) fn loader(url: BootUrl) -> BootInstruction {
    BootInstruction::Loader {
        url,
        parameters: vec![],
    }
}

/// What becomes of the associations of a client that holds what it names, and gets `fd77::60`.
pub(crate) fn answered(client: &BootClient, subnet: &Subnet) -> Vec<Answered> {
    let outcome = |address: Option<Ipv6Addr>| {
        let lease = |address| Outcome::Leased {
            address,
            lifetime: subnet.lease_time,
        };
        match judge(client.ask, address, subnet.network, Standing::Held) {
            Verdict::Grant(address) => Some(lease(address)),
            Verdict::Propose => Some(lease(v6("fd77::60"))),
            Verdict::Withdraw(address) => Some(Outcome::Withdrawn(address)),
            Verdict::NoBinding => Some(Outcome::NoBinding),
            Verdict::NotOnLink => Some(Outcome::NotOnLink),
            Verdict::Nothing => None,
        }
    };
    let associations = client.associations.iter();
    associations
        .filter_map(|it| {
            let outcome = outcome(it.address())?;
            let iaid = it.iaid;
            Some(Answered { iaid, outcome })
        })
        .collect()
}

pub(crate) fn answer(
    subnet: &Subnet,
    client: &BootClient,
    answer: &BootInstruction,
) -> Result<Reply, Dropped> {
    let server = &server();
    let exchange = Exchange {
        server,
        subnet,
        client,
        answer,
    };
    exchange.reply(&answered(client, subnet))
}
