//! Power that is switched, followed, and told.

use bmc_control::bmc::ShutdownRequest;

use super::Told;
use crate::power::steps::{Before, switch_off, switch_on};
use crate::power::{PowerOff, PowerState};

const ON: Option<PowerState> = Some(PowerState::On);
const OFF: Option<PowerState> = Some(PowerState::Off);

#[tokio::test(start_paused = true)]
async fn a_power_off_that_the_bmc_does_not_do_is_told() {
    let mut bmc = Told::reading(&[ON]);
    let said = switch_off("cp-1", &mut bmc, PowerOff::Forced).await;
    let said = said.unwrap_err().to_string();
    assert!(
        said.contains("cp-1: the BMC took the command, but"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn power_that_comes_back_at_once_is_not_off() {
    let mut bmc = Told::reading(&[OFF, ON]);
    let off = switch_off("cp-1", &mut bmc, PowerOff::Forced).await;
    off.unwrap_err();
    let mut bmc = Told::reading(&[ON, OFF, OFF]);
    let cut = switch_off("cp-1", &mut bmc, PowerOff::Forced).await;
    assert_eq!(cut.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_does_not_fail_the_command() {
    let mut bmc = Told::reading(&[ON, None, OFF, None, OFF, OFF]);
    let cut = switch_off("cp-1", &mut bmc, PowerOff::Forced).await;
    assert_eq!(cut.unwrap(), None);
    // If none comes through, it is said that nobody knows.
    let mut bmc = Told::reading(&[None]);
    let said = switch_off("cp-1", &mut bmc, PowerOff::Forced).await;
    let said = said.unwrap_err().to_string();
    assert!(said.contains("does not say what became of it"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_system_that_shuts_down_keeps_its_power_until_it_is_done() {
    let mut readings = vec![ON; 40];
    readings.push(OFF);
    let mut bmc = Told::reading(&readings);
    let cut = switch_off("cp-1", &mut bmc, PowerOff::Graceful).await;
    assert_eq!(cut.unwrap(), None);
    assert!(bmc.commands.is_empty(), "{:?}", bmc.commands);
}

#[tokio::test(start_paused = true)]
async fn a_system_that_does_not_shut_down_loses_its_power_and_that_is_told() {
    for (shutdown, told) in [
        (ShutdownRequest::Asked, "was not off after 60s"),
        (ShutdownRequest::NotOffered, "can't ask the system"),
    ] {
        let mut bmc = Told {
            shutdown,
            obeys_after: Some(1),
            ..Told::reading(&[ON])
        };
        let cut = switch_off("cp-1", &mut bmc, PowerOff::Graceful).await;
        let why = cut.unwrap().unwrap();
        assert!(why.contains(told), "{why}");
        assert_eq!(bmc.commands, [PowerState::Off]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_power_on_that_is_ignored_is_given_again() {
    let mut bmc = Told {
        obeys_after: Some(3),
        ..Told::reading(&[OFF])
    };
    let power = switch_on("cp-1", &mut bmc, Before::Nothing).await.unwrap();
    assert_eq!(power, PowerState::On);
    assert_eq!(bmc.commands, [PowerState::On; 3]);
    let mut bmc = Told::reading(&[OFF]);
    let said = switch_on("cp-1", &mut bmc, Before::Nothing)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("cp-1: the BMC took the command, but"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_question_that_fails_does_not_leave_a_cycled_machine_off() {
    let deaf = || Told {
        deaf: 1,
        obeys_after: Some(2),
        ..Told::reading(&[OFF])
    };
    let mut bmc = deaf();
    let power = switch_on("cp-1", &mut bmc, Before::Switched).await;
    assert_eq!(power.unwrap(), PowerState::On);
    // Where nothing was done yet, nothing is lost by telling it.
    let mut bmc = deaf();
    switch_on("cp-1", &mut bmc, Before::Nothing)
        .await
        .unwrap_err();
    assert_eq!(bmc.commands.len(), 1);
}
