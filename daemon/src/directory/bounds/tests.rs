//! Floods leave a bounded number of records.

use std::collections::BTreeSet;

use machine_core::boot::Asker;
use machine_core::hardware::{Arch, Firmware, SystemUuid};
use machine_core::id::BootId;
use machine_core::machine::Machine;
use machine_core::network::{SubnetName, UnknownPolicy};
use machine_store::change::{Change, MachineWrite, Outcome, apply};
use machine_store::evidence::{Evidence, Fact};
use machine_store::{boots, events, machines};
use pxe_server::directory::{BootQuestion, Directory, ScriptRequest};

use super::*;
use crate::directory::tests::directory;

const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const KNOWN: MachineId = MachineId::from_bytes([7; 16]);

fn uuid() -> SystemUuid {
    "4c4c4544-0000-4000-8000-000000000001".parse().unwrap()
}

/// A directory that knows one machine, by its card and its board.
async fn with_a_machine() -> BootDirectory {
    let directory = directory(UnknownPolicy::Ignore).await;
    let at = now();
    let machine = Machine::discovered(KNOWN, "cp-1", at);
    let change = Change {
        machines: vec![MachineWrite::Insert(machine)],
        evidence: vec![Evidence {
            machine: KNOWN,
            at,
            facts: vec![Fact::Mac(CARD), Fact::Uuid(uuid())],
        }],
        ..Change::default()
    };
    let applied = apply(&directory.records.db, &change).await.unwrap();
    assert_eq!(applied, Outcome::Applied);
    directory
}

fn question(mac: MacAddress, asker: Asker) -> BootQuestion {
    BootQuestion {
        subnet: SubnetName::new("lab"),
        mac,
        uuid: Some(uuid()),
        platform: Some((Arch::X86_64, Firmware::Bios)),
        asker,
        is_discover: true,
    }
}

async fn opens(directory: &BootDirectory, mac: MacAddress, asker: Asker) -> BootId {
    let answer = directory.boot(question(mac, asker)).await.unwrap();
    answer.boot.unwrap()
}

async fn asks_for_its_script(directory: &BootDirectory, mac: MacAddress, boot: BootId) {
    let request = ScriptRequest {
        boot,
        peer: "10.77.0.50".parse().unwrap(),
        mac: Some(mac),
        macs: [mac].into(),
        uuid: Some(uuid()),
        serial: None,
        manufacturer: None,
        product: None,
        platform: None,
        version: None,
    };
    directory.script(request).await.unwrap();
}

/// Once everything that was queued before is committed.
async fn timeline(directory: &BootDirectory, machine: MachineId) -> Vec<Event> {
    let barrier: Vec<Event> = Vec::new();
    directory.records.commit.submit(barrier).await.unwrap();
    let events = events::of_machine(&directory.records.db, machine, 0, 10_000).await;
    events.unwrap().into_iter().map(|it| it.event).collect()
}

#[tokio::test]
async fn cards_without_number_that_claim_one_board_make_one_record_and_are_shown() {
    let directory = with_a_machine().await;
    for number in 0..40 {
        let mac = MacAddress::new([2, 0, 0, 0, 1, number]);
        let boot = opens(&directory, mac, Asker::Ipxe).await;
        asks_for_its_script(&directory, mac, boot).await;
    }
    let known = machines::list(&directory.records.db).await.unwrap();
    let names: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let told = timeline(&directory, KNOWN).await;
    let claims: Vec<&str> = told
        .iter()
        .filter(|event| event.kind == "conflict")
        .map(|event| event.detail.as_str())
        .collect();
    assert_eq!(claims.len(), 8, "{claims:?}");
    assert_eq!(claims[0], "02:00:00:00:01:01 claims to be it, too");
    assert_eq!(directory.paces.held(KNOWN, Subject::Claimants), 31);
}

#[tokio::test]
async fn a_card_that_repeats_itself_at_once_begins_one_boot() {
    let directory = with_a_machine().await;
    let asked = (0..200).map(|_| {
        let directory = directory.clone();
        tokio::spawn(async move { opens(&directory, CARD, Asker::Firmware).await })
    });
    let asked: Vec<_> = asked.collect();
    let mut began = BTreeSet::new();
    for asker in asked {
        began.insert(asker.await.unwrap());
    }
    assert_eq!(began.len(), 1);
    let boots = boots::recent(&directory.records.db, KNOWN, 1000).await;
    assert_eq!(boots.unwrap().len(), 1);
}

#[tokio::test]
async fn a_card_that_is_firmware_and_ipxe_by_turns_begins_one_boot_in_a_few_seconds() {
    let directory = with_a_machine().await;
    let first = opens(&directory, CARD, Asker::Firmware).await;
    let boot = boots::find(&directory.records.db, first)
        .await
        .unwrap()
        .unwrap();
    let ipxe = Boot {
        step: BootStep::Ipxe,
        ..boot
    };
    assert!(is_again(&ipxe, ipxe.opened.plus(Duration::from_secs(2))));
    assert!(!is_again(&ipxe, ipxe.opened.plus(AGAIN)));
    let later = Boot {
        step: BootStep::Script,
        ..ipxe.clone()
    };
    assert!(!is_again(&later, later.opened), "it has gone on");
    let disk = Boot {
        origin: BootOrigin::Disk,
        ..ipxe
    };
    assert!(!is_again(&disk, disk.opened));
}
