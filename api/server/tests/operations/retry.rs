//! Retry: a failed machine tries again, a failed install with a new permission.

use machine_core::attempt::{Attempt, Release};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::{AttemptId, BootId};
use machine_core::intent::{Actor, Intent, IntentEnd};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::{Failure, Machine};
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::commit::Committer;

use crate::around::{Around, NOW, asked};
use crate::clusters::CLUSTER;

fn failure() -> Failure {
    Failure {
        step: "install".to_owned(),
        why: "it took longer than it may".to_owned(),
        advice: "retry".to_owned(),
    }
}

impl Around {
    /// Brings cp-1 through these inputs and lets it fail.
    async fn failed(inputs: &[Input]) -> Self {
        let around = Self::racked().await;
        for input in inputs {
            let next = around.machine("cp-1").await.after(*input, NOW).unwrap();
            around.update(next).await;
        }
        let machine = around.machine("cp-1").await;
        around
            .update(machine.given_up(failure(), NOW).unwrap())
            .await;
        around
    }

    async fn update(&self, machine: Machine) {
        self.write(Change {
            machines: vec![MachineWrite::Update(machine)],
            ..Change::default()
        })
        .await;
    }
}

/// An attempt that has released its config.
fn installed(intent: &Intent) -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([8; 16]),
        machine: intent.machine,
        intent: intent.id,
        number: 1,
        assignment: intent.assignment.clone(),
        opened: NOW,
        deadline: NOW.plus(Machine::PROVISIONING),
        boot: None,
        power_actions: 0,
        power_at: None,
        release: Some(Release {
            at: NOW,
            peer: [10, 77, 0, 10].into(),
            digest: [0; 32],
            fetches: 1,
        }),
        closed: None,
    }
}

const INSTALLED: [Input; 3] = [Input::Accept, Input::FactsComplete, Input::Allocate];

#[tokio::test]
async fn an_inspection_begins_again_with_a_new_deadline() {
    let around = Around::failed(&[Input::Accept]).await;
    let view = around.operations.retry("cp-1", &asked("r")).await.unwrap();
    assert_eq!(view.machine.state, State::Inspecting);
    assert_eq!(view.machine.failure, None);
    let limit = NOW.plus(Machine::INSPECTING);
    assert_eq!(view.machine.deadline, Some(limit));
    let told = "person:alice: failed while inspecting -> inspecting: retry (it is time)";
    assert_eq!(around.events().await.last().unwrap(), told);
    // A repetition is answered; another request finds nothing that failed.
    around.operations.retry("cp-1", &asked("r")).await.unwrap();
    let said = around.operations.retry("cp-1", &asked("s")).await;
    let said = said.unwrap_err().to_string();
    let wanted = "cp-1: retry is not possible while inspecting";
    assert!(said.starts_with(wanted), "{said}");
}

#[tokio::test]
async fn an_install_is_permitted_anew_by_who_asks() {
    let around = Around::failed(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    let view = around.operations.retry("cp-1", &asked("r")).await.unwrap();
    assert!(matches!(view.machine.state, State::Provisioning(_)));
    let (intent, cluster) = view.assignment().unwrap();
    assert_eq!(cluster, "lab");
    assert_eq!(intent.assignment.disk.to_string(), "serial:CP1");
    assert_eq!(intent.actor, Actor::Person("alice".to_owned()));
    assert_eq!((intent.reason.as_str(), intent.claims), ("it is time", 0));
    assert!(intent.is_open(NOW));
    assert_eq!(intent.expires, NOW.plus(Intent::LIFETIME));

    // What is shown tells how the one before has ended.
    let machine = around.machine("cp-1").await;
    around
        .write(Change {
            intents: vec![IntentWrite::Close {
                id: intent.id,
                at: NOW,
                end: IntentEnd::Failed,
            }],
            machines: vec![MachineWrite::Update(
                machine.given_up(failure(), NOW).unwrap(),
            )],
            ..Change::default()
        })
        .await;
    around.operations.retry("cp-1", &asked("s")).await.unwrap();
    let details = around.operations.show_machine("cp-1").await.unwrap();
    let mut ends: Vec<_> = details
        .intents
        .iter()
        .map(|(intent, _)| intent.closed.map(|(_, end)| end))
        .collect();
    ends.sort_by_key(Option::is_some);
    assert_eq!(ends, [None, Some(IntentEnd::Failed)]);
}

#[tokio::test]
async fn an_install_that_no_rule_asks_for_is_not_tried_again() {
    let around = Around::failed(&INSTALLED).await;
    let said = around.operations.retry("cp-1", &asked("r")).await;
    let said = said.unwrap_err().to_string();
    assert!(said.ends_with("no cluster's rule takes it"), "{said}");
    assert!(matches!(
        around.machine("cp-1").await.state,
        State::Failed(_)
    ));
}

#[tokio::test]
async fn a_member_that_has_come_up_is_not_installed_anew() {
    let around = Around::failed(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    around.operations.retry("cp-1", &asked("q")).await.unwrap();
    let details = around.operations.show_machine("cp-1").await.unwrap();
    let (intent, _) = details.intents.first().unwrap().clone();
    let machine = around.machine("cp-1").await;
    let attempt = installed(&intent);
    around
        .write(Change {
            attempts: vec![AttemptWrite::Open(attempt.clone())],
            machines: vec![MachineWrite::Update(
                machine.given_up(failure(), NOW).unwrap(),
            )],
            ..Change::default()
        })
        .await;
    let boot = Boot {
        id: BootId::from_bytes([7; 16]),
        machine: Some(machine.id),
        mac: None,
        origin: BootOrigin::Disk,
        platform: None,
        address: None,
        attempt: Some(attempt.id),
        opened: NOW,
        step: BootStep::Joined,
        step_at: NOW,
        sent_to_disk: false,
        ready: None,
    };
    let (commit, committing) = Committer::spawn(around.db.clone());
    commit.submit(boot).await.unwrap();
    commit.close();
    committing.await.unwrap();
    let said = around.operations.retry("cp-1", &asked("r")).await;
    let said = said.unwrap_err().to_string();
    assert!(said.ends_with("there is nothing to retry"), "{said}");
}
