//! Whoever plays a registered machine: gets no config, is an alarm on that machine's timeline, and
//! leaves it able to boot. And the honest ways to the config.

use std::collections::BTreeSet;

use machine_core::evidence::{Claim, Heard, KnownIdentity};
use machine_core::hardware::SystemUuid;
use machine_core::network::DhcpMode;
use machine_core::power::{PowerObservation, PowerState};
use machine_store::identities;

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;
use pxe_server::directory::{ScriptAnswer, ScriptRefusal};

/// The machine itself comes, after all that, as far as its config.
pub(super) async fn installs(rack: &Rack) {
    // On the heap: together with the release it is more than a future should hold.
    let (_, token) = Box::pin(rack.boots(&machine())).await;
    let token = token.expect("the machine itself gets its installer");
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}

/// One alarm at least, and none of them on the wire.
pub(super) async fn is_alarmed(rack: &Rack) {
    let alarms = rack.alarms().await;
    assert!(!alarms.is_empty(), "no alarm");
    assert!(!rack.is_released().await, "a config went out");
}

#[tokio::test]
async fn the_machine_gets_its_config_and_the_same_again() {
    let rack = Rack::new().await;
    let (_, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    for _ in 0..2 {
        assert_eq!(rack.config(&machine(), &token).await, Config::Released);
    }
    assert_eq!(rack.alarms().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_unregistered_card_that_knows_uuid_and_serial_and_lists_the_card_waits_for_a_person() {
    let rack = Rack::new().await;
    let impostor = Who {
        uuid: machine().uuid,
        serial: machine().serial,
        listed: vec![CARD],
        ..stranger()
    };
    let (_, token) = rack.boots(&impostor).await;
    assert_eq!(token, None);
    is_alarmed(&rack).await;
    let known = identities::of_machine(&rack.directory.site.db, MACHINE).await;
    assert_eq!(
        known.unwrap().unwrap().macs,
        [CARD].into(),
        "nothing is learned"
    );
    installs(&rack).await;
}

#[tokio::test]
async fn no_answer_tells_what_another_machine_has() {
    let rack = Rack::new().await;
    let knows_the_uuid = Who {
        uuid: machine().uuid,
        serial: Some("OTHER".parse().unwrap()),
        ..stranger()
    };
    let boot = rack.dhcp(&knows_the_uuid).await;
    let answer = rack.script(&knows_the_uuid, boot).await.unwrap();
    let shown = console(&answer);
    for value in [CARD.to_string(), "S1".to_owned(), UUID.to_owned()] {
        assert!(!shown.contains(&value), "{shown}");
    }
    // A name is no secret, and who stands before the screen has to know where to look.
    assert!(shown.ends_with("drover machine show cp-1"), "{shown}");
    is_alarmed(&rack).await;
    installs(&rack).await;
}

#[tokio::test]
async fn an_overheard_boot_id_is_of_no_use_to_another_card_beside_another_dhcp_server() {
    let rack = Rack::with(DhcpMode::Proxy, None).await;
    let boot = rack.dhcp(&machine()).await;
    for said in [FOREIGN, CARD] {
        let impostor = Who { said, ..stranger() };
        let refused = rack.script(&impostor, boot).await;
        assert!(
            matches!(refused, Err(ScriptRefusal::NotFound)),
            "{refused:?}"
        );
    }
    is_alarmed(&rack).await;
    let answer = rack.script(&machine(), boot).await.unwrap();
    let token = token(&answer).expect("the boot is still the machine's");
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}

#[tokio::test]
async fn the_machines_address_with_another_card_gets_no_script_and_is_not_learned() {
    let rack = Rack::new().await;
    let boot = rack.dhcp(&machine()).await;
    let impostor = Who {
        address: machine().address,
        said: CARD,
        listed: vec![FOREIGN],
        ..stranger()
    };
    let refused = rack.script(&impostor, boot).await;
    assert!(
        matches!(refused, Err(ScriptRefusal::NotFound)),
        "{refused:?}"
    );
    is_alarmed(&rack).await;
    let answer = rack.script(&machine(), boot).await.unwrap();
    let token = token(&answer).unwrap();
    let with_address = Who {
        address: machine().address,
        ..stranger()
    };
    assert_eq!(rack.config(&with_address, &token).await, Config::Refused);
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}

#[tokio::test]
async fn a_sniffed_token_with_a_forged_neighbour_entry_gets_nothing_and_holds_the_release() {
    let rack = Rack::new().await;
    let (boot, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    let forged = Who {
        card: CARD,
        ..stranger()
    };
    assert_eq!(rack.config(&forged, &token).await, Config::Refused);
    is_alarmed(&rack).await;
    let held = rack.config(&machine(), &token).await;
    assert!(matches!(held, Config::AskAgain(_)), "{held:?}");
    rack.accept(boot).await;
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}

#[tokio::test]
async fn an_unknown_neighbour_is_asked_again_and_never_granted() {
    let rack = Rack::new().await;
    let boot = rack.dhcp(&machine()).await;
    let refused = rack.script_seen(&machine(), boot, None).await;
    assert!(
        matches!(refused, Err(ScriptRefusal::Unavailable(_))),
        "{refused:?}"
    );
    let answer = rack.script(&machine(), boot).await.unwrap();
    let token = token(&answer).unwrap();
    let mut asked = request(&machine(), &token);
    asked.hardware = None;
    let unseen = rack.config_asked(asked).await;
    assert!(matches!(unseen, Config::AskAgain(_)), "{unseen:?}");
    is_alarmed(&rack).await;
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
}

#[tokio::test]
async fn no_config_while_the_bmc_says_off_or_does_not_answer() {
    let silent = PowerObservation::Unreachable("no answer".to_owned());
    for observed in [PowerObservation::Is(PowerState::Off), silent] {
        let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
        let mode = DhcpMode::Authoritative { ranges };
        let mut rack = Rack::with(mode, Some(observed)).await;
        rack.power_on().await;
        let (_, token) = rack.boots(&machine()).await;
        let token = token.unwrap();
        let refused = rack.config(&machine(), &token).await;
        assert!(matches!(refused, Config::AskAgain(_)), "{refused:?}");
        is_alarmed(&rack).await;
        rack.directory.witness =
            crate::boots::bmc::Witness::Says(PowerObservation::Is(PowerState::On));
        assert_eq!(rack.config(&machine(), &token).await, Config::Released);
    }
}

#[tokio::test]
async fn after_the_release_an_overheard_boot_id_gets_no_token_even_with_card_and_address() {
    let rack = Rack::new().await;
    let (boot, token) = rack.boots(&machine()).await;
    assert_eq!(
        rack.config(&machine(), &token.unwrap()).await,
        Config::Released
    );
    let answer = rack.script(&machine(), boot).await.unwrap();
    assert!(
        matches!(answer, ScriptAnswer::LocalDisk { .. }),
        "{answer:?}"
    );
    assert_eq!(rack.alarms().await.len(), 1);
}

#[tokio::test]
async fn a_forged_discover_alone_holds_nothing() {
    let rack = Rack::new().await;
    let (_, token) = rack.boots(&machine()).await;
    for _ in 0..3 {
        rack.dhcp(&machine()).await;
    }
    let released = rack.config(&machine(), &token.unwrap()).await;
    assert_eq!(released, Config::Released);
}

#[tokio::test]
async fn the_uuid_or_serial_of_another_machine_with_a_good_token_is_an_alarm() {
    let rack = Rack::new().await;
    let (_, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    let mut other_uuid = request(&machine(), &token);
    other_uuid.uuid = Some("4c4c4544-0000-4000-8000-0000000000ff".parse().unwrap());
    let mut other_serial = request(&machine(), &token);
    other_serial.serial = Some("S2".parse().unwrap());
    for asked in [other_uuid, other_serial] {
        assert_eq!(rack.config_asked(asked).await, Config::Refused);
    }
    is_alarmed(&rack).await;
    let mut own = request(&machine(), &token);
    (own.uuid, own.serial) = (machine().uuid, machine().serial);
    assert_eq!(rack.config_asked(own).await, Config::Released);
}

#[tokio::test]
async fn guessed_tokens_are_an_alarm_of_the_machine_whose_card_guesses() {
    let rack = Rack::new().await;
    for token in ["", "x", "00000000000000000000000000000000"] {
        assert_eq!(rack.config(&machine(), token).await, Config::Refused);
    }
    let alarms = rack.alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

#[tokio::test]
async fn a_rom_with_another_uuid_boots_and_is_seen_and_one_in_old_byte_order_just_boots() {
    for (uuid, alarms) in [
        ("44454c4c-0000-0040-8000-000000000001", 0),
        ("4c4c4544-0000-4000-8000-0000000000ff", 1),
    ] {
        let rack = Rack::new().await;
        let rom = Who {
            uuid: Some(uuid.parse().unwrap()),
            ..machine()
        };
        let boot = rack.dhcp(&rom).await;
        let answer = rack.script(&machine(), boot).await.unwrap();
        let token = token(&answer).unwrap();
        assert_eq!(rack.config(&machine(), &token).await, Config::Released);
        assert_eq!(rack.alarms().await.len(), alarms, "{uuid}");
    }
}

#[tokio::test]
async fn flood_of_claimants_makes_no_machines_and_leaves_the_machine_able_to_boot() {
    let rack = Rack::new().await;
    for last in 0..40 {
        let card = machine_core::hardware::MacAddress::new([2, 0, 0, 0, 0, last]);
        let impostor = Who {
            card,
            said: card,
            address: [10, 77, 0, 100 + last].into(),
            uuid: machine().uuid,
            serial: machine().serial,
            listed: vec![CARD],
            manufacturer: None,
        };
        assert_eq!(rack.boots(&impostor).await.1, None);
    }
    let db = &rack.directory.site.db;
    let machines = machine_store::machines::list(db).await.unwrap();
    assert_eq!(machines.len(), 1);
    let heard = machine_store::claimants::of_machine(db, MACHINE).await;
    assert!(heard.unwrap().len() <= 32);
    installs(&rack).await;
}

/// Its board is not registered, and somebody with its card says another UUID each time.
#[tokio::test]
async fn a_thousand_boards_that_are_said_fill_no_timeline() {
    let rack = Rack::new().await;
    let heard = |number: u16| -> SystemUuid {
        let [high, low] = number.to_be_bytes();
        let text = format!("4c4c4544-0000-4000-8000-00000000{high:02x}{low:02x}");
        text.parse().unwrap()
    };
    let known = KnownIdentity {
        machine: MACHINE,
        name: "cp-1".to_owned(),
        since: now(),
        macs: [CARD].into(),
        registered: true,
        uuid: None,
        serial: None,
        heard: Heard {
            uuids: [heard(0)].into(),
            serials: BTreeSet::new(),
        },
    };
    for number in 1..1000 {
        let claim = Claim {
            mac: CARD,
            others: BTreeSet::new(),
            uuid: Some(heard(number)),
            serial: None,
            complete: true,
        };
        rack.directory.note_news(&claim, &known, now());
    }
    let alarms = rack.alarms().await;
    assert!(!alarms.is_empty());
    assert!(alarms.len() <= 32, "{}", alarms.len());
}
