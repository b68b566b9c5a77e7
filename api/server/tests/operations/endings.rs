//! How stories of machines end: retired and forgotten; who asked and why is told, a repetition does
//! nothing twice, and nothing permits to erase a disk afterwards.

use api_server::error::UseCaseError;
use api_server::operations::endings::{Ended, Ending};
use api_server::operations::page::Page;
use machine_core::attempt::{Attempt, AttemptEnd, Release};
use machine_core::evidence::EvidenceSource;
use machine_core::id::{AttemptId, MachineId};
use machine_core::intent::IntentEnd;
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::evidence::{Evidence, Fact};
use machine_store::{clusters, reservations};

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::retry::failed_intent;

impl Around {
    pub(crate) async fn end(
        &self,
        name: &str,
        ending: Ending<'_>,
        key: &str,
    ) -> Result<Ended, UseCaseError> {
        self.operations.end(name, ending, &asked(key)).await
    }

    pub(crate) async fn refused(&self, name: &str, ending: Ending<'_>) -> String {
        let refused = self.end(name, ending, "refused").await;
        refused.unwrap_err().to_string()
    }

    /// A machine with a record of its own that showed this.
    pub(crate) async fn found_as(&self, name: &str, facts: Vec<Fact>) {
        let machine = Machine::discovered(MachineId::from_bytes([0xf0; 16]), name, NOW.plus(HOUR));
        let evidence = vec![Evidence {
            machine: machine.id,
            source: EvidenceSource::Registered,
            at: NOW.plus(HOUR),
            facts,
        }];
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            evidence,
            ..Change::default()
        };
        self.write(change).await;
    }

    pub(crate) async fn showed(&self, name: &str, facts: Vec<Fact>) {
        let evidence = vec![Evidence {
            machine: self.machine(name).await.id,
            source: EvidenceSource::Registered,
            at: NOW,
            facts,
        }];
        let change = Change {
            evidence,
            ..Change::default()
        };
        self.write(change).await;
    }

    pub(crate) async fn brought(&self, name: &str, inputs: &[Input]) {
        for input in inputs {
            let next = self.machine(name).await.after(*input, NOW).unwrap();
            let machines = vec![MachineWrite::Update(next)];
            let change = Change {
                machines,
                ..Change::default()
            };
            self.write(change).await;
        }
    }

    /// cp-1 in the middle of an install, whose config was released or not.
    pub(crate) async fn in_an_install(release: Option<Release>) -> Self {
        let around = Self::racked().await;
        around.cluster(CLUSTER, "c").await.unwrap();
        let inputs = [Input::Accept, Input::FactsComplete, Input::Allocate];
        around.brought("cp-1", &inputs).await;
        let clusters = clusters::list(&around.db).await.unwrap();
        let cluster = clusters.first().unwrap().id;
        let machine = around.machine("cp-1").await;
        let intent = failed_intent(&machine, cluster);
        let attempt = Attempt {
            id: AttemptId::from_bytes([7; 16]),
            machine: machine.id,
            intent: intent.id,
            number: 1,
            assignment: intent.assignment.clone(),
            opened: NOW,
            deadline: NOW.plus(Attempt::LIFETIME),
            boot: None,
            power_actions: 0,
            power_at: None,
            release,
            closed: None,
            accepted_boot: None,
            basis: None,
            wipe: None,
            verdict: None,
        };
        let change = Change {
            intents: vec![IntentWrite::Open(intent)],
            attempts: vec![AttemptWrite::Open(attempt)],
            ..Change::default()
        };
        around.write(change).await;
        around
    }

    pub(crate) async fn conditions(&self, name: &str) -> Vec<String> {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        let conditions = details.view.conditions.iter();
        conditions.map(ToString::to_string).collect()
    }

    pub(crate) async fn advice(&self, name: &str) -> String {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        details.advice.join("\n")
    }
}

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

