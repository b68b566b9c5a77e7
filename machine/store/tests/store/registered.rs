//! What documents say: kept beside the evidence, taken back, and one machine for each BMC.

use std::net::SocketAddr;

use machine_core::endpoint::{BmcEndpoint, BmcIdentity, IpmiEndpoint};
use machine_core::evidence::EvidenceSource;
use machine_core::machine::Machine;
use machine_store::apply::apply;
use machine_store::change::{Change, ClusterWrite, MachineWrite, Outcome};
use machine_store::db::Db;
use machine_store::evidence::{self, Evidence, Fact};
use machine_store::machines;
use machine_store::registrations::{self, RegistrationWrite};

use crate::bench::Bench;
use crate::fixtures::{applied, at, cluster, mac, machine, machine_id};

fn with_bmc(byte: u8, address: &str) -> Machine {
    Machine {
        bmc: Some(BmcEndpoint::Ipmi(IpmiEndpoint::new(
            address.parse().unwrap(),
            "ADMIN",
        ))),
        ..machine(byte)
    }
}

fn insert(machines: &[Machine]) -> Change {
    Change {
        machines: machines.iter().cloned().map(MachineWrite::Insert).collect(),
        ..Change::default()
    }
}

async fn bmc(db: &Db, byte: u8) -> Option<SocketAddr> {
    let machine = machines::find(db, machine_id(byte)).await.unwrap().unwrap();
    machine.bmc.map(|it| it.address())
}

/// The address of a BMC belongs to one machine, and two may exchange theirs.
pub(crate) fn a_bmc_belongs_to_one_machine(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let (one, other) = ("10.0.0.1:623", "10.0.0.2:623");
        applied(db, &insert(&[with_bmc(1, one), with_bmc(2, other)])).await;
        let taken = Outcome::Taken {
            what: "BMC address",
            value: one.to_owned(),
        };
        let third = insert(&[with_bmc(3, one)]);
        assert_eq!(apply(db, &third).await.unwrap(), taken);
        let copied = Change {
            machines: vec![MachineWrite::Update(with_bmc(2, one))],
            ..Change::default()
        };
        assert_eq!(apply(db, &copied).await.unwrap(), taken);
        let exchanged = Change {
            machines: [with_bmc(1, other), with_bmc(2, one)]
                .map(MachineWrite::Update)
                .into(),
            ..Change::default()
        };
        applied(db, &exchanged).await;
        assert_eq!(bmc(db, 1).await, Some(other.parse().unwrap()));
        let found = machines::find_by_bmc(db, BmcIdentity::of(one.parse().unwrap())).await;
        assert_eq!(found.unwrap().unwrap().id, machine_id(2));
    });
}

/// One address is one BMC at every port of the standards; at other ports each is a BMC of its own.
pub(crate) fn a_bmc_is_the_same_by_another_port(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        applied(db, &insert(&[with_bmc(1, "10.0.0.1:623")])).await;
        for (byte, same) in [(2, "10.0.0.1:443"), (3, "10.0.0.1:664")] {
            let taken = Outcome::Taken {
                what: "BMC address",
                value: same.to_owned(),
            };
            let again = insert(&[with_bmc(byte, same)]);
            assert_eq!(apply(db, &again).await.unwrap(), taken);
        }
        let emulated = [with_bmc(4, "10.0.0.1:6230"), with_bmc(5, "10.0.0.1:6231")];
        applied(db, &insert(&emulated)).await;
    });
}

