//! Intents, attempts, boots and leases come back as they were written.

use std::cell::Cell;

use machine_core::attempt::{Attempt, AttemptEnd, Delivery, Release, Verdict, Wipe};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::duid::Duid;
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::id::{AttemptId, BootId, IntentId};
use machine_core::intent::{Actor, Intent, IntentEnd, IntentKind};
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, IntentWrite};
use machine_store::commit::CommitHandle;
use machine_store::db::Db;
use machine_store::leases::LeaseOutcome;
use machine_store::{attempts, boots, intents, leases};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::bench::Bench;
use crate::fixtures::{self, applied, mac, provisioning};
use crate::generated::{each, ip, text, time};

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        text().prop_map(Actor::Person),
        text().prop_map(Actor::Policy),
        Just(Actor::Drover),
    ]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        (ip(), any::<u32>()).prop_map(|(peer, fetches)| Delivery::Fetched { peer, fetches }),
        (ip(), any::<[u8; 32]>()).prop_map(|(address, fingerprint)| Delivery::Pushed {
            address,
            fingerprint,
        }),
    ]
}

const fn kind(number: u32) -> IntentKind {
    if number.is_multiple_of(2) {
        IntentKind::Reimage
    } else {
        IntentKind::Install
    }
}

/// Closed intents and attempts, so that one machine can have many.
fn work() -> impl Strategy<Value = (Intent, Attempt)> {
    let release = option::of((time(), any::<[u8; 32]>(), delivery()));
    let ends = (
        select(IntentEnd::ALL.to_vec()),
        select(AttemptEnd::ALL.to_vec()),
    );
    let times = (time(), time(), option::of(time()));
    (
        any::<[u8; 16]>(),
        actor(),
        text(),
        times,
        release,
        ends,
        any::<(u32, u32)>(),
    )
        .prop_map(
            |(id, actor, reason, (opened, expires, power_at), release, ends, (claims, number))| {
                let intent = Intent {
                    id: IntentId::from_bytes(id),
                    actor,
                    reason,
                    opened,
                    expires,
                    kind: kind(claims),
                    claims,
                    closed: Some((expires, ends.0)),
                    ..fixtures::intent(1, 1)
                };
                let attempt = Attempt {
                    id: AttemptId::from_bytes(id),
                    intent: intent.id,
                    number,
                    opened,
                    deadline: expires,
                    boot: power_at.map(|_| BootId::from_bytes(id)),
                    power_actions: claims,
                    power_at,
                    release: release.map(|(at, digest, delivery)| Release {
                        at,
                        digest,
                        delivery,
                    }),
                    closed: Some((expires, ends.1)),
                    basis: power_at.map(|_| [7; 32]),
                    wipe: power_at.map(|at| Wipe {
                        at,
                        boot: claims.is_multiple_of(2).then(|| BootId::from_bytes(id)),
                    }),
                    verdict: number.is_multiple_of(2).then(|| Verdict {
                        at: opened,
                        end: ends.1,
                        why: fixtures::intent(1, 1).reason,
                    }),
                    ..fixtures::attempt(1, 1, 1, 1)
                };
                (intent, attempt)
            },
        )
}

pub(crate) fn work_comes_back(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    each(&work(), |(intent, attempt)| {
        bench.block(async {
            let open = Change {
                intents: vec![IntentWrite::Open(intent.clone())],
                attempts: vec![AttemptWrite::Open(attempt.clone())],
                ..Change::default()
            };
            applied(&bench.db, &open).await;
            let found = intents::find(&bench.db, intent.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&intent));
            let of_intent = attempts::of_intent(&bench.db, intent.id).await.unwrap();
            assert_eq!(of_intent, std::slice::from_ref(&attempt));
            let found = attempts::find(&bench.db, attempt.id).await.unwrap();
            assert_eq!(found, Some(attempt));
        });
    });
}

