//! Who is known, and the one read behind a boot decision.

use std::collections::BTreeSet;

use machine_core::boot::BootStep;
use machine_core::evidence::{Claim, EvidenceSource, Heard, Identity, KnownIdentity};
use machine_core::hardware::SystemUuid;
use machine_core::id::MachineId;
use machine_store::boot_read::boot_read;
use machine_store::change::{Change, MachineWrite};
use machine_store::db::Db;
use machine_store::evidence::{Evidence, Fact};
use machine_store::{evidence, identities};

use crate::bench::Bench;
use crate::fixtures::{applied, at, attempt, boot, intent, mac, machine, machine_id, provisioning};

pub(crate) fn uuid(last: u8) -> SystemUuid {
    let mut bytes = [0x4c; 16];
    bytes[15] = last;
    SystemUuid::from_bytes(bytes)
}

fn dhcp(card: u8, board: Option<u8>) -> Claim {
    Claim {
        mac: mac(card),
        others: BTreeSet::new(),
        uuid: board.map(uuid),
        serial: None,
        complete: false,
    }
}

/// Machine 1 with cards 1 and 11 on board 1, machine 2 with card 2 on board 2, machine 3 unseen.
pub(crate) async fn three(bench: &Bench) {
    let facts = |byte: u8, cards: &[u8]| Evidence {
        machine: machine_id(byte),
        at: at(20),
        source: EvidenceSource::Registered,
        facts: cards
            .iter()
            .map(|card| Fact::Mac(mac(*card)))
            .chain([
                Fact::Uuid(uuid(byte)),
                Fact::Serial(format!("S{byte}").parse().unwrap()),
            ])
            .collect(),
    };
    let change = Change {
        machines: vec![
            MachineWrite::Insert(machine(2)),
            MachineWrite::Insert(machine(3)),
        ],
        evidence: vec![facts(1, &[1, 11]), facts(2, &[2])],
        ..Change::default()
    };
    provisioning(&bench.db).await;
    applied(&bench.db, &change).await;
}

fn ids(known: &[KnownIdentity]) -> Vec<MachineId> {
    known.iter().map(|it| it.machine).collect()
}

pub(crate) fn who_shares_a_card_or_a_board_is_a_candidate(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let cards = |cards: &[u8]| cards.iter().map(|card| mac(*card)).collect();
        let of = async |macs: &[u8], board: Option<u8>| {
            let known = identities::candidates(db, &cards(macs), board.map(uuid)).await;
            ids(&known.unwrap())
        };
        assert_eq!(of(&[1], None).await, [machine_id(1)]);
        assert_eq!(of(&[9], Some(2)).await, [machine_id(2)]);
        assert_eq!(
            of(&[11], Some(2)).await,
            [machine_id(1), machine_id(2)],
            "longest known first"
        );
        assert_eq!(of(&[8, 9, 2], None).await, [machine_id(2)]);
        assert_eq!(of(&[9], Some(9)).await, []);
        assert_eq!(of(&[], None).await, []);
        let zeros = Some(SystemUuid::from_bytes([0; 16]));
        let change = Change {
            evidence: vec![Evidence {
                machine: machine_id(3),
                at: at(21),
                source: EvidenceSource::Registered,
                facts: vec![Fact::Uuid(SystemUuid::from_bytes([0; 16]))],
            }],
            ..Change::default()
        };
        applied(db, &change).await;
        let known = identities::candidates(db, &cards(&[9]), zeros)
            .await
            .unwrap();
        assert_eq!(known, [], "zeros identify nobody");
        let known = identities::of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(
            known,
            Some(KnownIdentity {
                machine: machine_id(1),
                name: "m1".to_owned(),
                since: at(1),
                macs: cards(&[1, 11]),
                registered: true,
                uuid: Some(uuid(1)),
                serial: Some("S1".parse().unwrap()),
                heard: Heard::default(),
            })
        );
        assert_eq!(identities::list(db).await.unwrap().len(), 3);
    });
}

pub(crate) fn evidence_keeps_first_and_last(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let (commits, _) = bench.commits();
        let swapped = |board, seconds| Evidence {
            machine: machine_id(1),
            at: at(seconds),
            source: EvidenceSource::Registered,
            facts: vec![Fact::Uuid(uuid(board))],
        };
        let board = async || {
            let known = identities::of_machine(db, machine_id(1)).await.unwrap();
            known.unwrap().uuid
        };
        commits.submit(swapped(50, 10)).await.unwrap();
        assert_eq!(
            board().await,
            Some(uuid(1)),
            "what was seen last stands, not what came last"
        );
        commits.submit(swapped(50, 30)).await.unwrap();
        assert_eq!(board().await, Some(uuid(50)));
        commits.submit(swapped(1, 40)).await.unwrap();
        commits.submit(swapped(50, 5)).await.unwrap();
        assert_eq!(board().await, Some(uuid(1)), "an older time moves nothing");
    });
    let seen = bench.pairs(
        "SELECT first_seen, last_seen FROM evidence \
         WHERE value = '4c4c4c4c-4c4c-4c4c-4c4c-4c4c4c4c4c32'",
    );
    assert_eq!(seen, [(5_000, 30_000)], "milliseconds of board 50");
}

