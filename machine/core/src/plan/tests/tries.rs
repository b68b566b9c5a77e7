//! Stories of limits: how often it is tried before a person is asked.

use super::*;

fn second(power_actions: u32) -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(100),
        power_actions,
        ..attempt()
    }
}

#[test]
fn three_releases_under_one_permission_and_then_a_person_is_asked() {
    let mut story = Story::provisioning(vec![Attempt {
        closed: Some((at(60), AttemptEnd::Interrupted)),
        ..released()
    }]);
    for claims in 0..3 {
        story.intent.as_mut().unwrap().claims = claims;
        assert_eq!(story.step(1_000), Step::Act(Action::OpenAttempt));
    }
    story.intent.as_mut().unwrap().claims = 3;
    assert!(matches!(story.step(1_000), Step::GiveUp(_)));
}

#[test]
fn the_next_attempt_waits_longer_each_time() {
    let mut story = Story::provisioning(vec![Attempt {
        closed: Some((at(60), AttemptEnd::Interrupted)),
        ..released()
    }]);
    for (claims, pause) in [(1, 15), (2, 60)] {
        story.intent.as_mut().unwrap().claims = claims;
        assert!(waits(&story.step(60 + pause - 1)), "{claims}");
        assert_eq!(
            story.step(60 + pause),
            Step::Act(Action::OpenAttempt),
            "{claims}"
        );
    }
}

#[test]
fn four_power_commands_under_one_permission_over_all_its_attempts() {
    let first = |power_actions| Attempt {
        power_actions,
        closed: Some((at(60), AttemptEnd::TimedOut)),
        ..attempt()
    };
    for (before, now, power, wanted) in [
        (3, 0, OFF, Some(Action::StartFromNetwork)),
        (2, 1, OFF, Some(Action::StartFromNetwork)),
        (3, 1, OFF, None),
        (1, 0, ON, Some(Action::PowerOff)),
        (2, 0, ON, Some(Action::PowerOff)),
        (3, 0, ON, None),
    ] {
        let mut story = Story::provisioning(vec![second(now), first(before)]);
        story.power = power.clone();
        let step = story.step(5_000);
        match wanted {
            Some(action) => assert_eq!(step, Step::Act(action), "{before} {now} {power:?}"),
            None => assert!(matches!(step, Step::GiveUp(_)), "{before} {now} {power:?}"),
        }
    }
}

#[test]
fn whom_we_did_not_switch_on_is_started_anew_and_a_silent_machine_keeps_its_time() {
    let mut story = Story::provisioning(vec![attempt()]);
    for step in [BootStep::Script, BootStep::Kernel, BootStep::System] {
        story.boots = vec![boot(1, 10, step)];
        assert_eq!(story.step(11), Step::Act(Action::PowerOff), "{step}");
    }
    story.boots = vec![boot(1, 10, BootStep::Lease)];
    assert!(waits(&story.step(11)), "that may be anybody's DISCOVER");
    story.boots = vec![boot(1, 10, BootStep::Script)];
    story.attempts[0].power_at = Some(at(5));
    assert!(waits(&story.step(11)), "we switched it on");
    story.attempts[0].power_at = Some(at(15));
    assert!(waits(&story.step(20)), "that was before our last command");
    story.boots[0].step_at = at(40);
    assert_eq!(story.step(40), Step::Act(Action::PowerOff), "it goes on");
    story.attempts[0].power_at = None;
    story.power = PowerObservation::NoBmc;
    assert!(waits(&story.step(11)));
}
