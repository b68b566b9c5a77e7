//! What the log says of boots: each line whose it is, and none of them a secret.

use machine_core::boot::Asker;
use machine_core::network::UnknownPolicy;
use machine_store::machines;

use super::rack::*;
use super::recorded::MACHINE;
use super::who::*;
use super::{CARD, directory};
use crate::log_capture::Log;

#[tokio::test]
async fn a_machine_that_was_found_is_a_line_with_its_machine_and_its_boot() {
    let directory = directory(UnknownPolicy::Inspect).await;
    let boot = directory.asks(Asker::Firmware).await;
    let log = Log::capture();
    directory.asks_for_its_script(boot).await;
    let lines = log.lines_with("a machine was found in the network");
    let machines = machines::list(&directory.site.db).await.unwrap();
    let [line] = lines.as_slice() else {
        panic!("{:#?}", log.lines());
    };
    for part in [
        format!("boot={boot}"),
        format!("machine={}", machines[0].id),
        format!("name=\"{}\"", machines[0].name),
        format!("card={CARD}"),
    ] {
        assert!(line.contains(&part), "{part} is missing in {line}");
    }
    directory.asks_for_its_script(boot).await;
    assert_eq!(log.lines_with("a machine was found").len(), 1);
}

#[tokio::test]
async fn a_conflict_is_a_line_with_the_machine_and_the_boot_of_whoever_claims_it() {
    let rack = Rack::new().await;
    let impostor = Who {
        uuid: machine().uuid,
        serial: Some("OTHER".parse().unwrap()),
        ..stranger()
    };
    let boot = rack.dhcp(&impostor).await;
    let log = Log::capture();
    rack.script(&impostor, boot).await.unwrap();
    let lines = log.lines_with("gets nothing");
    let [line] = lines.as_slice() else {
        panic!("{:#?}", log.lines());
    };
    for part in [format!("boot={boot}"), format!("machine={MACHINE}")] {
        assert!(line.contains(&part), "{part} is missing in {line}");
    }
}

#[tokio::test]
async fn a_released_config_is_a_line_with_the_machine_and_its_boot_and_without_the_token() {
    let rack = Rack::new().await;
    let log = Log::capture();
    let (boot, token) = Box::pin(rack.boots(&machine())).await;
    let token = token.unwrap();
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
    let lines = log.lines_with("config released");
    let [line] = lines.as_slice() else {
        panic!("{:#?}", log.lines());
    };
    for part in [format!("boot={boot}"), format!("machine={MACHINE}")] {
        assert!(line.contains(&part), "{part} is missing in {line}");
    }
    for line in log.lines() {
        assert!(!line.contains(&token), "{line}");
    }
}
