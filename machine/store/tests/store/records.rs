//! Machines, clusters and what belongs to them come back as they were written.

use std::net::SocketAddr;

use machine_core::cluster::{Acceptance, Cluster, MemberRule, Pattern, Role, Selector};
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::hardware::{Arch, Firmware};
use machine_core::id::{AttemptId, BootId, ClusterId, MachineId, OperationId};
use machine_core::intent::Actor;
use machine_core::lifecycle::State;
use machine_core::machine::{Failure, Hardware, Machine};
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::change::{Change, ClusterWrite, MachineWrite, OperationWrite, ReservationWrite};
use machine_store::error::StoreError;
use machine_store::requests::{self, Request};
use machine_store::reservations::{self, Reservation};
use machine_store::{attempts, clusters, events, machines};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::bench::Bench;
use crate::fixtures::{self, applied, at, event, mac, provisioning};
use crate::generated::{each, ip, text, time};

prop_compose! {
    fn machine()(
        id in any::<[u8; 16]>(),
        (state, since, deadline) in (select(State::ALL.to_vec()), time(), option::of(time())),
        failure in option::of((text(), text(), text())),
        (arch, firmware) in (
            option::of(select(vec![Arch::X86_64, Arch::Arm64])),
            option::of(select(vec![Firmware::Bios, Firmware::Uefi])),
        ),
        (manufacturer, product) in (option::of(text()), option::of(text())),
        disk in option::of(select(vec!["serial:D 1", "wwn:naa.5000c500a1b2c3d4"])),
        bmc in option::of((ip(), any::<u16>(), text())),
        cancelled in option::of(time()),
    ) -> Machine {
        let id = MachineId::from_bytes(id);
        Machine {
            id,
            name: format!("m-{id}"),
            state,
            since,
            deadline,
            failure: failure.map(|(step, why, advice)| Failure { step, why, advice }),
            hardware: Hardware { arch, firmware, manufacturer, product },
            install_disk: disk.map(|disk| disk.parse().unwrap()),
            bmc: bmc.map(|(ip, port, username)| {
                BmcEndpoint::Ipmi(IpmiEndpoint::new(SocketAddr::new(ip, port), username))
            }),
            cancelled,
            version: 0,
        }
    }
}

pub(crate) fn machines_come_back(bench: &Bench) {
    each(&machine(), |machine| {
        bench.block(async {
            let insert = Change {
                machines: vec![MachineWrite::Insert(machine.clone())],
                ..Change::default()
            };
            applied(&bench.db, &insert).await;
            let found = machines::find(&bench.db, machine.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&machine));
            let by_name = machines::find_by_name(&bench.db, &machine.name)
                .await
                .unwrap();
            assert_eq!(by_name, found);
        });
    });
    let listed = bench.block(machines::list(&bench.db)).unwrap();
    assert_eq!(listed.len(), 24);
    assert!(listed.is_sorted_by(|a, b| a.name < b.name));
    let nobody = MachineId::from_bytes([0xee; 16]);
    assert_eq!(
        bench.block(machines::find(&bench.db, nobody)).unwrap(),
        None
    );
}

fn rule() -> impl Strategy<Value = MemberRule> {
    let pattern = (option::of(text()), option::of(text()), any::<bool>());
    let selector = prop_oneof![
        text().prop_map(Selector::Named),
        pattern.prop_map(|(manufacturer, product, arm)| Selector::Matching(Pattern {
            manufacturer,
            product,
            arch: arm.then_some(Arch::Arm64),
            firmware: (!arm).then_some(Firmware::Bios),
        })),
    ];
    (selector, any::<bool>(), any::<bool>()).prop_map(|(selector, control, auto)| MemberRule {
        role: if control {
            Role::ControlPlane
        } else {
            Role::Worker
        },
        selector,
        acceptance: if auto {
            Acceptance::Auto
        } else {
            Acceptance::Wait
        },
        disk: auto.then(|| "wwn:eui.0025385b71b00001".parse().unwrap()),
    })
}

