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
    assert_eq!(
        story.step(670),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted))
    );
    story.boots.insert(0, back(3, 370));
    assert_eq!(
        story.step(371),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted))
    );
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
        assert!(waits(&story.step(seconds)), "{name}");
        assert!(
            waits(&story.step(seconds + 599)),
            "{name}: the disk has its time"
        );
        assert_eq!(
            story.step(seconds + 600),
            Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted)),
            "{name}"
        );
    }
}

#[test]
fn a_power_cut_in_the_middle_of_an_install_leads_to_another_attempt() {
    let mut story = Story::provisioning(vec![released()]);
    assert!(waits(&story.step(60)));
    story.power = OFF;
    assert_eq!(
        story.step(60),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted))
    );
    story.attempts = vec![Attempt {
        closed: Some((at(60), AttemptEnd::Interrupted)),
        ..released()
    }];
    assert_eq!(story.step(61), Step::Act(Action::OpenAttempt));
    let second = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(62),
        ..attempt()
    };
    story.attempts.insert(0, second);
    assert_eq!(story.step(63), Step::Act(Action::StartFromNetwork));
}
