//! A subnet, and what it takes to answer in it.

use std::net::{IpAddr, SocketAddrV4};
use std::time::Duration;

use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, Subnet, SubnetName, UnknownPolicy};
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::packet::Packet;
use pxe_dhcp::reply::{BootInstruction, Exchange, Grant, ProxySchool, Reply};

use crate::captures::Capture;

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn authoritative() -> Subnet {
    Subnet {
        name: SubnetName::new("lab"),
        interface: "eth1".to_owned(),
        reach: Reach::Direct,
        network: "10.77.0.0/24".parse().unwrap(),
        server: ip("10.77.0.1"),
        mode: DhcpMode::Authoritative {
            ranges: vec!["10.77.0.50-10.77.0.200".parse().unwrap()],
        },
        unknown: UnknownPolicy::Ignore,
        router: Some(ip("10.77.0.254")),
        dns: vec![ip("10.77.0.1"), ip("fd77::1"), ip("10.77.0.2")],
        lease_time: Duration::from_hours(1),
        options: LeaseOptions::default(),
    }
}

/// With everything that leases may say beside.
pub(crate) fn talkative() -> Subnet {
    Subnet {
        options: LeaseOptions {
            domain: Some("lab.example".parse().unwrap()),
            search: vec!["lab.example".parse().unwrap(), "example".parse().unwrap()],
            mtu: Some(9000),
            time_servers: vec![ip("10.77.0.3"), ip("10.77.0.4")],
        },
        ..authoritative()
    }
}

pub(crate) fn proxy() -> Subnet {
    Subnet {
        mode: DhcpMode::Proxy,
        ..authoritative()
    }
}

pub(crate) fn broadcast() -> Arrival {
    Arrival {
        port: ServerPort::Dhcp,
        source: source("0.0.0.0:68"),
        unicast: false,
    }
}

pub(crate) fn to_boot_service(from: &str) -> Arrival {
    Arrival {
        port: ServerPort::BootService,
        source: source(from),
        unicast: true,
    }
}

pub(crate) fn source(text: &str) -> SocketAddrV4 {
    text.parse().unwrap()
}

/// The client behind a capture, by way of the wire.
pub(crate) fn client(capture: &Capture, arrival: Arrival) -> Result<BootClient, Dropped> {
    BootClient::from_packet(&Packet::decode(&capture.bytes())?, arrival)
}

pub(crate) fn loader(file: &str) -> BootInstruction {
    BootInstruction::Loader {
        file: file.into(),
        next_server: ip("10.77.0.1"),
    }
}

pub(crate) fn url(file: &str) -> BootInstruction {
    BootInstruction::Url {
        url: format!("http://10.77.0.1:8080/loader/8a6e0b9c/{file}"),
    }
}

pub(crate) fn script() -> BootInstruction {
    BootInstruction::Script {
        url: "http://10.77.0.1:8080/script/8a6e0b9c".to_owned(),
    }
}

pub(crate) fn grant() -> Grant {
    Grant {
        address: ip("10.77.0.60"),
        lifetime: Duration::from_hours(1),
    }
}

pub(crate) fn answer(
    subnet: &Subnet,
    client: &BootClient,
    answer: &BootInstruction,
    school: ProxySchool,
) -> Result<Reply, Dropped> {
    let granted = matches!(subnet.mode, DhcpMode::Authoritative { .. }).then(grant);
    Exchange {
        subnet,
        client,
        answer,
        school,
    }
    .reply(granted)
}
