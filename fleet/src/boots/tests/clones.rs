//! A clone beside the machine: a card, or all of it, that somebody else has as well.

use machine_core::network::DhcpMode;
use machine_core::power::{PowerObservation, PowerState};
use pxe_server::directory::ScriptAnswer;

use super::impostors::{installs, is_alarmed};
use super::rack::*;
use super::who::*;

#[tokio::test]
async fn a_cloned_card_that_says_neither_uuid_nor_serial_waits() {
    let rack = Rack::new().await;
    let clone = Who {
        uuid: None,
        serial: None,
        ..machine()
    };
    assert_eq!(rack.boots(&clone).await.1, None);
    is_alarmed(&rack).await;
    installs(&rack).await;
}

#[tokio::test]
async fn a_silent_clone_that_shares_the_machines_boot_gets_nothing_by_what_the_machine_said() {
    let rack = Rack::new().await;
    let (boot, token) = rack.boots(&machine()).await;
    assert!(token.is_some());
    let clone = Who {
        uuid: None,
        serial: None,
        ..machine()
    };
    let answer = rack.script(&clone, boot).await.unwrap();
    assert!(matches!(answer, ScriptAnswer::Wait { .. }), "{answer:?}");
    is_alarmed(&rack).await;
    // The machine itself goes on.
    let config = rack.config(&machine(), &token.unwrap()).await;
    assert_eq!(config, Config::Released);
}

#[tokio::test]
async fn a_cloned_card_on_another_board_does_not_keep_the_machine_from_booting() {
    let rack = Rack::new().await;
    let clone = Who {
        uuid: Some("4c4c4544-0000-4000-8000-0000000000ff".parse().unwrap()),
        serial: Some("EVIL".parse().unwrap()),
        ..machine()
    };
    let (_, token) = rack.boots(&clone).await;
    assert_eq!(token, None);
    is_alarmed(&rack).await;
    installs(&rack).await;
}

#[tokio::test]
async fn a_cloned_card_gets_nothing_while_drover_has_not_switched_the_machine_on() {
    let on = PowerObservation::Is(PowerState::On);
    let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
    let mode = DhcpMode::Authoritative { ranges };
    let rack = Rack::with(mode, Some(on)).await;
    let (boot, token) = rack.boots(&machine()).await;
    assert_eq!(token, None);
    is_alarmed(&rack).await;
    rack.accept(boot).await;
    let answer = rack.script(&machine(), boot).await.unwrap();
    let token = super::who::token(&answer).expect("a person accepted this boot");
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}

#[tokio::test]
async fn a_clone_of_everything_beside_the_machine_holds_the_release_until_a_person_says() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    let (boot, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    let clone = Who {
        address: stranger().address,
        ..machine()
    };
    let (other, nothing) = rack.boots(&clone).await;
    assert_ne!(boot, other);
    assert_eq!(nothing, None, "another boot was heard a moment ago");
    let held = rack.config(&machine(), &token).await;
    assert!(matches!(held, Config::AskAgain(_)), "{held:?}");
    is_alarmed(&rack).await;
    rack.accept(boot).await;
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
    let answer = rack.script(&clone, other).await.unwrap();
    assert!(
        matches!(answer, ScriptAnswer::LocalDisk { .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_sniffed_token_is_of_no_use_to_a_cloned_card_that_was_told_apart() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    let (_, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    let clone = Who {
        address: stranger().address,
        uuid: None,
        serial: None,
        ..machine()
    };
    assert_eq!(rack.boots(&clone).await.1, None);
    assert_eq!(rack.config(&clone, &token).await, Config::Refused);
    is_alarmed(&rack).await;
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}
