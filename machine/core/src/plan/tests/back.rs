//! Stories of machines that come back to the network after their config was released.

use super::*;

#[test]
fn a_machine_that_comes_back_twice_was_interrupted() {
    let mut story = Story::provisioning(vec![released()]);
    let back = |id, opened| Boot {
        sent_to_disk: true,
        ..boot(id, opened, BootStep::Lease)
    };
    story.boots = vec![back(2, 70), boot(1, 10, BootStep::Config)];
    assert!(
        waits(&story.step(80)),
        "the first time its disk is given a chance"
    );
    assert!(!waits(&story.step(670)));
    assert_eq!(story.step_in_silence(670), INTERRUPTED);
    story.boots.insert(0, back(3, 370));
    story.signs.asked = None;
    assert_eq!(story.step_in_silence(650), INTERRUPTED);
}

#[test]
fn firmware_that_goes_through_its_list_has_come_back_once() {
    let back = |id: u8, card: u8, opened| Boot {
        sent_to_disk: true,
        mac: Some(MacAddress::new([0x52, 0x54, 0, 0x77, 0, card])),
        ..boot(id, opened, BootStep::Discover)
    };
    let served = boot(1, 10, BootStep::Config);
    for (name, boots) in [
        ("two cards in turn", vec![back(3, 2, 75), back(2, 1, 70)]),
        (
            "two cards, in silence",
            vec![back(3, 2, 135), back(2, 1, 70)],
        ),
        (
            "one card, two protocols",
            vec![back(3, 1, 140), back(2, 1, 70)],
        ),
        (
            "two cards, each by two protocols, in silence",
            vec![
                back(5, 2, 280),
                back(4, 1, 210),
                back(3, 2, 140),
                back(2, 1, 70),
            ],
        ),
        (
            "four cards that take minutes",
            vec![back(4, 4, 430), back(3, 3, 250), back(2, 1, 70)],
        ),
    ] {
        let mut story = Story::provisioning(vec![released()]);
        let last = boots[0].opened;
        story.boots = boots;
        story.boots.push(served.clone());
        let seconds = last.as_millis() / 1000;
        story.silent_at(seconds);
        assert!(waits(&story.step(seconds)), "{name}");
        story.silent_at(seconds + 599);
        assert!(
            waits(&story.step(seconds + 599)),
            "{name}: the disk has its time"
        );
        assert_eq!(story.step(seconds + 600), INTERRUPTED, "{name}");
    }
}

#[test]
fn a_power_cut_in_the_middle_of_an_install_leads_to_another_attempt() {
    let mut story = Story::provisioning(vec![released()]);
    assert!(waits(&story.step(60)));
    story.power = OFF;
    story.signs.off_since = Some(at(60));
    assert_eq!(
        story.step(60),
        Step::Wait {
            until: Some(at(80)),
            why: "its BMC says that it is off: it is asked once more".to_owned()
        }
    );
    assert_eq!(story.step_in_silence(80), INTERRUPTED);
    story.attempts = vec![Attempt {
        closed: Some((at(80), AttemptEnd::Interrupted)),
        ..released()
    }];
    assert_eq!(story.step(80), Step::Act(Action::OpenAttempt));
    let second = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(82),
        ..attempt()
    };
    story.attempts.insert(0, second);
    assert_eq!(story.step(83), Step::Act(Action::StartFromNetwork));
}

#[test]
fn one_reading_of_off_does_not_end_an_install() {
    let mut story = Story::provisioning(vec![released()]);
    story.silent_at(60);
    story.power = OFF;
    story.signs.off_since = Some(at(60));
    assert!(waits(&story.step(60)));
    assert!(waits(&story.step(79)));
    assert_eq!(story.step(80), INTERRUPTED);
    story.power = ON;
    story.signs.off_since = None;
    assert!(waits(&story.step(80)), "it was wrong in passing");
}

/// What a stranger can send: any number of DISCOVERs with the machine's hardware address.
#[test]
fn forged_discovers_never_interrupt_an_install_that_reports() {
    let mut story = Story::provisioning(vec![released()]);
    let forged = |id: u8, opened| boot(id, opened, BootStep::Offer);
    story.boots = vec![
        forged(4, 900),
        forged(3, 500),
        forged(2, 70),
        boot(1, 10, BootStep::Installing),
    ];
    for now in [1_000, 2_000, 6_000] {
        story.signs.heard = Some(at(now - 5));
        story.silent_at(now);
        let step = story.step(now);
        assert!(
            waits(&step) || step == Step::Act(Action::Ask(attempt().id)),
            "{step:?}"
        );
    }
    story.signs.heard = Some(at(1_000));
    story.silent_at(1_590);
    assert!(waits(&story.step(1_599)), "as long as a start from disk");
    assert_eq!(story.step(1_600), INTERRUPTED, "it is dead");
}

#[test]
fn a_boot_that_came_to_its_script_interrupts_sooner_and_not_while_its_api_answers() {
    let mut story = Story::provisioning(vec![released()]);
    story.boots = vec![
        boot(3, 500, BootStep::Script),
        boot(2, 70, BootStep::Script),
        boot(1, 10, BootStep::Config),
    ];
    story.signs.heard = Some(at(450));
    story.silent_at(560);
    assert!(waits(&story.step(569)));
    assert_eq!(story.step(570), INTERRUPTED);
    for reply in [Reply::FromNetwork, Reply::Unclear] {
        story.asked_at(570, reply);
        assert!(waits(&story.step(570)));
    }
}
