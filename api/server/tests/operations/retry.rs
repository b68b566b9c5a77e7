//! Retry: a failed machine tries again; what it may erase is decided elsewhere.

use machine_core::attempt::{Attempt, AttemptEnd, Release};
use machine_core::cluster::Role;
use machine_core::id::{AttemptId, ClusterId, IntentId};
use machine_core::intent::{Actor, Assignment, Intent, IntentEnd, IntentKind};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::{Failure, Machine};
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::clusters;

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;

fn failure() -> Failure {
    Failure {
        step: "install".to_owned(),
        why: "it took longer than it may".to_owned(),
        advice: "retry".to_owned(),
    }
}

impl Around {
    /// Brings cp-1 through these inputs.
    async fn through(inputs: &[Input]) -> Self {
        let around = Self::racked().await;
        for input in inputs {
            let next = around.machine("cp-1").await.after(*input, NOW).unwrap();
            around.update(next).await;
        }
        around
    }

    /// Brings cp-1 through these inputs and lets it fail.
    async fn failed(inputs: &[Input]) -> Self {
        let around = Self::through(inputs).await;
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
async fn an_install_is_tried_again_and_nothing_is_permitted_by_that() {
    let around = Around::failed(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    let clusters = clusters::list(&around.db).await.unwrap();
    let machine = around.machine("cp-1").await;
    let intent = failed_intent(&machine, clusters[0].id);
    around
        .write(Change {
            intents: vec![
                IntentWrite::Open(intent.clone()),
                IntentWrite::Close {
                    id: intent.id,
                    at: NOW,
                    end: IntentEnd::Failed,
                },
            ],
            ..Change::default()
        })
        .await;
    let view = around.operations.retry("cp-1", &asked("r")).await.unwrap();
    assert!(matches!(view.machine.state, State::Provisioning(_)));
    let limit = NOW.plus(Machine::PROVISIONING);
    assert_eq!(view.machine.deadline, Some(limit));
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let ends: Vec<_> = details
        .intents
        .iter()
        .map(|(intent, _)| intent.closed.map(|(_, end)| end))
        .collect();
    assert_eq!(ends, [Some(IntentEnd::Failed)]);
}

/// The permission of the install that failed.
pub(crate) fn failed_intent(machine: &Machine, cluster: ClusterId) -> Intent {
    Intent {
        id: IntentId::from_bytes([9; 16]),
        machine: machine.id,
        assignment: Assignment {
            cluster,
            role: Role::ControlPlane,
            disk: "serial:CP1".parse().unwrap(),
        },
        actor: Actor::Policy("lab".to_owned()),
        reason: "its rule takes it".to_owned(),
        opened: NOW,
        expires: NOW.plus(Intent::LIFETIME),
        kind: IntentKind::Install,
        claims: 1,
        closed: None,
    }
}

#[tokio::test]
async fn a_config_that_was_refused_is_tried_again_before_the_machine_has_failed() {
    let around = Around::through(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    let clusters = clusters::list(&around.db).await.unwrap();
    let machine = around.machine("cp-1").await;
    let intent = failed_intent(&machine, clusters[0].id);
    let attempt = refused_attempt(&intent);
    let id = attempt.id;
    around
        .write(Change {
            intents: vec![IntentWrite::Open(intent)],
            attempts: vec![AttemptWrite::Open(attempt)],
            ..Change::default()
        })
        .await;
    let early = around.operations.retry("cp-1", &asked("q")).await;
    assert!(early.is_err(), "its attempt is under way");
    let end = AttemptEnd::Refused;
    around
        .write(Change {
            attempts: vec![AttemptWrite::Close { id, at: NOW, end }],
            ..Change::default()
        })
        .await;
    for _ in 0..2 {
        let view = around.operations.retry("cp-1", &asked("r")).await.unwrap();
        assert!(matches!(view.machine.state, State::Provisioning(_)));
    }
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let ends: Vec<_> = details
        .intents
        .iter()
        .map(|(intent, _)| intent.closed.map(|(_, end)| end))
        .collect();
    assert_eq!(ends, [Some(IntentEnd::Failed)], "the plan opens the next");
}

fn refused_attempt(intent: &Intent) -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([8; 16]),
        machine: intent.machine,
        intent: intent.id,
        number: 1,
        assignment: intent.assignment.clone(),
        opened: NOW,
        deadline: NOW.plus(Attempt::LIFETIME),
        boot: None,
        power_actions: 0,
        power_at: None,
        release: None,
        closed: None,
        basis: None,
        wipe: None,
        verdict: None,
        accepted_boot: None,
    }
}

#[tokio::test]
async fn a_wipe_is_confirmed_by_name_and_permitted_for_the_disk_of_the_failed_install() {
    let around = Around::failed(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    around.has_failed(|_| {}).await;
    let said = around.wipe("", "q").await.unwrap_err();
    for wanted in ["wipes serial:CP1 of cp-1", "EPHEMERAL", "--confirm cp-1"] {
        assert!(said.contains(wanted), "{said}");
    }
    for _ in 0..2 {
        around.wipe("cp-1", "r").await.unwrap();
    }
    let machine = around.machine("cp-1").await;
    assert!(matches!(machine.state, State::Provisioning(_)));
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let [(permission, _), (failed, _)] = details.intents.as_slice() else {
        panic!("one more permission: {:?}", details.intents)
    };
    assert!(permission.kind == IntentKind::Reimage && permission.closed.is_none());
    assert_eq!(permission.assignment, failed.assignment);
    assert_eq!(permission.actor, Actor::Policy("cluster lab".to_owned()));
    let wanted = "person:alice asked for the wipe: it is time";
    assert_eq!(permission.reason, wanted);
    let events = around.events().await;
    let told = "person:alice: installs as controlplane, and may erase serial:CP1; the older \
                install on it is wiped first (it is time)";
    assert!(events.iter().any(|it| it == told), "{events:?}");
    let said = around.wipe("cp-1", "s").await.unwrap_err();
    assert!(said.contains("whose install failed"), "{said}");
}

#[tokio::test]
async fn a_disk_that_the_failed_install_was_not_for_is_never_wiped() {
    let around = Around::failed(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    let other = |intent: &mut Intent| intent.assignment.disk = "serial:OLD".parse().unwrap();
    around.has_failed(other).await;
    let said = around.wipe("cp-1", "r").await.unwrap_err();
    for wanted in ["serial:OLD", "serial:CP1"] {
        assert!(said.contains(wanted), "{said}");
    }
    let machine = around.machine("cp-1").await;
    assert!(matches!(machine.state, State::Failed(_)));
}

#[tokio::test]
async fn no_wipe_while_another_disk_may_hold_an_install_of_ours() {
    let around = Around::failed(&INSTALLED).await;
    around.cluster(CLUSTER, "c").await.unwrap();
    let intent = around.has_failed(|_| {}).await;
    let mut elsewhere = refused_attempt(&intent);
    elsewhere.assignment.disk = "serial:OLD".parse().unwrap();
    elsewhere.closed = Some((NOW, AttemptEnd::Installed));
    elsewhere.release = Some(Release::fetched(NOW, [10, 77, 0, 10].into(), [1; 32]));
    around
        .write(Change {
            attempts: vec![AttemptWrite::Open(elsewhere)],
            ..Change::default()
        })
        .await;
    let said = around.wipe("cp-1", "r").await.unwrap_err();
    assert!(
        said.contains("attempt 1 may have installed to serial:OLD"),
        "{said}"
    );
}

impl Around {
    async fn wipe(&self, confirm: &str, key: &str) -> Result<(), String> {
        let asked = asked(key);
        let retried = self.operations.retry_with_wipe(("cp-1", confirm), &asked);
        retried.await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// The permission of the install of cp-1 that failed, changed by this.
    async fn has_failed(&self, change: impl FnOnce(&mut Intent)) -> Intent {
        let clusters = clusters::list(&self.db).await.unwrap();
        let mut intent = failed_intent(&self.machine("cp-1").await, clusters.first().unwrap().id);
        change(&mut intent);
        intent.closed = Some((NOW, IntentEnd::Failed));
        intent.opened = Timestamp::from_millis(NOW.as_millis() - 1);
        self.write(Change {
            intents: vec![IntentWrite::Open(intent.clone())],
            ..Change::default()
        })
        .await;
        intent
    }
}

#[tokio::test]
async fn an_install_that_no_rule_asks_for_is_not_tried_again() {
    let around = Around::failed(&INSTALLED).await;
    let said = around.operations.retry("cp-1", &asked("r")).await;
    let said = said.unwrap_err().to_string();
    assert!(said.contains("no cluster's rule takes it"), "{said}");
    for way in [
        "name it in its cluster's document again",
        "drover machine retire cp-1",
    ] {
        assert!(said.contains(way), "{said}");
    }
    assert!(matches!(
        around.machine("cp-1").await.state,
        State::Failed(_)
    ));
}

/// Whoever looks at a failed machine is not sent into a refusal.
#[tokio::test]
async fn a_failed_machine_that_no_rule_takes_is_not_told_to_retry_first() {
    let around = Around::failed(&INSTALLED).await;
    let advice = async || {
        let shown = around.operations.show_machine(&caller(), "cp-1").await;
        let machine = shown.unwrap().view.machine;
        machine.failure.unwrap().advice
    };
    let said = advice().await;
    let first = "no cluster's rule takes it; name it in its cluster's document again";
    assert!(said.starts_with(first), "{said}");
    assert!(said.contains("drover machine retire cp-1"), "{said}");
    assert!(said.ends_with("once a rule takes it: retry"), "{said}");
    around.cluster(CLUSTER, "c").await.unwrap();
    assert_eq!(advice().await, "retry");
}