#[tokio::test]
async fn whatever_it_does_a_machine_can_be_retired_and_then_permits_nothing() {
    let around = Around::in_an_install(None).await;
    let ended = around.end("cp-1", Ending::Retire, "r").await.unwrap();
    assert_eq!(ended.notes, Vec::<String>::new());
    assert_eq!(ended.view.unwrap().machine.state, State::Retired);
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let intent = details.intents[0].0.closed.map(|(_, end)| end);
    assert_eq!(intent, Some(IntentEnd::Cancelled));
    let attempt = details.attempts[0].closed.map(|(_, end)| end);
    assert_eq!(attempt, Some(AttemptEnd::Cancelled));
    let events = around.events().await;
    let told = "person:alice: provisioning -> retired: retire (it is time)";
    assert_eq!(events.iter().filter(|it| *it == told).count(), 1);
    // A repetition answers the same; another request finds nothing to retire.
    around.end("cp-1", Ending::Retire, "r").await.unwrap();
    assert_eq!(around.events().await, events);
    let said = around.refused("cp-1", Ending::Retire).await;
    let wanted = "cp-1: retire is not possible while retired; possible now: accept, forget";
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn every_state_but_retired_can_be_retired() {
    let around = Around::racked().await;
    for (key, state) in (0..).zip(State::ALL) {
        let mut machine = around.machine("cp-1").await;
        machine.state = state;
        let change = Change {
            machines: vec![MachineWrite::Update(machine)],
            ..Change::default()
        };
        around.write(change).await;
        let ended = around.end("cp-1", Ending::Retire, &key.to_string()).await;
        assert_eq!(ended.is_ok(), state != State::Retired, "{state}");
    }
}

#[tokio::test]
async fn to_retire_a_machine_whose_config_went_out_says_what_goes_on() {
    let release = Release::fetched(NOW, "10.77.0.10".parse().unwrap(), [1; 32]);
    let around = Around::in_an_install(Some(release)).await;
    let ended = around.end("cp-1", Ending::Retire, "r").await.unwrap();
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("attempt 1 had its config already"),
        "{notes}"
    );
    assert!(notes.contains("erases serial:CP1"), "{notes}");
}

#[tokio::test]
async fn a_dead_member_is_retired_then_forgotten_and_its_timeline_stays() {
    let around = Around::in_an_install(None).await;
    around.brought("cp-1", &[Input::RunsFromDisk]).await;
    let said = around.refused("cp-1", Ending::Forget).await;
    assert!(said.contains("cp-1 is active"), "{said}");
    assert!(said.contains("drover machine retire cp-1"), "{said}");
    let ended = around.end("cp-1", Ending::Retire, "r").await.unwrap();
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("cp-1 goes on running as a node of lab"),
        "{notes}"
    );
    assert!(
        around
            .advice("cp-1")
            .await
            .contains("drover machine forget cp-1")
    );
    let ended = around.end("cp-1", Ending::Forget, "f").await.unwrap();
    assert!(ended.view.is_none());
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("the file of lab still names cp-1"),
        "{notes}"
    );
    let left = around
        .operations
        .list_machines(&caller(), &Page::default())
        .await
        .unwrap()
        .items;
    let names: Vec<&str> = left.iter().map(|it| it.machine.name.as_str()).collect();
    assert_eq!(names, ["cp-2"]);
    // Its address is free, in the records and in DHCP.
    assert_eq!(reservations::list(&around.db).await.unwrap().len(), 1);
    assert_eq!(around.world.reserved.lock().unwrap().len(), 1);
    let operations = &around.operations;
    let id = operations.watched(&caller(), "cp-1").await.unwrap();
    let told = operations.timeline(&caller(), id, 0).await.unwrap();
    let last = told.last().unwrap();
    assert_eq!(last.event.detail, "its record was removed (it is time)");
    // A repetition is answered, though there is no such machine any more.
    around.end("cp-1", Ending::Forget, "f").await.unwrap();
    let said = around.refused("cp-1", Ending::Forget).await;
    assert_eq!(said, "there is no machine \"cp-1\"");
}

#[tokio::test]
async fn a_machine_that_moves_is_not_forgotten() {
    let around = Around::racked().await;
    around.brought("cp-1", &[Input::Accept]).await;
    let said = around.refused("cp-1", Ending::Forget).await;
    assert!(said.contains("drover machine retire cp-1"), "{said}");
    // One that was never accepted is.
    around.end("cp-2", Ending::Forget, "f").await.unwrap();
}
