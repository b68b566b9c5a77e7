//! Power: recorded before it is switched, and never cycled by a repetition.

use api_server::effects::PowerRequest;
use machine_core::power::PowerState;

use crate::around::{Around, asked};

const OFF: PowerRequest = PowerRequest::Level(PowerState::Off);

#[tokio::test]
async fn a_level_is_driven_again_under_its_key() {
    let around = Around::racked().await;
    *around.world.fails.lock().unwrap() = true;
    let operations = &around.operations;
    let failed = operations.power("cp-1", OFF, &asked("p")).await;
    assert_eq!(failed.unwrap_err().to_string(), "the BMC does not answer");
    *around.world.fails.lock().unwrap() = false;
    let power = operations.power("cp-1", OFF, &asked("p")).await.unwrap();
    assert_eq!(power, PowerState::Off);
    assert_eq!(*around.world.switched.lock().unwrap(), [OFF, OFF]);
    let events = around.events().await;
    let told = events.iter().filter(|it| it.contains(": off ("));
    assert_eq!(told.count(), 1, "{events:?}");
}

#[tokio::test]
async fn of_two_cycles_under_one_key_one_is_carried_out() {
    let around = Around::racked().await;
    let operations = &around.operations;
    let cycle = || async {
        let asked = asked("p");
        let done = operations.power("cp-1", PowerRequest::Cycle, &asked);
        done.await.map_err(|error| error.to_string())
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
    assert_eq!(switched, [PowerRequest::Cycle]);
}