/// Where earlier versions let two machines have one BMC by two ports, the one that is known for
/// longest keeps it.
pub(crate) fn of_machines_with_one_bmc_by_two_ports_the_earliest_keeps_it(bench: &Bench) {
    let addresses = [
        "10.0.0.1:623",
        "10.0.0.1:6230",
        "[fd00::1]:623",
        "10.0.0.4:623",
    ];
    let all: Vec<Machine> = (1..)
        .zip(addresses)
        .map(|(byte, address)| with_bmc(byte, address))
        .collect();
    bench.block(applied(&bench.db, &insert(&all)));
    for sql in [
        "DROP INDEX machine_of_bmc",
        "ALTER TABLE machine DROP COLUMN bmc_identity",
        "CREATE UNIQUE INDEX machine_of_bmc ON machine (bmc_address) WHERE bmc_address IS NOT NULL",
        "DELETE FROM _sqlx_migrations WHERE version = 9",
        "UPDATE machine SET bmc_address = '10.0.0.1:443' WHERE name = 'm4'",
    ] {
        bench.raw(sql);
    }
    bench.block(async {
        let db = Db::open(&bench.location).await.unwrap();
        for (byte, address) in (1..).zip(addresses).take(3) {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(bmc(&db, byte).await, Some(address));
            let found = machines::find_by_bmc(&db, BmcIdentity::of(address)).await;
            assert_eq!(found.unwrap().unwrap().id, machine_id(byte), "{address}");
        }
        assert_eq!(bmc(&db, 4).await, None);
    });
}

/// What a document says is evidence until it is unsaid; what was only shown stays.
pub(crate) fn what_is_unsaid_is_no_evidence_any_more(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let id = machine_id(1);
        let say = |card| RegistrationWrite::Say {
            machine: id,
            fact: Fact::Mac(mac(card)),
            at: at(5),
        };
        let shown = Evidence {
            source: EvidenceSource::Asked,
            machine: id,
            at: at(6),
            facts: vec![Fact::Mac(mac(3))],
        };
        let change = Change {
            evidence: vec![shown],
            registrations: vec![say(1), say(2), say(1)],
            ..insert(&[machine(1)])
        };
        applied(db, &change).await;
        let said = registrations::of_machine(db, id).await.unwrap();
        assert_eq!(said, [Fact::Mac(mac(1)), Fact::Mac(mac(2))]);
        let unsay = RegistrationWrite::Unsay {
            machine: id,
            fact: Fact::Mac(mac(2)),
        };
        let change = Change {
            registrations: vec![unsay],
            ..Change::default()
        };
        applied(db, &change).await;
        let said = registrations::of_machine(db, id).await.unwrap();
        assert_eq!(said, [Fact::Mac(mac(1))]);
        let known = evidence::of_machine(db, id).await.unwrap();
        let known: Vec<String> = known.into_iter().map(|it| it.value).collect();
        assert_eq!(known, [mac(3), mac(1)].map(|it| it.to_string()));
    });
}

/// A cluster that is held keeps its version, and one that changed is stale.
pub(crate) fn a_cluster_is_held_at_its_version(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let change = |write| Change {
            clusters: vec![write],
            ..Change::default()
        };
        let id = cluster().id;
        applied(db, &change(ClusterWrite::Insert(cluster()))).await;
        let hold = change(ClusterWrite::Hold { id, version: 0 });
        applied(db, &hold).await;
        applied(db, &hold).await;
        applied(db, &change(ClusterWrite::Update(cluster()))).await;
        let stale = Outcome::Stale {
            table: "cluster",
            row: id.to_string(),
        };
        assert_eq!(apply(db, &hold).await.unwrap(), stale);
    });
}

/// Where earlier versions let two machines have one BMC, the one that is known for longest keeps it.
pub(crate) fn of_machines_with_one_bmc_the_earliest_keeps_it(bench: &Bench) {
    let (one, other) = ("10.0.0.1:623", "10.0.0.2:623");
    let all = [
        with_bmc(1, one),
        with_bmc(2, other),
        with_bmc(3, "10.0.0.3:623"),
    ];
    bench.block(applied(&bench.db, &insert(&all)));
    for sql in [
        "DROP INDEX machine_of_bmc",
        "DROP TABLE registration",
        "DELETE FROM _sqlx_migrations WHERE version = 5",
        "UPDATE machine SET bmc_address = '10.0.0.1:623' WHERE name = 'm3'",
    ] {
        bench.raw(sql);
    }
    bench.block(async {
        let db = Db::open(&bench.location).await.unwrap();
        assert_eq!(bmc(&db, 1).await, Some(one.parse().unwrap()));
        assert_eq!(bmc(&db, 2).await, Some(other.parse().unwrap()));
        assert_eq!(bmc(&db, 3).await, None);
    });
}
