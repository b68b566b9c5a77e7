//! Whose words are kept as a machine's: a boot in doubt teaches nothing and moves nothing, and what a
//! rule permitted is judged again by what the boot says that is to be installed.

use machine_core::evidence::{EvidenceKind, EvidenceSource};
use machine_core::lifecycle::State;
use machine_core::machine::{Hardware, Machine};
use machine_core::power::{PowerObservation, PowerState};
use machine_store::change::Change;
use machine_store::facts::Learned;
use machine_store::{claimants, evidence, intents, machines, power_on};

use super::rack::*;
use super::recorded::*;
use super::who::*;

/// The machine itself, as it was made.
fn made(manufacturer: &str) -> Who {
    Who {
        manufacturer: Some(manufacturer.to_owned()),
        ..machine()
    }
}

/// Somebody who knows the card alone, and says that it was made as the rule wants it.
fn clone_of_the_card() -> Who {
    Who {
        uuid: None,
        serial: None,
        ..made(MADE_BY)
    }
}

impl Rack {
    async fn record(&self) -> Machine {
        let db = &self.directory.site.db;
        machines::find(db, MACHINE).await.unwrap().unwrap()
    }

    /// Nothing was permitted, switched or learned.
    async fn is_untouched(&self, before: &Machine) {
        let db = &self.directory.site.db;
        assert_eq!(self.record().await, *before);
        assert_eq!(intents::latest_of_machine(db, MACHINE).await.unwrap(), None);
        assert_eq!(power_on::find(db, MACHINE).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_forged_boot_with_the_card_alone_opens_no_permission_and_switches_no_power() {
    let on = PowerObservation::Is(PowerState::On);
    for bmc in [Some(on), None] {
        let rack = Rack::by_rule(State::Discovered, bmc).await;
        let before = rack.record().await;
        assert_eq!(rack.boots(&clone_of_the_card()).await.1, None);
        rack.is_untouched(&before).await;
        assert!(!rack.alarms().await.is_empty(), "no alarm");
        // The machine itself is another make: no rule takes it.
        assert_eq!(rack.boots(&made("Dell Inc.")).await.1, None);
        let taught = rack.record().await;
        assert_eq!(taught.hardware.manufacturer.as_deref(), Some("Dell Inc."));
        assert_eq!(taught.state, State::Discovered);
        // What the machine said itself is not overwritten.
        rack.boots(&clone_of_the_card()).await;
        rack.is_untouched(&taught).await;
    }
}

#[tokio::test]
async fn a_forged_boot_chooses_neither_cluster_nor_role_of_an_accepted_machine() {
    let rack = Rack::by_rule(State::Inspecting, None).await;
    let before = rack.record().await;
    assert_eq!(rack.boots(&clone_of_the_card()).await.1, None);
    rack.is_untouched(&before).await;
}

#[tokio::test]
async fn the_machine_that_a_rule_takes_by_its_hardware_is_installed_in_the_same_boot() {
    let rack = Rack::by_rule(State::Discovered, None).await;
    let (_, token) = rack.boots(&made(MADE_BY)).await;
    let token = token.expect("the rule takes it");
    assert_eq!(rack.config(&made(MADE_BY), &token).await, Config::Released);
    assert_eq!(rack.alarms().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_boot_in_doubt_leaves_no_evidence_and_says_what_it_is() {
    let rack = Rack::by_rule(State::Discovered, None).await;
    let clone = Who {
        listed: vec![FOREIGN],
        uuid: machine().uuid,
        ..clone_of_the_card()
    };
    rack.boots(&clone).await;
    let db = &rack.directory.site.db;
    let kept = evidence::of_machine(db, MACHINE).await.unwrap();
    let foreign = FOREIGN.to_string();
    assert!(kept.iter().all(|it| it.value != foreign), "{kept:?}");
    let told = rack.told("script").await.join("; ");
    assert!(told.contains("it says that it is cp-1"), "{told}");
    assert!(told.contains("does not say the serial"), "{told}");
    let heard = claimants::of_machine(db, MACHINE).await.unwrap();
    let [heard] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    let serial = EvidenceKind::SystemSerial.as_str();
    assert!(heard.why.contains(serial), "it is held: {heard:?}");
}

#[tokio::test]
async fn a_rule_that_does_not_take_what_the_boot_says_installs_nothing() {
    let unsaid = machine();
    for real in [made("Dell Inc."), unsaid] {
        let rack = Rack::taken_by_rule().await;
        assert_eq!(rack.boots(&real).await.1, None);
        let alarms = rack.alarms().await.join("; ");
        for wanted in ["no rule of cluster lab", "drover machine show cp-1"] {
            assert!(alarms.contains(wanted), "{alarms}");
        }
        assert!(!rack.is_released().await);
    }
}

#[tokio::test]
async fn no_config_once_the_rule_does_not_take_the_machine_any_more() {
    let rack = Rack::taken_by_rule().await;
    let (_, token) = rack.boots(&made(MADE_BY)).await;
    let learned = Learned {
        machine: MACHINE,
        at: rack.record().await.since,
        source: EvidenceSource::Asked,
        hardware: Hardware {
            manufacturer: Some("Dell Inc.".to_owned()),
            ..Hardware::default()
        },
    };
    let change = Change {
        learned: vec![learned],
        ..Change::default()
    };
    rack.write(&change).await;
    let held = rack.config(&made(MADE_BY), &token.unwrap()).await;
    assert!(
        matches!(&held, Config::AskAgain(why) if why.contains("no rule of cluster lab")),
        "{held:?}"
    );
    assert!(!rack.is_released().await);
}
