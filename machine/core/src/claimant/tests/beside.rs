//! Two that speak at the same time: whom they hold, and which of them teaches.

use super::*;

#[test]
fn a_second_boot_beside_one_that_has_the_installer_is_held_and_holds() {
    // The machine spoke at 110; its attempt was opened for that, at 120, and serves its boot.
    let all = [claimant(1, 9, 110, 110), claimant(2, 9, 290, 300)];
    let serves = |it: &mut Scene| {
        it.attempt.opened = at(120);
        it.attempt.boot = Some(BootId::from_bytes([1; 16]));
    };
    let clone = doubted_of(&all, Some(&all[1]), |it| {
        serves(it);
        it.boot = boot(2, 285, BootStep::Script);
    });
    assert!(matches!(clone, Some(Doubt::TwoLive { .. })), "{clone:?}");
    let machine = doubted(&all, serves);
    assert!(
        matches!(machine, Some(Doubt::TwoLive { .. })),
        "{machine:?}"
    );
    // A restart long after is the machine itself.
    let late = [claimant(1, 9, -10, -10), claimant(2, 9, 290, 300)];
    let restarted = doubted_of(&late, Some(&late[1]), |it| {
        serves(it);
        it.boot = boot(2, 285, BootStep::Script);
    });
    assert_eq!(restarted, None);
    // One that wiped restarts by itself.
    let wiped = doubted_of(&all, Some(&all[1]), |it| {
        serves(it);
        it.attempt.wipe = Some(crate::attempt::Wipe {
            at: at(120),
            boot: it.attempt.boot,
        });
        it.boot = boot(2, 285, BootStep::Script);
    });
    assert_eq!(wiped, None);
}

/// What is in doubt of the boot 1 at second 300, while no attempt is open.
fn taught(speaking: &Claimant, others: &[Claimant], powered_on: Option<i64>) -> Option<Doubt> {
    let claimants: Vec<Claimant> = others.iter().chain([speaking]).cloned().collect();
    teaching_doubt(
        speaking,
        &registered(),
        &claimants,
        powered_on.map(at),
        at(300),
    )
}

#[test]
fn only_a_boot_that_says_what_was_registered_teaches() {
    let own = claimant(1, 9, 110, 300);
    assert_eq!(taught(&own, &[], None), None);
    let silent = Claimant {
        uuid: None,
        ..own.clone()
    };
    let unsaid = Doubt::Unsaid(vec![EvidenceKind::SystemUuid]);
    assert_eq!(taught(&silent, &[], None), Some(unsaid.clone()));
    // What the machine said in the boot that they share does not count for a clone of its card.
    assert_eq!(taught(&silent, &[own], None), Some(unsaid));
}

#[test]
fn of_two_that_speak_at_the_same_time_none_teaches_and_a_restart_does() {
    let own = claimant(1, 9, 110, 300);
    let live = claimant(2, 66, 90, 250);
    let doubt = taught(&own, std::slice::from_ref(&live), None);
    assert!(matches!(doubt, Some(Doubt::TwoLive { .. })), "{doubt:?}");
    assert_eq!(taught(&own, std::slice::from_ref(&live), Some(100)), None);
    for other in [claimant(2, 9, 20, 109), claimant(2, 66, 20, 179)] {
        assert_eq!(taught(&own, &[other], None), None, "it is silent");
    }
    let told_apart = Claimant { uuid: None, ..live };
    assert_eq!(taught(&own, &[told_apart], None), None);
}