async fn newest_come_first(db: &Db, commits: &CommitHandle) {
    for (id, opened) in [(201, 10), (202, 30), (203, 20)] {
        let boot = Boot {
            mac: Some(mac(99)),
            address: Some(fixtures::address(99)),
            opened: Timestamp::from_millis(i64::MAX - 100 + opened),
            ..fixtures::boot(id, Some(1), 0, BootStep::Discover)
        };
        commits.submit(boot).await.unwrap();
    }
    let newest = |boot: Option<Boot>| boot.map(|boot| boot.id.as_bytes()[0]);
    let machine = fixtures::machine_id(1);
    let recent = boots::recent(db, machine, 3).await.unwrap();
    let recent: Vec<u8> = recent.iter().map(|boot| boot.id.as_bytes()[0]).collect();
    assert_eq!(recent, [202, 203, 201]);
    assert_eq!(
        newest(boots::latest_of_machine(db, machine).await.unwrap()),
        Some(202)
    );
    assert_eq!(
        newest(boots::latest_of_mac(db, mac(99)).await.unwrap()),
        Some(202)
    );
    let address = fixtures::address(99);
    assert_eq!(
        newest(boots::latest_of_address(db, address).await.unwrap()),
        Some(202)
    );
}

pub(crate) fn boots_come_back(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    let (commits, _) = bench.commits();
    let places = (
        any::<bool>(),
        option::of(any::<[u8; 6]>()),
        option::of(ip()),
    );
    let steps = (select(BootStep::ALL.to_vec()), time(), time());
    let flags = (any::<bool>(), option::of(any::<bool>()), any::<bool>());
    let parts = (any::<[u8; 16]>(), places, steps, flags);
    each(
        &parts,
        |(id, (known, mac, address), (step, opened, step_at), flags)| {
            let (sent_to_disk, ready, from_disk) = flags;
            let origin = if from_disk {
                BootOrigin::Disk
            } else {
                BootOrigin::Network
            };
            let boot = Boot {
                id: BootId::from_bytes(id),
                machine: known.then(|| fixtures::machine_id(1)),
                mac: mac.map(MacAddress::new),
                origin,
                platform: ready.map(|_| (Arch::X86_64, Firmware::Uefi)),
                address,
                attempt: known.then(|| AttemptId::from_bytes([4; 16])),
                opened,
                step,
                step_at,
                sent_to_disk,
                ready,
            };
            bench.block(async {
                commits.submit(boot.clone()).await.unwrap();
                assert_eq!(boots::find(&bench.db, boot.id).await.unwrap(), Some(boot));
            });
        },
    );
    bench.block(newest_come_first(&bench.db, &commits));
}

/// Clients of both DHCPs.
fn client() -> impl Strategy<Value = ClientKey> {
    let bytes = proptest::collection::vec(any::<u8>(), 3..=130);
    prop_oneof![
        any::<[u8; 6]>().prop_map(|it| ClientKey::Hardware(MacAddress::new(it))),
        (bytes, any::<u32>()).prop_map(|(bytes, iaid)| ClientKey::Duid {
            duid: Duid::new(&bytes).unwrap(),
            iaid
        }),
    ]
}

pub(crate) fn leases_come_back(bench: &Bench) {
    let (commits, _) = bench.commits();
    let identifier = option::of(proptest::collection::vec(any::<u8>(), 0..40));
    let parts = (text(), client(), ip(), identifier, time(), time());
    // Each in a subnet of its own: some addresses are drawn more than once.
    let subnets = Cell::new(0);
    each(
        &parts,
        |(subnet, client, address, client_identifier, granted, expires)| {
            subnets.set(subnets.get() + 1);
            let lease = Lease {
                subnet: SubnetName::new(format!("{}-{subnet}", subnets.get())),
                client,
                address,
                client_identifier,
                granted,
                expires,
            };
            bench.block(async {
                let outcome = commits.submit(lease.clone()).await.unwrap();
                assert_eq!(outcome, LeaseOutcome::Committed);
                let found = leases::of_subnet(&bench.db, &lease.subnet).await.unwrap();
                assert_eq!(found, std::slice::from_ref(&lease));
                let found = leases::of_address(&bench.db, address).await.unwrap();
                assert!(found.contains(&lease), "{found:?}");
                let found = leases::of_client(&bench.db, &lease.client).await.unwrap();
                assert!(found.contains(&lease), "{found:?}");
            });
        },
    );
}
