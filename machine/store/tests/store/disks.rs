//! Which machine has which disk, as far as it is named.

use machine_core::intent::{Assignment, Intent, IntentEnd};
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_store::change::{Change, ClusterWrite, IntentWrite, MachineWrite};
use machine_store::disks;

use crate::bench::Bench;
use crate::fixtures::{applied, assignment, at, cluster, intent, machine};

async fn named(bench: &Bench) -> Vec<String> {
    let disks = disks::list(&bench.db).await.unwrap();
    let told = disks.iter().map(|it| format!("{} {}", it.name, it.disk));
    told.collect()
}

fn with_disk(byte: u8, state: State, disk: &str) -> MachineWrite {
    MachineWrite::Insert(Machine {
        state,
        install_disk: Some(disk.parse().unwrap()),
        ..machine(byte)
    })
}

pub(crate) fn the_disks_of_machines_are_those_of_records_and_of_their_latest_permission(
    bench: &Bench,
) {
    bench.block(async {
        let former = Intent {
            closed: Some((at(3), IntentEnd::Failed)),
            assignment: Assignment {
                disk: "serial:FORMER".parse().unwrap(),
                ..assignment()
            },
            ..intent(2, 3)
        };
        let active = Machine {
            state: State::Active,
            ..machine(3)
        };
        let machines = vec![
            with_disk(1, State::Available, "serial:D1"),
            with_disk(2, State::Retired, "serial:D2"),
            MachineWrite::Insert(active),
            with_disk(4, State::Active, "serial:D1"),
        ];
        let change = Change {
            machines,
            clusters: vec![ClusterWrite::Insert(cluster())],
            intents: vec![
                IntentWrite::Open(intent(5, 3)),
                IntentWrite::Open(intent(6, 4)),
            ],
            ..Change::default()
        };
        applied(&bench.db, &change).await;
        let wanted = ["m1 serial:D1", "m3 serial:D1", "m4 serial:D1"];
        assert_eq!(named(bench).await, wanted);
        let change = Change {
            intents: vec![
                IntentWrite::Close {
                    id: intent(5, 3).id,
                    at: at(7),
                    end: IntentEnd::Fulfilled,
                },
                IntentWrite::Open(former),
            ],
            ..Change::default()
        };
        applied(&bench.db, &change).await;
        assert_eq!(
            named(bench).await,
            wanted,
            "an earlier permission counts no more"
        );
    });
}
