//! What stands on a machine's timeline while others make noise about it.

use std::net::IpAddr;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::network::{ClientKey, DhcpMode};
use pxe_server::directory::Directory;

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;

/// A card that nobody registered, with the machine's UUID.
fn made_up(number: u8) -> Who {
    let card = MacAddress::new([0x52, 0x54, 0, 0x66, 1, number]);
    Who {
        card,
        said: card,
        address: IpAddr::from([10, 77, 0, 100 + number]),
        uuid: machine().uuid,
        serial: machine().serial,
        ..stranger()
    }
}

#[tokio::test]
async fn made_up_cards_hide_no_fetch_with_the_machines_token_and_are_counted() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    let (_, token) = rack.boots(&machine()).await;
    for number in 0..39 {
        assert_eq!(rack.boots(&made_up(number)).await.1, None);
    }
    let refused = rack.config(&stranger(), &token.unwrap()).await;
    assert_eq!(refused, Config::Refused);
    let alarms = rack.alarms().await;
    let is_told = |text: &str| alarms.iter().any(|it| it.contains(text));
    assert!(is_told("no config for 10.77.0.66"), "{alarms:?}");
    assert_eq!(alarms.len(), 9, "eight cards and the fetch: {alarms:?}");
    rack.directory.tell_held_claims(MACHINE);
    let alarms = rack.alarms().await;
    let last = alarms.last().unwrap();
    assert!(last.starts_with("and 31 more cards"), "{last}");
}

/// Each boot has another id, and so another command that accepts it.
#[tokio::test]
async fn a_card_that_claims_in_boot_after_boot_is_one_alarm() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    let asker = (made_up(1).address, Some(made_up(1).card));
    let at = now();
    for boot in ["01010101", "02020202", "03030303"] {
        let why = format!("drover machine release-hold cp-1 --boot {boot}");
        rack.directory.tell_claim(None, MACHINE, asker, &why, at);
    }
    let alarms = rack.alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].ends_with("--boot 01010101"), "{alarms:?}");
}

#[tokio::test]
async fn a_declined_address_is_told_once_a_minute_on_the_timeline_of_its_machine() {
    let rack = Rack::new().await;
    rack.dhcp(&machine()).await;
    let until = now().plus(Duration::from_hours(1));
    for (card, last) in [(CARD, 50), (CARD, 51), (FOREIGN, 66)] {
        let client = ClientKey::Hardware(card);
        let address = IpAddr::from([10, 77, 0, last]);
        rack.directory.declined(client, address, until).await;
    }
    let alarms = rack.alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].contains("10.77.0.50 is in use"), "{alarms:?}");
    assert!(alarms[0].contains("DHCPDECLINE"), "{alarms:?}");
}

#[tokio::test]
async fn a_stranger_that_claimed_before_and_names_nothing_is_refused_for_its_card() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    let (_, token) = rack.boots(&machine()).await;
    rack.boots(&made_up(1)).await;
    let refused = rack.config(&made_up(1), &token.unwrap()).await;
    assert_eq!(refused, Config::Refused);
    let alarms = rack.alarms().await;
    let told = "the asker has the card 52:54:00:66:01:01, which is not registered";
    assert!(alarms.iter().any(|it| it.contains(told)), "{alarms:?}");
    let names_another = alarms.iter().any(|it| it.contains("names a UUID"));
    assert!(!names_another, "{alarms:?}");
}
