//! A row for each way to speak for a machine that one is not, and for the honest ways.

mod beside;

use super::*;
use crate::boot::BootStep;
use crate::evidence::{EvidenceKind, Heard};
use crate::fixtures::{MAC, at, attempt, boot};
use crate::id::{BootId, MachineId};

const OTHER_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x66, 0, 6]);
const UUID: &str = "4c4c4544-0000-4000-8000-000000000001";

fn registered() -> KnownIdentity {
    KnownIdentity {
        machine: MachineId::from_bytes([2; 16]),
        name: "w1".to_owned(),
        since: at(0),
        macs: [MAC].into(),
        registered: true,
        uuid: Some(UUID.parse().unwrap()),
        serial: Some("S1".parse().unwrap()),
        heard: Heard::default(),
    }
}

fn claimant(boot: u8, address: u8, first: i64, last: i64) -> Claimant {
    Claimant {
        boot: BootId::from_bytes([boot; 16]),
        card: MAC,
        address: IpAddr::from([10, 77, 0, address]),
        uuid: Some(UUID.parse().unwrap()),
        serial: Some("S1".parse().unwrap()),
        first_seen: at(first),
        last_seen: at(last),
    }
}

/// What is known, owned.
struct Scene {
    boot: Boot,
    attempt: Attempt,
    has_bmc: bool,
    powered_on: Option<i64>,
}

/// What is in doubt of the boot 1 at second 300; `change` makes the case.
fn doubted(claimants: &[Claimant], change: impl FnOnce(&mut Scene)) -> Option<Doubt> {
    doubted_of(claimants, None, change)
}

/// The same, while somebody asks for the script.
fn doubted_of(
    claimants: &[Claimant],
    speaking: Option<&Claimant>,
    change: impl FnOnce(&mut Scene),
) -> Option<Doubt> {
    let mut scene = Scene {
        boot: boot(1, 100, BootStep::Script),
        attempt: attempt(),
        has_bmc: false,
        powered_on: None,
    };
    change(&mut scene);
    let facts = DoubtFacts {
        boot: &scene.boot,
        attempt: &scene.attempt,
        known: &registered(),
        claimants,
        speaking,
        has_bmc: scene.has_bmc,
        powered_on: scene.powered_on.map(at),
    };
    doubt(&facts, at(300))
}

fn same(_: &mut Scene) {}

fn accepts(boot: u8) -> impl FnOnce(&mut Scene) {
    move |it| {
        it.has_bmc = true;
        it.attempt.accepted_boot = Some(BootId::from_bytes([boot; 16]));
    }
}

#[test]
fn a_boot_that_says_what_was_registered_is_not_in_doubt() {
    assert_eq!(doubted(&[claimant(1, 9, 110, 290)], same), None);
}

#[test]
fn who_never_asked_for_a_script_or_asked_with_another_card_is_in_doubt() {
    assert_eq!(doubted(&[], same), Some(Doubt::Silent));
    let with_other_card = Claimant {
        card: OTHER_CARD,
        ..claimant(1, 9, 110, 290)
    };
    assert_eq!(doubted(&[with_other_card], same), Some(Doubt::Silent));
}

#[test]
fn a_cloned_card_that_does_not_say_uuid_and_serial_is_in_doubt() {
    let silent = Claimant {
        uuid: None,
        serial: None,
        ..claimant(1, 9, 110, 290)
    };
    let kinds = vec![EvidenceKind::SystemUuid, EvidenceKind::SystemSerial];
    assert_eq!(doubted(&[silent], same), Some(Doubt::Unsaid(kinds)));
}

#[test]
fn a_boot_before_our_power_on_is_not_the_machine_with_a_bmc() {
    let spoke = [claimant(1, 9, 110, 290)];
    let bmc = |powered_on: Option<i64>| {
        doubted(&spoke, |it| {
            it.has_bmc = true;
            it.powered_on = powered_on;
        })
    };
    assert_eq!(bmc(None), Some(Doubt::NotOurPowerOn));
    assert_eq!(
        bmc(Some(105)),
        Some(Doubt::NotOurPowerOn),
        "it began before"
    );
    assert_eq!(bmc(Some(90)), None);
}

#[test]
fn whoever_switches_it_on_by_hand_accepts_that_boot_and_no_other() {
    let spoke = [claimant(1, 9, 110, 290), claimant(3, 9, 120, 299)];
    assert_eq!(
        doubted(&spoke, accepts(1)),
        None,
        "rivals and power are the person's matter"
    );
    assert_eq!(doubted(&spoke, accepts(3)), Some(Doubt::AnotherAccepted));
}

