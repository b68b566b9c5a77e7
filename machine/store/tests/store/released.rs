//! Databases as released programs wrote them are brought up to date, and work goes on with them.
//!
//! Each holds 13 machines: one in every state, in that order, and one that runs in a second cluster.
//! Machine 4 is in the middle of its install, and has its config. The first cluster is bootstrapped on
//! machine 6; of the second one, on machine 13, nobody knows whether it was.

use machine_core::attempt::{Attempt, AttemptEnd, Delivery};
use machine_core::cluster::Role;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{Arch, Firmware};
use machine_core::id::{AttemptId, ClusterId, IntentId};
use machine_core::intent::{Intent, IntentEnd, IntentKind};
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite,
};
use machine_store::commit::Committer;
use machine_store::commit::claim::{Fetch, FetchOutcome};
use machine_store::db::Db;
use machine_store::{
    artefacts, attempts, clusters, events, facts, intents, leases, machines, members,
};

use crate::bench::Bench;
use crate::fixtures::{
    ARTEFACT, address, applied, at, bootstrap, cluster, event, lease, machine_id,
};

/// A database as a released program wrote it, as SQL of either kind of database.
pub(crate) struct Released {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Of the first release: schema 1.
pub(crate) const FIRST: Released = Released {
    sqlite: include_str!("../released/0001.sqlite.sql"),
    postgres: include_str!("../released/0001.postgres.sql"),
};
/// Of the release before operations were records: schema 10.
const BEFORE_OPERATIONS: Released = Released {
    sqlite: include_str!("../released/0010.sqlite.sql"),
    postgres: include_str!("../released/0010.postgres.sql"),
};
/// Of the release before fetched documents were records: schema 11.
const LAST: Released = Released {
    sqlite: include_str!("../released/0011.sqlite.sql"),
    postgres: include_str!("../released/0011.postgres.sql"),
};

const SECOND: ClusterId = ClusterId::from_bytes([4; 16]);

pub(crate) fn a_database_of_the_first_release_goes_on(bench: &Bench) {
    goes_on(bench, &FIRST);
}

pub(crate) fn a_database_from_before_operations_were_records_goes_on(bench: &Bench) {
    goes_on(bench, &BEFORE_OPERATIONS);
}

pub(crate) fn a_database_of_the_last_release_goes_on(bench: &Bench) {
    goes_on(bench, &LAST);
}

fn goes_on(bench: &Bench, released: &Released) {
    let location = bench.beside(released.sqlite, released.postgres);
    bench.block(async {
        let db = Db::open(&location).await.unwrap();
        machines_are_what_they_were(&db).await;
        clusters_are_what_they_were(&db).await;
        install_goes_on(&db).await;
        bootstrap_is_resolved(&db).await;
        db.close().await;
        // Its schema is up to date now.
        let again = Db::open(&location).await.unwrap();
        assert_eq!(machines::list(&again).await.unwrap().len(), 13);
        again.close().await;
    });
}

async fn machines_are_what_they_were(db: &Db) {
    for (byte, state) in (1..).zip(State::ALL) {
        let machine = machines::find(db, machine_id(byte)).await.unwrap().unwrap();
        assert_eq!(machine.state, state);
        assert_eq!(machine.since, at(1000 + i64::from(byte)));
        assert_eq!(machine.deadline.is_some(), state.moving().is_some());
        assert_eq!(machine.failure.is_some(), matches!(state, State::Failed(_)));
        assert_eq!(machine.hardware.arch, Some(Arch::X86_64));
        let firmware = [Firmware::Uefi, Firmware::Bios][usize::from(byte % 2)];
        assert_eq!(machine.hardware.firmware, Some(firmware));
        assert_eq!(machine.hardware.product, Some(format!("R{byte}")));
        let bmc = machine.bmc.map(|it| it.address().to_string());
        let wanted = (byte % 3 != 0).then(|| format!("10.77.1.{byte}:623"));
        assert_eq!(bmc, wanted);
    }
    let known = facts::of_machine(db, machine_id(1)).await.unwrap();
    let heard = |it: &facts::KnownFact| it.source == EvidenceSource::Asked && it.seen == at(1001);
    assert!(known.len() == 4 && known.iter().all(heard), "{known:?}");
    let kept = leases::of_subnet(db, &lease(6).subnet).await.unwrap();
    assert_eq!(kept, [lease(6)]);
}

async fn clusters_are_what_they_were(db: &Db) {
    let operation = |id: ClusterId, machine, outcome| Operation {
        id: id.to_string().parse().unwrap(),
        cluster: Some(id),
        machine: machine_id(machine),
        recorded: at(1350),
        outcome,
        ..bootstrap(1)
    };
    let known = clusters::list(db).await.unwrap();
    let bootstraps: Vec<_> = known.iter().map(|it| it.bootstrap).collect();
    let wanted = [
        Some(operation(cluster().id, 6, OperationOutcome::Done)),
        Some(operation(SECOND, 13, OperationOutcome::Unknown)),
    ];
    assert_eq!(bootstraps, wanted);
    let of_first = members::of_cluster(db, cluster().id).await.unwrap();
    let of_first: Vec<_> = of_first.iter().map(|it| (it.machine, it.role)).collect();
    let wanted = [
        (4, Role::Worker),
        (5, Role::Worker),
        (6, Role::ControlPlane),
        (9, Role::Worker),
        (10, Role::Worker),
    ];
    assert_eq!(
        of_first,
        wanted.map(|(byte, role)| (machine_id(byte), role))
    );
    let of_second = members::of_cluster(db, SECOND).await.unwrap();
    assert_eq!(of_second.len(), 1);
    assert_eq!(of_second[0].machine, machine_id(13));
}

/// The machine fetches its config once more, runs from its disk, and is Active.
async fn install_goes_on(db: &Db) {
    let (commits, ended) = Committer::spawn(db.clone());
    let id = AttemptId::from_bytes([154; 16]);
    let fetch = Fetch {
        attempt: id,
        peer: address(4),
        at: at(1202),
        artefact: ARTEFACT,
    };
    let fetched = commits.submit(fetch).await.unwrap();
    assert_eq!(fetched, FetchOutcome::Counted(3));
    let attempt: Attempt = attempts::find(db, id).await.unwrap().unwrap();
    let delivery = Delivery::Fetched {
        peer: address(4),
        fetches: 3,
    };
    assert_eq!(attempt.release.map(|it| it.delivery), Some(delivery));
    // What it fetched before that was on record is not made up.
    let left = artefacts::of_attempt(db, id).await.unwrap();
    let left: Vec<_> = left.iter().map(|it| (it.first, it.fetches)).collect();
    assert_eq!(left, [(at(1202), 1)]);
    let intent: Intent = intents::find(db, IntentId::from_bytes([104; 16]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((intent.kind, intent.claims), (IntentKind::Install, 1));
    let machine = machines::find(db, machine_id(4)).await.unwrap().unwrap();
    let before = events::tail(db, 1).await.unwrap()[0].seq;
    let change = Change {
        machines: vec![MachineWrite::Update(Machine {
            state: State::Active,
            since: at(1500),
            deadline: None,
            ..machine
        })],
        intents: vec![IntentWrite::Close {
            id: intent.id,
            at: at(1500),
            end: IntentEnd::Fulfilled,
        }],
        attempts: vec![AttemptWrite::Close {
            id,
            at: at(1500),
            end: AttemptEnd::Installed,
        }],
        events: vec![event("active")],
        ..Change::default()
    };
    applied(db, &change).await;
    let told = events::tail(db, 1).await.unwrap();
    assert_eq!(told[0].seq, before + 1);
    drop(commits);
    ended.await.unwrap();
}

/// A person says that the Bootstrap whose outcome nobody knew was not carried out; it is called anew.
async fn bootstrap_is_resolved(db: &Db) {
    let known = clusters::find(db, SECOND).await.unwrap().unwrap();
    let withdraw = OperationWrite::Withdraw {
        id: known.bootstrap.unwrap().id,
        at: at(1600),
    };
    let again = Operation {
        cluster: Some(SECOND),
        machine: machine_id(13),
        ..bootstrap(9)
    };
    let change = Change {
        clusters: vec![ClusterWrite::Update(known)],
        operations: vec![withdraw, OperationWrite::Begin(again)],
        ..Change::default()
    };
    applied(db, &change).await;
    let known = clusters::find(db, SECOND).await.unwrap().unwrap();
    assert_eq!(known.bootstrap, Some(again));
}