pub(crate) fn clusters_come_back(bench: &Bench) {
    let first = Change {
        machines: vec![MachineWrite::Insert(fixtures::machine(1))],
        ..Change::default()
    };
    bench.block(applied(&bench.db, &first));
    let bootstrap = (time(), select(OperationOutcome::ALL.to_vec()));
    let rules = proptest::collection::vec(rule(), 0..4);
    let parts = (
        any::<[u8; 16]>(),
        text(),
        rules,
        any::<bool>(),
        option::of(bootstrap),
    );
    each(&parts, |(id, text, members, allow_plaintext, bootstrap)| {
        let bootstrap = bootstrap.map(|(recorded, outcome)| Operation {
            id: OperationId::from_bytes(id),
            cluster: Some(ClusterId::from_bytes(id)),
            recorded,
            outcome,
            ..fixtures::bootstrap(1)
        });
        let mut cluster = Cluster {
            id: ClusterId::from_bytes(id),
            bootstrap,
            ..fixtures::cluster()
        };
        cluster.spec.name = format!("c-{}", cluster.id);
        cluster.spec.endpoint = format!("https://{}:6443", cluster.spec.name)
            .parse()
            .unwrap();
        cluster.spec.image = text;
        cluster.spec.members = members;
        cluster.spec.allow_plaintext = allow_plaintext;
        bench.block(async {
            let insert = Change {
                clusters: vec![ClusterWrite::Insert(cluster.clone())],
                operations: bootstrap.into_iter().map(OperationWrite::Begin).collect(),
                ..Change::default()
            };
            applied(&bench.db, &insert).await;
            let found = clusters::find(&bench.db, cluster.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&cluster));
            let by_name = clusters::find_by_name(&bench.db, &cluster.spec.name).await;
            assert_eq!(by_name.unwrap(), found);
        });
    });
    assert_eq!(bench.block(clusters::list(&bench.db)).unwrap().len(), 24);
}

pub(crate) fn the_rest_comes_back(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let request = Request {
            key: "k\u{fffd}1".to_owned(),
            digest: [7; 32],
            result: "{\"accepted\":\"m1\"}".to_owned(),
            at: at(-3),
        };
        let reservation = Reservation {
            address: "fd77::5".parse().unwrap(),
            mac: mac(1),
            machine: fixtures::machine_id(1),
        };
        let told = events::Event {
            machine: Some(fixtures::machine_id(1)),
            cluster: Some(fixtures::cluster().id),
            boot: Some(BootId::from_bytes([5; 16])),
            actor: Actor::Person("ada".to_owned()),
            detail: "says \"ü\"\n'; DROP TABLE event; --".to_owned(),
            ..event("accepted")
        };
        let change = Change {
            request: Some(request.clone()),
            reservations: vec![ReservationWrite::Reserve(reservation)],
            events: vec![told.clone()],
            ..Change::default()
        };
        applied(db, &change).await;
        assert_eq!(
            requests::find(db, &request.key).await.unwrap(),
            Some(request)
        );
        assert_eq!(requests::find(db, "other").await.unwrap(), None);
        assert_eq!(reservations::list(db).await.unwrap(), [reservation]);
        assert_eq!(
            reservations::of_mac(db, mac(1)).await.unwrap(),
            [reservation]
        );
        let of_machine = reservations::of_machine(db, fixtures::machine_id(1)).await;
        assert_eq!(of_machine.unwrap(), [reservation]);
        let recorded = events::tail(db, 9).await.unwrap();
        assert_eq!(recorded.len(), 1);
        assert_eq!((recorded[0].seq, &recorded[0].event), (1, &told));
    });
}

pub(crate) fn what_cannot_be_read_is_named(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    let id = fixtures::machine_id(1).to_string();
    bench.raw("UPDATE machine SET state = 'asleep'");
    let error = bench.block(machines::list(&bench.db)).unwrap_err();
    let StoreError::Corrupt {
        table,
        row,
        column,
        got,
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (*table, row, column.as_str(), got.as_str()),
        ("machine", &id, "state", "asleep")
    );
    assert_eq!(
        error.to_string(),
        format!(
            "wanted a readable value in machine.state of {id}, got \"asleep\": restore a backup"
        )
    );
    bench.raw("UPDATE attempt SET release_at = 1, release_digest = NULL");
    let attempt = AttemptId::from_bytes([4; 16]);
    let error = bench.block(attempts::find(&bench.db, attempt)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { column, got, .. } if column == "release_digest" && got == "NULL"),
        "{error:?}"
    );
    bench.raw("UPDATE attempt SET release_at = NULL, power_actions = -1");
    let error = bench.block(attempts::find(&bench.db, attempt)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { column, got, .. } if column == "power_actions" && got == "-1"),
        "{error:?}"
    );
}
