//! Cancel: a person takes an install back, as long as none can be under way.

use machine_core::lifecycle::State;

use crate::around::{Around, asked};
use crate::clusters::CLUSTER;
use crate::permitted::Begun;

#[tokio::test]
async fn a_cancelled_install_is_no_permission_any_more() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", Begun::Permitted).await;
    let operations = &around.operations;
    let view = operations.cancel("cp-1", &asked("c")).await.unwrap();
    assert_eq!(view.machine.state, State::Available);
    assert_eq!(around.ends("cp-1").await, ["cancelled", "cancelled"]);
    let told = "person:alice: provisioning -> available: cancel; it may not erase serial:CP1 any \
                more (it is time)";
    assert_eq!(around.events().await.last().unwrap(), told);
    // A repetition is answered; another request finds nothing to cancel, and says what there is.
    operations.cancel("cp-1", &asked("c")).await.unwrap();
    let said = operations.cancel("cp-1", &asked("d")).await.unwrap_err();
    let wanted = "cp-1: cancel is not possible while available; possible now: accept, retire";
    assert_eq!(said.to_string(), wanted);
    operations.accept("cp-1", &asked("a")).await.unwrap();
}

#[tokio::test]
async fn what_may_be_writing_its_disk_is_not_cancelled() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", Begun::Released).await;
    let before = around.machine("cp-1").await;
    let said = around.operations.cancel("cp-1", &asked("c")).await;
    let said = said.unwrap_err().to_string();
    for wanted in [
        "attempt 1 has had its config",
        "serial:CP1",
        "drover machine retire cp-1",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    assert_eq!(around.machine("cp-1").await, before);
    assert_eq!(around.ends("cp-1").await, ["", ""]);
}