#[test]
fn an_accepted_boot_must_still_say_what_was_registered() {
    let other = Claimant {
        serial: Some("S2".parse().unwrap()),
        ..claimant(1, 9, 110, 290)
    };
    let doubt = doubted(&[other], accepts(1));
    assert_eq!(
        doubt,
        Some(Doubt::Contradicts(vec![EvidenceKind::SystemSerial]))
    );
}

#[test]
fn a_clone_of_everything_beside_the_machine_holds_both() {
    let address = IpAddr::from([10, 77, 0, 66]);
    let both = [claimant(1, 9, 110, 290), claimant(2, 66, 200, 299)];
    assert_eq!(
        doubted(&both, same),
        Some(Doubt::TwoLive {
            other: address,
            other_boot: BootId::from_bytes([2; 16]),
            other_since: at(200),
        })
    );
    let of_clone = doubted(&both, |it| it.boot = boot(2, 190, BootStep::Script));
    assert!(
        matches!(of_clone, Some(Doubt::TwoLive { .. })),
        "{of_clone:?}"
    );
    // The machine's own system fetches later: the clone waited silently for that.
    let silent = [claimant(1, 9, 110, 110), claimant(2, 66, 200, 200)];
    let held = Doubt::TwoLive {
        other: address,
        other_boot: BootId::from_bytes([2; 16]),
        other_since: at(200),
    };
    assert_eq!(doubted(&silent, same), Some(held));
}

#[test]
fn one_boot_from_two_addresses_holds_itself() {
    let both = [claimant(1, 9, 110, 290), claimant(1, 66, 120, 121)];
    let doubt = doubted(&both, same);
    assert!(matches!(doubt, Some(Doubt::TwoLive { .. })), "{doubt:?}");
}

#[test]
fn a_restart_goes_on_once_the_boot_before_it_was_silent() {
    let restarted = |last| doubted(&[claimant(2, 9, 20, last), claimant(1, 9, 200, 290)], same);
    assert_eq!(restarted(199), Some(Doubt::Restarted));
    assert_eq!(restarted(180), None, "silent for two minutes");
}

#[test]
fn what_is_of_an_earlier_attempt_or_power_on_is_over() {
    let both = [claimant(2, 9, 20, 204), claimant(1, 9, 210, 290)];
    assert_eq!(doubted(&both, |it| it.attempt.opened = at(205)), None);
    let cut_off = [claimant(2, 9, 20, 299), claimant(1, 9, 110, 290)];
    let doubt = doubted(&cut_off, |it| {
        it.has_bmc = true;
        it.powered_on = Some(95);
    });
    assert_eq!(doubt, None, "our power-on ended the other one");
}

#[test]
fn who_can_be_told_apart_stops_nobody() {
    let own = claimant(1, 9, 110, 290);
    let told_apart = [
        Claimant {
            card: OTHER_CARD,
            ..claimant(2, 66, 200, 299)
        },
        Claimant {
            uuid: None,
            ..claimant(3, 66, 200, 299)
        },
        Claimant {
            serial: Some("S2".parse().unwrap()),
            ..claimant(4, 66, 200, 299)
        },
    ];
    for other in told_apart {
        assert_eq!(doubted(&[own.clone(), other], same), None);
    }
}

#[test]
fn no_console_is_told_what_another_one_said() {
    let other = IpAddr::from([10, 77, 0, 66]);
    let other_boot = BootId::from_bytes([2; 16]);
    let doubt = Doubt::TwoLive {
        other,
        other_boot,
        other_since: at(200),
    };
    assert!(doubt.to_string().contains("10.77.0.66"));
    assert!(!doubt.console("cp-1").contains("10.77.0.66"));
    assert!(doubt.is_alarm() && !Doubt::Restarted.is_alarm());
}

#[test]
fn only_a_boot_soon_after_our_power_on_follows_it() {
    let opened = |at| boot(1, at, BootStep::Script);
    assert!(follows_power_on(&opened(110), Some(at(100))));
    assert!(!follows_power_on(&opened(99), Some(at(100))), "before it");
    assert!(
        !follows_power_on(&opened(1000), Some(at(100))),
        "15 min later"
    );
    assert!(!follows_power_on(&opened(110), None));
}

#[test]
fn who_shares_the_boot_of_the_machine_is_judged_by_what_he_says_himself() {
    let machine = claimant(1, 9, 110, 290);
    let silent = Claimant {
        uuid: None,
        serial: None,
        ..claimant(1, 9, 295, 300)
    };
    let all = [machine.clone(), silent.clone()];
    let kinds = vec![EvidenceKind::SystemUuid, EvidenceKind::SystemSerial];
    assert_eq!(
        doubted_of(&all, Some(&silent), same),
        Some(Doubt::Unsaid(kinds))
    );
    assert_eq!(doubted_of(&all, Some(&machine), same), None);
}
