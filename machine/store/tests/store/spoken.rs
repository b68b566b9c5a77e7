//! Who speaks for a machine, and since when it is on.

use machine_core::boot::BootStep;
use machine_core::claimant::Claimant;
use machine_store::change::Change;
use machine_store::claimants;
use machine_store::power_on::{self, PowerSwitch};

use crate::bench::Bench;
use crate::fixtures::{applied, at, boot, mac, machine_id};
use crate::identity::three;

pub(crate) fn who_speaks_for_a_machine_is_kept_and_bounded(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let (commits, _) = bench.commits();
        let spoke = |card: u8, seconds: i64, is_own| claimants::Heard {
            machine: machine_id(1),
            claimant: Claimant {
                boot: boot(card, None, 0, BootStep::Script).id,
                card: mac(card),
                address: [10, 77, 0, card].into(),
                uuid: None,
                serial: Some("S1".parse().unwrap()),
                first_seen: at(seconds),
                last_seen: at(seconds),
            },
            is_own,
            why: "it waits".to_owned(),
        };
        commits.submit(spoke(1, 100, true)).await.unwrap();
        for card in 30..100 {
            let seconds = 200 + i64::from(card);
            commits.submit(spoke(card, seconds, false)).await.unwrap();
        }
        commits.submit(spoke(1, 400, true)).await.unwrap();
        let heard = claimants::of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(heard.len(), 17, "the flood is bounded");
        let own = heard.first().unwrap();
        assert!(own.is_own, "and leaves the machine's own boot alone");
        let seen = (own.claimant.first_seen, own.claimant.last_seen);
        assert_eq!(seen, (at(100), at(400)));
        let change = Change {
            accepted: vec![(machine_id(1), own.claimant.boot)],
            ..Change::default()
        };
        applied(db, &change).await;
        let left = claimants::of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].why, "", "nothing hinders the one that was accepted");
    });
}

pub(crate) fn when_a_machine_was_switched_on_is_known_until_it_is_off(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let switch = |on| Change {
            power: vec![PowerSwitch {
                machine: machine_id(1),
                on,
            }],
            ..Change::default()
        };
        for on in [Some(at(10)), Some(at(20)), None, None] {
            applied(db, &switch(on)).await;
            assert_eq!(power_on::find(db, machine_id(1)).await.unwrap(), on);
        }
    });
}
