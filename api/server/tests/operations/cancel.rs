//! Cancel: a person takes back what is under way or permitted, in every state in which there is
//! such a thing.

use api_server::operations::endings::{Ended, Ending};
use machine_core::lifecycle::{Input, State};
use machine_store::attempts;
use machine_store::change::{Change, MachineWrite};

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::permitted::Begun;

impl Around {
    async fn cancel(&self, key: &str) -> Result<Ended, String> {
        let asked = asked(key);
        let ended = self.operations.end("cp-1", Ending::Cancel, &asked);
        ended.await.map_err(|error| error.to_string())
    }

    async fn state(&self) -> State {
        self.machine("cp-1").await.state
    }
}

#[tokio::test]
async fn a_cancelled_install_is_no_permission_any_more() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", Begun::Permitted).await;
    let ended = around.cancel("c").await.unwrap();
    assert_eq!(around.state().await, State::Available);
    assert_eq!(around.ends("cp-1").await, ["cancelled", "cancelled"]);
    let notes =
        ["cp-1: the permission to erase serial:CP1 was withdrawn; nothing was written by it"];
    assert_eq!(ended.notes, notes);
    let told = "person:alice: provisioning -> available: cancel; the permission to erase \
                serial:CP1 was withdrawn; nothing was written by it (it is time)";
    assert_eq!(around.events().await.last().unwrap(), told);
    // A repetition is answered; another request finds nothing to cancel, and says what there is.
    assert_eq!(around.cancel("c").await.unwrap().notes, notes);
    let said = around.cancel("d").await.unwrap_err();
    for wanted in [
        "nothing to cancel",
        "available",
        "drover machine retire cp-1",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    around.operations.accept("cp-1", &asked("a")).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_inspection_is_not_accepted_any_more() {
    let around = Around::racked().await;
    around.operations.accept("cp-1", &asked("a")).await.unwrap();
    assert_eq!(around.state().await, State::Inspecting);
    let ended = around.cancel("c").await.unwrap();
    let machine = around.machine("cp-1").await;
    assert_eq!((machine.state, machine.deadline), (State::Discovered, None));
    assert_eq!(machine.cancelled, Some(NOW), "no rule accepts it again");
    let wanted = "cp-1: its inspection ended, and nothing was written by it";
    assert_eq!(ended.notes, [wanted]);
    let said = around.cancel("d").await.unwrap_err();
    assert!(said.contains("drover machine accept cp-1"), "{said}");
    around.operations.accept("cp-1", &asked("b")).await.unwrap();
    assert_eq!(around.machine("cp-1").await.cancelled, None);
}

#[tokio::test]
async fn what_has_its_config_gets_no_further_attempt_and_says_what_it_may_have_written() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", Begun::Released).await;
    let ended = around.cancel("c").await.unwrap();
    let machine = around.machine("cp-1").await;
    assert!(matches!(machine.state, State::Failed(_)), "{machine:?}");
    assert_eq!(around.ends("cp-1").await, ["cancelled", "cancelled"]);
    let note = ended.notes.join("\n");
    for wanted in ["attempt 1 has its config", "serial:CP1", "can't be undone"] {
        assert!(note.contains(wanted), "{note}");
    }
    let advice = machine.failure.unwrap().advice;
    assert!(advice.contains("drover machine retry cp-1"), "{advice}");
}

#[tokio::test]
async fn what_waits_to_be_permitted_anew_is_cancelled_too() {
    let around = Around::racked().await;
    let mut next = around.machine("cp-1").await;
    for input in [Input::Accept, Input::FactsComplete, Input::Allocate] {
        next = next.after(input, NOW).unwrap();
    }
    around
        .write(Change {
            machines: vec![MachineWrite::Update(next)],
            ..Change::default()
        })
        .await;
    around.cancel("c").await.unwrap();
    let machine = around.machine("cp-1").await;
    assert_eq!(
        (machine.state, machine.cancelled),
        (State::Available, Some(NOW))
    );
}

#[tokio::test]
async fn who_cancelled_an_attempt_and_why_is_shown_with_it_also_after_another_began() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", Begun::Permitted).await;
    around.cancel("c").await.unwrap();
    around.operations.accept("cp-1", &asked("a")).await.unwrap();
    around.begin_again("cp-1", "lab", 2).await;
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let shown: Vec<_> = details
        .attempts
        .iter()
        .map(|it| (it.number, it.verdict.as_ref().map(|said| said.why.as_str())))
        .collect();
    assert_eq!(shown, [(2, None), (1, Some("person:alice: it is time"))]);
    let id = around.machine("cp-1").await.id;
    let last = attempts::last_number(&around.db, id).await.unwrap();
    assert_eq!(last, 2, "numbers go on");
}
