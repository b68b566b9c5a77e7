//! What is learned of machines' hardware, beside their records.

use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{Arch, Firmware};
use machine_core::machine::Hardware;
use machine_store::change::{Change, MachineWrite};
use machine_store::facts::{self, FactKind, KnownFact, Learned};
use machine_store::machines;

use crate::bench::Bench;
use crate::fixtures::{applied, at, machine, machine_id};

fn registered() -> Change {
    let mut machine = machine(1);
    machine.hardware.arch = Some(Arch::X86_64);
    machine.hardware.firmware = Some(Firmware::Bios);
    Change {
        machines: vec![MachineWrite::Insert(machine)],
        ..Change::default()
    }
}

fn learned(seconds: i64, source: EvidenceSource, hardware: Hardware) -> Learned {
    Learned {
        machine: machine_id(1),
        at: at(seconds),
        source,
        hardware,
    }
}

/// A claim holds the version that it read: a boot that says something new must not overtake it.
pub(crate) fn what_is_learned_changes_no_version(bench: &Bench) {
    bench.block(applied(&bench.db, &registered()));
    let (commits, ended) = bench.commits();
    bench.block(async {
        let said = Hardware {
            firmware: Some(Firmware::Uefi),
            product: Some("R640".to_owned()),
            ..Hardware::default()
        };
        let learned = learned(7, EvidenceSource::Asked, said);
        commits.submit(learned).await.unwrap();
        let found = machines::find(&bench.db, machine_id(1)).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.version, 0);
        let wanted = Hardware {
            arch: Some(Arch::X86_64),
            firmware: Some(Firmware::Uefi),
            manufacturer: None,
            product: Some("R640".to_owned()),
        };
        assert_eq!(found.hardware, wanted);
        let known = facts::of_machine(&bench.db, machine_id(1)).await.unwrap();
        let fact = |kind, value: &str, seconds| KnownFact {
            kind,
            value: value.to_owned(),
            source: EvidenceSource::Asked,
            seen: at(seconds),
        };
        let wanted = [
            fact(FactKind::Arch, "amd64", 1),
            fact(FactKind::Firmware, "uefi", 7),
            fact(FactKind::Product, "R640", 7),
        ];
        assert_eq!(known, wanted);
        drop(commits);
        ended.await.unwrap();
    });
}

pub(crate) fn what_was_only_heard_does_not_replace_what_is_known(bench: &Bench) {
    let made_by = |name: &str| Hardware {
        manufacturer: Some(name.to_owned()),
        ..Hardware::default()
    };
    bench.block(async {
        let change = Change {
            learned: vec![
                learned(2, EvidenceSource::Asked, made_by("heard")),
                learned(3, EvidenceSource::Bmc, made_by("known")),
                learned(4, EvidenceSource::Asked, made_by("heard again")),
            ],
            ..registered()
        };
        applied(&bench.db, &change).await;
        let found = machines::find(&bench.db, machine_id(1)).await.unwrap();
        let manufacturer = found.unwrap().hardware.manufacturer;
        assert_eq!(manufacturer.as_deref(), Some("known"));
    });
}
