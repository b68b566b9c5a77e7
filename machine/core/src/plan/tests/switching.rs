//! Stories of power: when it is switched, how often, and what a BMC makes of it.

use super::*;

#[test]
fn a_silent_machine_is_started_anew_after_its_self_test() {
    let mut story = Story::provisioning(vec![attempt()]);
    assert!(waits(&story.step(60)));
    assert_eq!(story.step(900), Step::Act(Action::PowerOff));
    story.attempts[0].power_actions = 3;
    assert!(waits(&story.step(1_799)), "longer each time");
    assert!(
        matches!(story.step(1_800), Step::GiveUp(_)),
        "what may not be switched on again is not switched off"
    );
}

#[test]
fn a_lost_machine_of_a_later_attempt_is_started_anew_soon() {
    let second = Attempt {
        number: 2,
        opened: at(100),
        ..attempt()
    };
    let first = Attempt {
        closed: Some((at(90), AttemptEnd::TimedOut)),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![second, first]);
    story.boots = vec![Boot {
        sent_to_disk: true,
        ..boot(3, 90, BootStep::Lease)
    }];
    assert!(waits(&story.step(101)));
    assert_eq!(story.step(120), Step::Act(Action::PowerOff));
}

#[test]
fn a_bmc_that_refuses_is_told_again_with_growing_pauses_and_is_named_at_the_end() {
    let inspected = Story {
        power: OFF,
        ..Story::of(State::Inspecting)
    };
    let installed = Story {
        power: OFF,
        ..Story::provisioning(vec![attempt()])
    };
    for mut story in [inspected, installed] {
        let mut now = 1;
        for (told, pause) in [30, 60, 120].into_iter().enumerate() {
            assert_eq!(story.step(now), Step::Act(Action::StartFromNetwork));
            let count = u32::try_from(told).unwrap() + 1;
            story.command = Some(PowerCommand {
                wanted: PowerState::On,
                at: at(now),
                count,
                refused: Some("insufficient privilege".to_owned()),
            });
            if let Some(attempt) = story.attempts.first_mut() {
                attempt.power_actions = count;
            }
            assert!(reason(story.step(now + pause - 1)).contains("insufficient privilege"));
            now += pause;
        }
        assert_eq!(story.step(now), Step::Act(Action::StartFromNetwork));
        story.command.as_mut().unwrap().count = Intent::MAX_POWER_COMMANDS;
        if let Some(attempt) = story.attempts.first_mut() {
            attempt.power_actions = Intent::MAX_POWER_COMMANDS;
        }
        let step = story.step(now);
        assert!(matches!(step, Step::GiveUp(_)), "{step:?}");
        assert!(reason(step).contains("insufficient privilege"));
    }
}

#[test]
fn a_bmc_that_did_what_it_was_told_is_told_the_next_thing_at_once() {
    let mut story = Story::provisioning(vec![Attempt {
        power_actions: 1,
        power_at: Some(at(900)),
        ..attempt()
    }]);
    story.power = OFF;
    story.command = Some(PowerCommand {
        wanted: PowerState::Off,
        at: at(900),
        count: 1,
        refused: None,
    });
    assert_eq!(story.step(901), Step::Act(Action::StartFromNetwork));
    story.command.as_mut().unwrap().wanted = PowerState::On;
    assert!(waits(&story.step(901)), "it may need a moment to follow");
    assert_eq!(story.step(930), Step::Act(Action::StartFromNetwork));
}

#[test]
fn an_inspected_machine_is_started_but_never_switched_off() {
    let mut story = Story::of(State::Inspecting);
    story.power = OFF;
    assert_eq!(story.step(1), Step::Act(Action::StartFromNetwork));
    story.power = ON;
    assert!(
        waits(&story.step(80_000)),
        "it may run something that is not ours"
    );
    story.machine.hardware.arch = Some(Arch::X86_64);
    story.machine.hardware.firmware = Some(Firmware::Uefi);
    assert_eq!(story.step(1), Step::Advance(Input::FactsComplete));
}