pub(crate) fn hearing_a_board_does_not_choose_among_those_that_were_told(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let (commits, _) = bench.commits();
        let says = |source, board, seconds| Evidence {
            machine: machine_id(1),
            at: at(seconds),
            source,
            facts: vec![Fact::Uuid(uuid(board))],
        };
        let (told, asked) = (EvidenceSource::Registered, EvidenceSource::Asked);
        commits.submit(says(told, 50, 30)).await.unwrap();
        commits.submit(says(told, 51, 40)).await.unwrap();
        commits.submit(says(asked, 50, 900)).await.unwrap();
        let known = identities::of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(known.unwrap().uuid, Some(uuid(51)), "what was told last");
    });
}

/// Who is nobody, or not certainly somebody, gets nothing of a machine to read.
async fn strangers_read_nothing(db: &Db) {
    let read = boot_read(db, &dhcp(9, None)).await.unwrap();
    assert_eq!((read.identity, read.standing), (Identity::Unknown, None));
    assert_eq!(
        read.boot, None,
        "the boots of strangers are in memory elsewhere"
    );

    let read = boot_read(db, &dhcp(9, Some(1))).await.unwrap();
    assert_eq!(
        (read.identity, read.standing),
        (Identity::Candidate(machine_id(1)), None)
    );

    let said = Claim {
        complete: true,
        ..dhcp(1, Some(2))
    };
    let read = boot_read(db, &said).await.unwrap();
    assert!(matches!(
        read.identity,
        Identity::Conflict { claimant: None, .. }
    ));
    assert_eq!(
        (read.standing, read.boot),
        (None, None),
        "it learns nothing of machine 1"
    );
}

pub(crate) fn one_read_holds_what_a_boot_needs(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let (commits, _) = bench.commits();
        commits
            .submit(boot(1, Some(1), 40, BootStep::Lease))
            .await
            .unwrap();
        commits
            .submit(boot(5, Some(1), 30, BootStep::Script))
            .await
            .unwrap();
        commits
            .submit(boot(9, None, 50, BootStep::Discover))
            .await
            .unwrap();

        let read = boot_read(db, &dhcp(1, Some(1))).await.unwrap();
        assert_eq!(read.identity, Identity::Known(machine_id(1)));
        assert_eq!(ids(&read.candidates), [machine_id(1)]);
        let standing = read.standing.unwrap();
        assert_eq!(standing.machine.name, "m1");
        assert_eq!(standing.intent, Some(intent(2, 1)));
        assert_eq!(standing.attempt, Some(attempt(4, 2, 1, 1)));
        assert_eq!(read.boot, Some(boot(1, Some(1), 40, BootStep::Lease)));

        let read = boot_read(db, &dhcp(2, None)).await.unwrap();
        let standing = read.standing.unwrap();
        assert_eq!(standing.machine, machine(2));
        assert_eq!(
            (standing.intent, standing.attempt, read.boot),
            (None, None, None)
        );

        strangers_read_nothing(db).await;
    });
}

pub(crate) fn a_listed_card_is_nobodys_and_a_heard_board_no_authority(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let (commits, _) = bench.commits();
        let claim = Claim {
            others: [mac(21)].into(),
            serial: Some("EVIL".parse().unwrap()),
            complete: true,
            ..dhcp(1, Some(66))
        };
        let heard = Evidence::of_claim(machine_id(1), &claim, at(90));
        commits.submit(heard).await.unwrap();
        let listed = identities::candidates(db, &[mac(21)].into(), None).await;
        assert_eq!(
            ids(&listed.unwrap()),
            [],
            "whoever lists a card has no part in it"
        );
        let known = identities::of_machine(db, machine_id(1)).await.unwrap();
        let known = known.unwrap();
        assert_eq!(known.macs, [mac(1), mac(11)].into());
        assert_eq!(known.uuid, Some(uuid(1)), "what was registered stands");
        assert_eq!(known.serial, Some("S1".parse().unwrap()));
        assert_eq!(known.heard.uuids, [uuid(66)].into());
        // The swapped form of the board finds its machine.
        let swapped = identities::candidates(db, &BTreeSet::new(), Some(uuid(1).swapped())).await;
        assert_eq!(ids(&swapped.unwrap()), [machine_id(1)]);
        // What is heard again does not take the word of a person back.
        let facts = evidence::of_machine(db, machine_id(1)).await.unwrap();
        let source = |value: String| {
            let fact = facts.iter().find(|it| it.value == value);
            fact.map(|it| it.source)
        };
        assert_eq!(source(mac(1).to_string()), Some(EvidenceSource::Registered));
        assert_eq!(source(mac(21).to_string()), Some(EvidenceSource::Listed));
        assert_eq!(source(uuid(66).to_string()), Some(EvidenceSource::Asked));
    });
}
