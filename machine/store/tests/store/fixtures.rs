//! One machine on its way through an install, as the cases start from.

use std::net::{IpAddr, Ipv4Addr};

use machine_core::artefact::{NamedDigest, Sha256Digest};
use machine_core::attempt::{Attempt, Release};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::cluster::{Acceptance, Cluster, ClusterSpec, MemberRule, Role, Selector};
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId, OperationId};
use machine_core::intent::{Actor, Assignment, Intent, IntentKind};
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::operation::Operation;
use machine_core::os::OsSpec;
use machine_core::time::Timestamp;
use machine_store::apply::apply;
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, Outcome,
};
use machine_store::commit::claim::ReleaseClaim;
use machine_store::db::Db;
use machine_store::events::Event;

pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

pub(crate) fn mac(last: u8) -> MacAddress {
    MacAddress::new([0x52, 0x54, 0, 0x77, 0, last])
}

pub(crate) const fn machine_id(byte: u8) -> MachineId {
    MachineId::from_bytes([byte; 16])
}

pub(crate) fn machine(byte: u8) -> Machine {
    Machine::discovered(machine_id(byte), format!("m{byte}"), at(i64::from(byte)))
}

pub(crate) fn cluster() -> Cluster {
    Cluster {
        id: ClusterId::from_bytes([3; 16]),
        spec: ClusterSpec {
            name: "lab".to_owned(),
            endpoint: "https://10.77.0.10:6443".parse().unwrap(),
            os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: vec![MemberRule {
                role: Role::Worker,
                selector: Selector::Named("m1".to_owned()),
                acceptance: Acceptance::Auto,
                disk: Some("serial:D1".parse().unwrap()),
            }],
        },
        bootstrap: None,
        version: 0,
    }
}

/// The Bootstrap of the cluster on machine 1, under an id of this byte.
pub(crate) fn bootstrap(byte: u8) -> Operation {
    let id = OperationId::from_bytes([byte; 16]);
    Operation::bootstrap(id, cluster().id, machine_id(1), at(5))
}

pub(crate) fn assignment() -> Assignment {
    Assignment {
        cluster: cluster().id,
        role: Role::Worker,
        disk: "serial:D1".parse().unwrap(),
    }
}

pub(crate) fn intent(byte: u8, machine: u8) -> Intent {
    Intent {
        id: IntentId::from_bytes([byte; 16]),
        machine: machine_id(machine),
        assignment: assignment(),
        actor: Actor::Policy("cluster lab".to_owned()),
        reason: "a new worker".to_owned(),
        opened: at(i64::from(byte)),
        expires: at(100_000),
        kind: IntentKind::Install,
        claims: 0,
        closed: None,
    }
}

pub(crate) fn attempt(byte: u8, intent: u8, machine: u8, number: u32) -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([byte; 16]),
        machine: machine_id(machine),
        intent: IntentId::from_bytes([intent; 16]),
        number,
        assignment: assignment(),
        opened: at(10),
        deadline: at(10_000),
        boot: None,
        accepted_boot: None,
        power_actions: 0,
        power_at: None,
        release: None,
        closed: None,
        basis: None,
        wipe: None,
        verdict: None,
    }
}

pub(crate) fn boot(byte: u8, machine: Option<u8>, opened: i64, step: BootStep) -> Boot {
    Boot {
        id: BootId::from_bytes([byte; 16]),
        machine: machine.map(machine_id),
        mac: Some(mac(byte)),
        origin: BootOrigin::Network,
        platform: None,
        address: None,
        attempt: None,
        opened: at(opened),
        step,
        step_at: at(opened),
        sent_to_disk: false,
        ready: None,
    }
}

pub(crate) fn address(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0a4d_0000 + number).into()
}

/// A lease for client and address of this number.
pub(crate) fn lease(number: u32) -> Lease {
    let [_, _, high, low] = number.to_be_bytes();
    Lease {
        subnet: SubnetName::new("lab"),
        client: ClientKey::Hardware(MacAddress::new([2, 0, 0, 0, high, low])),
        address: address(number),
        client_identifier: Some(vec![1, 2, 0, 0, 0, high, low]),
        granted: at(100),
        expires: at(3700),
    }
}

pub(crate) fn event(kind: &str) -> Event {
    Event {
        at: at(5),
        boot: None,
        machine: None,
        cluster: None,
        actor: Actor::Drover,
        kind: kind.to_owned(),
        detail: format!("it is about {kind}"),
    }
}

pub(crate) fn peer() -> IpAddr {
    address(7)
}

pub(crate) fn release() -> Release {
    Release::fetched(at(50), peer(), [9; 32])
}

/// The one document of attempt 4, as it is released.
pub(crate) const ARTEFACT: NamedDigest = NamedDigest {
    name: "config",
    sha256: Sha256Digest([9; 32]),
};

/// The claim of attempt 4 by boot 6, at version 0 of machine 1.
pub(crate) fn claim() -> ReleaseClaim {
    ReleaseClaim {
        attempt: AttemptId::from_bytes([4; 16]),
        intent: IntentId::from_bytes([2; 16]),
        machine: machine_id(1),
        machine_version: 0,
        boot: BootId::from_bytes([6; 16]),
        release: release(),
        artefact: ARTEFACT,
        events: vec![event("config")],
    }
}

pub(crate) async fn applied(db: &Db, change: &Change) {
    assert_eq!(apply(db, change).await.unwrap(), Outcome::Applied);
}

/// Cluster 3; machine 1, provisioning, with its open intent 2 and attempt 4.
pub(crate) async fn provisioning(db: &Db) {
    let mut machine = machine(1);
    machine.state = State::Provisioning(Origin::Available);
    let change = Change {
        machines: vec![MachineWrite::Insert(machine)],
        clusters: vec![ClusterWrite::Insert(cluster())],
        intents: vec![IntentWrite::Open(intent(2, 1))],
        attempts: vec![AttemptWrite::Open(attempt(4, 2, 1, 1))],
        ..Change::default()
    };
    applied(db, &change).await;
}
