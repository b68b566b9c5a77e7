//! Guesses of tokens: an alarm on the timeline of the machine whose card or address was used.

use machine_core::network::DhcpMode;
use machine_store::change::{Change, ReservationWrite};
use machine_store::events;
use machine_store::reservations::Reservation;

use super::rack::*;
use super::recorded::*;
use super::who::*;

/// Where the machine is, with a card of one's own.
fn at_the_machines_address() -> Who {
    Who {
        address: machine().address,
        ..stranger()
    }
}

fn assert_names_card_and_advice(alarm: &str) {
    for fact in [
        machine().address.to_string(),
        FOREIGN.to_string(),
        "not one of its cards".to_owned(),
        "switch".to_owned(),
    ] {
        assert!(alarm.contains(&fact), "{fact}: {alarm}");
    }
}

#[tokio::test]
async fn guesses_with_a_foreign_card_at_a_machines_lease_are_its_alarm() {
    let rack = Rack::new().await;
    rack.dhcp(&machine()).await;
    let guesser = at_the_machines_address();
    assert_eq!(rack.config(&guesser, "guess").await, Config::Refused);
    let alarms = rack.alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_names_card_and_advice(&alarms[0]);
}

#[tokio::test]
async fn guesses_with_a_foreign_card_at_a_machines_reservation_are_its_alarm() {
    let rack = Rack::new().await;
    let reservation = Reservation {
        address: machine().address,
        mac: CARD,
        machine: MACHINE,
    };
    let change = Change {
        reservations: vec![ReservationWrite::Reserve(reservation)],
        ..Change::default()
    };
    rack.write(&change).await;
    let guesser = at_the_machines_address();
    assert_eq!(rack.config(&guesser, "guess").await, Config::Refused);
    assert_names_card_and_advice(&rack.alarms().await.concat());
}

#[tokio::test]
async fn guesses_with_a_foreign_card_at_a_machines_boot_address_are_its_alarm() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    rack.boots(&machine()).await;
    let guesser = at_the_machines_address();
    assert_eq!(rack.config(&guesser, "guess").await, Config::Refused);
    assert_names_card_and_advice(&rack.alarms().await.concat());
}

#[tokio::test]
async fn guesses_from_a_machines_address_behind_an_unknown_card_are_its_alarm() {
    let rack = Rack::new().await;
    rack.dhcp(&machine()).await;
    let mut asked = request(&machine(), "guess");
    asked.hardware = None;
    assert_eq!(rack.config_asked(asked).await, Config::Refused);
    let alarms = rack.alarms().await.concat();
    assert!(alarms.contains("is not known"), "{alarms}");
}

#[tokio::test]
async fn a_flood_of_guesses_is_one_alarm_and_a_later_one_with_their_number_and_cards() {
    let rack = Rack::new().await;
    rack.dhcp(&machine()).await;
    for _ in 0..50 {
        rack.config(&machine(), "guess").await;
        rack.config(&at_the_machines_address(), "guess").await;
    }
    assert_eq!(rack.alarms().await.len(), 1);
    rack.directory.tell_held_guesses(MACHINE);
    let alarms = rack.alarms().await;
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    for fact in ["99 more", &FOREIGN.to_string(), &CARD.to_string()] {
        assert!(alarms[1].contains(fact), "{fact}: {alarms:?}");
    }
    rack.config(&at_the_machines_address(), "guess").await;
    assert_eq!(rack.alarms().await.len(), 2, "one a minute");
}

#[tokio::test]
async fn guesses_of_a_stranger_elsewhere_are_counted_and_cost_no_disk() {
    let rack = Rack::new().await;
    let before = rack.directory.refusals.total();
    for _ in 0..3 {
        assert_eq!(rack.config(&stranger(), "guess").await, Config::Refused);
    }
    assert_eq!(rack.alarms().await, Vec::<String>::new());
    let db = &rack.directory.site.db;
    assert_eq!(events::tail(db, 9).await.unwrap(), []);
    assert_eq!(rack.directory.refusals.total(), before + 3);
}
