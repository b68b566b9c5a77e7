//! Who is taken by a rule, and what is said of a machine that is not.

use super::*;

#[test]
fn a_rule_with_auto_accepts_and_one_with_wait_does_not() {
    let mut story = Story::of(State::Discovered);
    assert!(waits(&story.step(1)));
    story.allocation = take(Acceptance::Wait);
    assert!(waits(&story.step(1)));
    story.allocation = take(Acceptance::Auto);
    assert_eq!(story.step(1), Step::Advance(Input::Accept));
}

#[test]
fn an_available_machine_is_allocated_only_with_a_disk_and_one_cluster() {
    let mut story = Story::of(State::Available);
    for allocation in [
        Allocation::None,
        Allocation::NoDisk {
            cluster: "lab".to_owned(),
        },
        Allocation::Ambiguous {
            clusters: vec!["a".to_owned(), "b".to_owned()],
        },
    ] {
        story.allocation = allocation;
        assert!(waits(&story.step(1)));
    }
    story.allocation = take(Acceptance::Wait);
    assert_eq!(story.step(1), Step::Allocate(assignment()));
}

#[test]
fn a_claimant_is_neither_accepted_nor_started_nor_installed() {
    for state in [
        State::Discovered,
        State::Inspecting,
        State::Available,
        PROVISIONING,
    ] {
        let mut story = Story::of(state);
        story.allocation = take(Acceptance::Auto);
        story.machine.hardware.arch = Some(Arch::X86_64);
        story.machine.hardware.firmware = Some(Firmware::Uefi);
        story.power = OFF;
        story.conflict = Some("w1: serial is S1 there and S2 here");
        assert!(waits(&story.step(1)), "{state}");
    }
}

#[test]
fn a_claimant_that_is_given_up_is_told_that_it_is_one() {
    let mut story = Story::of(State::Inspecting);
    story.conflict = Some("w1: serial is S1 there and S2 here");
    story.machine.deadline = Some(at(500));
    assert!(reason(story.step(500)).contains("w1: serial is S1"));
}

#[test]
fn a_discovered_machine_says_what_its_clusters_rule_lacks() {
    let mut story = Story::of(State::Discovered);
    story.allocation = Allocation::NoDisk {
        cluster: "lab".to_owned(),
    };
    assert!(reason(story.step(1)).contains("names the disk"));
    story.allocation = Allocation::Ambiguous {
        clusters: vec!["a".to_owned(), "b".to_owned()],
    };
    assert!(reason(story.step(1)).contains("a, b"));
}

#[test]
fn what_stands_against_an_install_is_said_while_it_waits_and_when_it_fails() {
    let mut story = Story::provisioning(vec![attempt()]);
    story.boots = vec![boot(1, 0, BootStep::Script)];
    story.hindrance = Some("no image talos for amd64 in the settings");
    assert!(reason(story.step(20)).contains("no image talos"));
    story.power = PowerObservation::NoBmc;
    assert!(reason(story.step(20)).contains("no image talos"));
    story.machine.deadline = Some(at(500));
    let step = story.step(500);
    assert!(matches!(step, Step::GiveUp(_)));
    assert!(reason(step).contains("no image talos"));
}
