//! A permission that a person took back while the installer was on its way: the machine asks in vain
//! and is told so once; whoever else asks stays an alarm.

use super::rack::*;
use super::who::*;

#[tokio::test]
async fn the_cancelled_machines_own_request_is_a_refusal_that_is_told_once() {
    let rack = Rack::new().await;
    let (_, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    rack.cancel().await;
    for _ in 0..3 {
        assert_eq!(rack.config(&machine(), &token).await, Config::Refused);
    }
    assert_eq!(rack.alarms().await, Vec::<String>::new());
    let told = rack.told("refused").await;
    let [told] = told.as_slice() else {
        panic!("once: {told:?}")
    };
    for wanted in [
        "the permission was withdrawn at",
        "by person:alice: not now",
    ] {
        assert!(told.contains(wanted), "{told}");
    }
    // Another process, which remembers nothing, does not tell it again.
    let again = rack.in_another_process();
    assert_eq!(again.config(&machine(), &token).await, Config::Refused);
    assert_eq!(again.told("refused").await.len(), 1);
}

#[tokio::test]
async fn somebody_else_with_the_token_of_a_cancelled_machine_is_an_alarm() {
    let rack = Rack::new().await;
    let (_, token) = rack.boots(&machine()).await;
    rack.cancel().await;
    let config = rack.config(&stranger(), &token.unwrap()).await;
    assert_eq!(config, Config::Refused);
    assert!(!rack.alarms().await.is_empty());
    assert!(!rack.is_released().await);
}
