//! Power: what was asked for is recorded before it is switched, what became of it after, and a
//! repetition never cycles it.

use api_proto::v1::ErrorCode;
use api_server::effects::power::{PowerOff, PowerRequest};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_store::change::{Change, MachineWrite};

use crate::around::{Around, NOW, asked};

/// The name, and no confirmation.
const CP_1: (&str, &str) = ("cp-1", "");
const OFF: PowerRequest = PowerRequest::Off(PowerOff::Graceful);
const ON: PowerRequest = PowerRequest::On;

#[tokio::test]
async fn a_level_is_driven_again_under_its_key() {
    let around = Around::racked().await;
    *around.world.fails.lock().unwrap() = true;
    let operations = &around.operations;
    let failed = operations.power(CP_1, OFF, &asked("p")).await;
    assert_eq!(failed.unwrap_err().to_string(), "the BMC does not answer");
    *around.world.fails.lock().unwrap() = false;
    let done = operations.power(CP_1, OFF, &asked("p")).await.unwrap();
    assert_eq!(done.power, PowerState::Off);
    assert_eq!(*around.world.switched.lock().unwrap(), [OFF, OFF]);
    let events = around.events().await;
    let told = events.iter().filter(|it| it.contains(": asked for: off ("));
    assert_eq!(told.count(), 1, "{events:?}");
}

#[tokio::test]
async fn power_that_failed_is_recorded_as_failed() {
    let around = Around::racked().await;
    *around.world.fails.lock().unwrap() = true;
    let operations = &around.operations;
    operations.power(CP_1, ON, &asked("p")).await.unwrap_err();
    let events = around.events().await;
    let last = events.last().unwrap();
    assert_eq!(
        last,
        "person:alice: power on failed: the BMC does not answer"
    );
    assert!(
        !events.iter().any(|it| it.contains("was done")),
        "{events:?}"
    );
    *around.world.fails.lock().unwrap() = false;
    operations.power(CP_1, ON, &asked("q")).await.unwrap();
    let events = around.events().await;
    let last = events.last().unwrap();
    assert_eq!(
        last,
        "person:alice: power on was done: its BMC says that it is on"
    );
}

#[tokio::test]
async fn power_off_in_the_middle_of_an_install_says_what_follows() {
    let around = Around::racked().await;
    for input in [Input::Accept, Input::FactsComplete, Input::Allocate] {
        let next = around.machine("cp-1").await.after(input, NOW).unwrap();
        let machines = vec![MachineWrite::Update(next)];
        let change = Change {
            machines,
            ..Change::default()
        };
        around.write(change).await;
    }
    let done = around.operations.power(CP_1, OFF, &asked("p")).await;
    let notes = done.unwrap().notes.join("\n");
    assert!(notes.contains("its disk may be half written"), "{notes}");
    assert!(notes.contains("switches it on again"), "{notes}");
}

#[tokio::test]
async fn the_power_of_a_retired_machine_is_not_switched() {
    let around = Around::racked().await;
    let next = around.machine("cp-1").await.after(Input::Retire, NOW);
    let machines = vec![MachineWrite::Update(next.unwrap())];
    let change = Change {
        machines,
        ..Change::default()
    };
    around.write(change).await;
    let said = around.operations.power(CP_1, OFF, &asked("p")).await;
    let said = said.unwrap_err().to_string();
    assert!(said.contains("drover machine accept cp-1"), "{said}");
    assert!(around.world.switched.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_two_cycles_under_one_key_one_is_carried_out() {
    let around = Around::racked().await;
    let operations = &around.operations;
    let cycle = || async {
        let asked = asked("p");
        let done = operations.power(CP_1, PowerRequest::Cycle(PowerOff::Graceful), &asked);
        done.await
            .map(|it| it.power)
            .map_err(|error| error.to_string())
    };
    let (one, other) = tokio::join!(cycle(), cycle());
    let (done, refused) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(done, Ok(PowerState::On));
    let refused = refused.unwrap_err();
    let wanted = "its outcome is not known: to cycle the power again, use another";
    assert!(refused.contains(wanted), "{refused}");
    let switched = around.world.switched.lock().unwrap().clone();
    assert_eq!(switched, [PowerRequest::Cycle(PowerOff::Graceful)]);
}

#[tokio::test]
async fn an_active_machine_goes_off_only_by_its_name_once_more() {
    let around = Around::racked().await;
    let active = Machine {
        state: State::Active,
        ..around.machine("cp-1").await
    };
    let machines = vec![MachineWrite::Update(active)];
    let change = Change {
        machines,
        ..Change::default()
    };
    around.write(change).await;
    let operations = &around.operations;
    for request in [OFF, PowerRequest::Cycle(PowerOff::Forced)] {
        for confirm in ["", "cp-2"] {
            let asked = asked("p");
            let refused = operations.power(("cp-1", confirm), request, &asked).await;
            let said = refused.unwrap_err().to_string();
            assert!(said.contains("--confirm cp-1"), "{said}");
        }
    }
    assert!(around.world.switched.lock().unwrap().is_empty());
    operations.power(CP_1, ON, &asked("on")).await.unwrap();
    let confirmed = ("cp-1", "cp-1");
    operations
        .power(confirmed, OFF, &asked("off"))
        .await
        .unwrap();
    assert_eq!(*around.world.switched.lock().unwrap(), [ON, OFF]);
}

#[tokio::test]
async fn power_that_is_cut_by_force_is_recorded_so() {
    let around = Around::racked().await;
    let cut = PowerRequest::Off(PowerOff::Forced);
    around
        .operations
        .power(CP_1, cut, &asked("p"))
        .await
        .unwrap();
    let events = around.events().await;
    let is_told = |it: &String| it.contains("asked for: off by force");
    assert!(events.iter().any(is_told), "{events:?}");
}

#[tokio::test]
async fn power_without_a_bmc_is_refused_and_not_on_record_as_switched() {
    let around = Around::racked().await;
    let before = around.events().await;
    let refused = around.operations.power(("cp-2", ""), ON, &asked("p")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Contradiction);
    assert!(
        refused.to_string().contains("has no BMC: register one"),
        "{refused}"
    );
    assert_eq!(around.events().await, before);
    assert!(around.world.switched.lock().unwrap().is_empty());
}
