//! Boots from the network that come so far, and no farther: what the wait says then.

use super::*;

const MINUTE: i64 = 60;

fn why(step: Step) -> String {
    match step {
        Step::Wait { why, .. } => why,
        other => panic!("it does not wait: {other:?}"),
    }
}

/// A machine that is being installed, whose boot came to this step at 100 s.
fn came_to(step: BootStep, power: PowerObservation) -> Story {
    let attempt = Attempt {
        power_at: Some(at(90)),
        ..attempt()
    };
    Story {
        boots: vec![boot(1, 100, step)],
        power,
        powered_on: Some(at(90)),
        ..Story::provisioning(vec![attempt])
    }
}

#[test]
fn a_boot_that_stands_at_its_initrd_says_what_should_have_come_and_where_to_look() {
    for power in [ON, PowerObservation::NoBmc] {
        let story = came_to(BootStep::Initrd, power);
        let soon = why(story.step(100 + 4 * MINUTE));
        assert_eq!(soon, "it boots from the network (last step: initrd)");
        let late = why(story.step(100 + 12 * MINUTE));
        assert!(late.contains("its system should have started"), "{late}");
        assert!(late.contains(&at(100).to_string()), "{late}");
        assert!(late.contains("console"), "{late}");
    }
}

#[test]
fn the_wait_for_the_next_step_is_looked_at_when_its_time_is_over() {
    let story = came_to(BootStep::Loader, PowerObservation::NoBmc);
    let Step::Wait { until, .. } = story.step(110) else {
        panic!("it does not wait");
    };
    assert_eq!(until, Some(at(100).plus(Boot::CHAIN)));
}

#[test]
fn a_machine_without_bmc_that_fell_silent_is_not_told_to_be_switched_on_as_if_it_were_off() {
    let late = 100 + 3600;
    let story = came_to(BootStep::Kernel, PowerObservation::NoBmc);
    assert!(why(story.step(late)).contains("(step kernel)"));
    let mut inspected = Story::of(State::Inspecting);
    inspected.boots = vec![boot(1, 100, BootStep::Loader)];
    inspected.power = PowerObservation::NoBmc;
    let said = why(inspected.step(110));
    assert_eq!(said, "it boots from the network (last step: loader)");
    assert!(why(inspected.step(late)).contains("(step loader)"));
    inspected.boots.clear();
    assert!(why(inspected.step(late)).contains("switch it on"));
}

#[test]
fn a_forged_discover_after_the_release_is_not_told_as_a_machine_that_came_back() {
    let installs = boot(1, 40, BootStep::Config);
    for (step, came_back) in [(BootStep::Ipxe, false), (BootStep::Script, true)] {
        let mut story = Story::provisioning(vec![released()]);
        story.boots = vec![boot(2, 60, step), installs.clone()];
        let said = why(story.step(90));
        assert_eq!(
            said.contains("came back to the network"),
            came_back,
            "{said}"
        );
        assert_eq!(said.contains("anybody can send that"), !came_back, "{said}");
    }
}

#[test]
fn a_node_that_is_silent_since_its_config_says_what_to_look_at() {
    let mut story = Story::provisioning(vec![released()]);
    story.boots = vec![boot(1, 50, BootStep::Config)];
    story.asked_at(50 + 5 * MINUTE, Reply::Unclear);
    let now = 51 + 5 * MINUTE;
    let said = why(story.step(now));
    assert!(said.contains("should have told that it installs"), "{said}");
    story.signs.heard = Some(at(now));
    assert_eq!(why(story.step(now)), "it has its config and installs");
}

#[test]
fn what_a_cancelled_attempt_started_is_no_boot_of_the_next_one() {
    let started = |attempt: u8, step| Boot {
        attempt: Some(AttemptId::from_bytes([attempt; 16])),
        ..boot(1, 95, step)
    };
    for power in [ON, PowerObservation::NoBmc] {
        let next = Attempt {
            opened: at(100),
            ..attempt()
        };
        let mut story = Story {
            boots: vec![started(9, BootStep::Config)],
            power,
            powered_on: Some(at(90)),
            ..Story::provisioning(vec![next])
        };
        let said = why(story.step(105));
        assert!(said.contains("an attempt that is over"), "{said}");
        // Who waits in its script is given this attempt's installer.
        story.boots = vec![started(9, BootStep::Script)];
        let said = why(story.step(105));
        assert_eq!(said, "it boots from the network (last step: script)");
    }
}
