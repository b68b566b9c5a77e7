//! Floods leave a bounded number of records.

use std::collections::BTreeSet;

use machine_core::boot::Asker;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{Arch, Firmware, SystemUuid};
use machine_core::id::BootId;
use machine_core::machine::Machine;
use machine_core::network::{SubnetName, UnknownPolicy};
use machine_store::apply::apply;
use machine_store::boots;
use machine_store::change::{Change, MachineWrite, Outcome};
use machine_store::evidence::{Evidence, Fact};
use pxe_server::directory::{BootQuestion, Directory};

use super::*;
use crate::boots::tests::directory;
use crate::fixtures::now;

const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const KNOWN: MachineId = MachineId::from_bytes([7; 16]);

fn uuid() -> SystemUuid {
    "4c4c4544-0000-4000-8000-000000000001".parse().unwrap()
}

/// A directory that knows one machine, by its card and its board.
async fn with_a_machine() -> BootAnswers {
    let directory = directory(UnknownPolicy::Ignore).await;
    let at = now();
    let machine = Machine::discovered(KNOWN, "cp-1", at);
    let change = Change {
        machines: vec![MachineWrite::Insert(machine)],
        evidence: vec![Evidence {
            machine: KNOWN,
            source: EvidenceSource::Asked,
            at,
            facts: vec![Fact::Mac(CARD), Fact::Uuid(uuid())],
        }],
        ..Change::default()
    };
    let applied = apply(&directory.site.db, &change).await.unwrap();
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

async fn opens(directory: &BootAnswers, mac: MacAddress, asker: Asker) -> BootId {
    let answer = directory.boot(question(mac, asker)).await.unwrap();
    answer.boot.unwrap()
}

/// Waits until what was queued so far is on record.
async fn recorded(directory: &BootAnswers) {
    let barrier: Vec<Event> = Vec::new();
    directory.site.commit.submit(barrier).await.unwrap();
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
    recorded(&directory).await;
    let boots = boots::recent(&directory.site.db, KNOWN, 1000).await;
    assert_eq!(boots.unwrap().len(), 1);
}

#[tokio::test]
async fn a_card_that_is_firmware_and_ipxe_by_turns_begins_one_boot_in_a_few_seconds() {
    let directory = with_a_machine().await;
    let first = opens(&directory, CARD, Asker::Firmware).await;
    recorded(&directory).await;
    let boot = boots::find(&directory.site.db, first)
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
