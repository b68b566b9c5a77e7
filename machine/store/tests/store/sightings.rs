//! What is seen on the wire becomes one machine.

use std::collections::BTreeSet;

use machine_core::boot::BootStep;
use machine_store::commit::sighting::{NewMachine, NewMachineOutcome};
use machine_store::evidence::Fact;
use machine_store::{boots, events, machines};

use crate::bench::Bench;
use crate::fixtures::{at, boot, event, mac, machine, machine_id};
use crate::identity::{three, uuid};

fn sighting(byte: u8, card: u8, name: &str) -> NewMachine {
    let mut machine = machine(byte);
    name.clone_into(&mut machine.name);
    let mut boot = boot(60, Some(byte), 40, BootStep::Script);
    boot.mac = Some(mac(card));
    NewMachine {
        machine,
        facts: vec![Fact::Mac(mac(card)), Fact::Uuid(uuid(77))],
        candidates: BTreeSet::new(),
        boot: Some(boot),
        events: vec![event("discovered")],
    }
}

pub(crate) fn a_sighting_becomes_one_machine(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        three(bench).await;
        let (commits, _) = bench.commits();
        let seen = boot(60, None, 30, BootStep::Discover);
        commits.submit(seen).await.unwrap();
        let taken = commits.submit(sighting(70, 7, "m2")).await.unwrap();
        assert_eq!(taken, NewMachineOutcome::NameTaken);
        assert_eq!(machines::find(db, machine_id(70)).await.unwrap(), None);
        let known = commits.submit(sighting(70, 1, "fresh")).await.unwrap();
        assert_eq!(
            known,
            NewMachineOutcome::CandidatesChanged,
            "its card is of machine 1"
        );

        let (one, other) = tokio::join!(
            commits.submit(sighting(71, 7, "one")),
            commits.submit(sighting(72, 7, "other")),
        );
        let mut outcomes = [(one.unwrap(), 71), (other.unwrap(), 72)];
        outcomes.sort_by_key(|(outcome, _)| *outcome != NewMachineOutcome::Created);
        let [(created, winner), (refused, loser)] = outcomes;
        assert_eq!(created, NewMachineOutcome::Created);
        assert_eq!(refused, NewMachineOutcome::CandidatesChanged);
        assert_eq!(machines::find(db, machine_id(loser)).await.unwrap(), None);
        let adopted = boots::find(db, boot(60, None, 0, BootStep::Discover).id).await;
        let adopted = adopted.unwrap().unwrap();
        assert_eq!(adopted.machine, Some(machine_id(winner)));
        assert_eq!(adopted.opened, at(30), "the same boot as before");
        assert_eq!(events::tail(db, 9).await.unwrap().len(), 1);

        let mut clone = sighting(73, 9, "clone");
        clone.candidates = [machine_id(winner)].into();
        let created = commits.submit(clone).await.unwrap();
        assert_eq!(
            created,
            NewMachineOutcome::Created,
            "a clone may have a record of its own"
        );
    });
}
