//! Stories of a machine that waits for a person: its permission stands over a weekend, so its time
//! counts only while something is under way.

use super::*;
use crate::attempt::Verdict;

const HOUR: i64 = 3_600;

/// Allocated on Friday, without a BMC, and not switched on yet.
fn switched_off() -> Story {
    let mut story = Story::provisioning(vec![Attempt {
        deadline: at(0).plus(Attempt::LIFETIME),
        ..attempt()
    }]);
    story.power = PowerObservation::NoBmc;
    story.machine.deadline = Some(at(0).plus(Machine::PROVISIONING));
    story.intent.as_mut().unwrap().expires = at(0).plus(Intent::LIFETIME);
    story
}

#[test]
fn a_machine_without_bmc_that_nobody_switched_on_waits_as_long_as_its_permission_stands() {
    let story = switched_off();
    for hours in [1, 4, 95] {
        let said = reason(story.step(hours * HOUR));
        assert!(said.contains("switch it on"), "{said}");
    }
    let Step::GiveUp(failure) = story.step(96 * HOUR) else {
        panic!("its permission has expired")
    };
    assert!(failure.why.contains("expired"), "{failure:?}");
}

#[test]
fn forged_discovers_do_not_begin_the_time_of_a_machine_that_is_off() {
    let mut story = switched_off();
    story.boots = vec![boot(1, HOUR, BootStep::Ipxe)];
    assert!(waits(&story.step(50 * HOUR)));
}

#[test]
fn the_time_of_a_machine_without_bmc_begins_with_its_first_boot() {
    let mut story = switched_off();
    story.boots = vec![boot(1, 50 * HOUR, BootStep::Script)];
    story.attempts[0].opened = at(50 * HOUR);
    story.attempts[0].deadline = at(500 * HOUR);
    assert!(waits(&story.step(50 * HOUR + 30)));
    assert!(waits(&story.step(53 * HOUR - 1)));
    assert!(matches!(story.step(53 * HOUR), Step::GiveUp(_)));
}

#[test]
fn a_machine_whose_config_was_refused_waits_for_its_file_and_then_has_its_whole_time() {
    let refused = Attempt {
        basis: Some([1; 32]),
        verdict: Some(Verdict {
            at: at(60),
            end: AttemptEnd::Refused,
            why: "no disks matched".to_owned(),
        }),
        closed: Some((at(61), AttemptEnd::Refused)),
        ..released()
    };
    let mut story = Story::provisioning(vec![refused]);
    story.machine.deadline = Some(at(0).plus(Machine::PROVISIONING));
    story.intent.as_mut().unwrap().expires = at(0).plus(Intent::LIFETIME);
    story.signs.basis = Some([1; 32]);
    assert!(reason(story.step(60 * HOUR)).contains("no disks matched"));
    story.signs.basis = Some([2; 32]);
    assert_eq!(story.step(60 * HOUR), Step::Act(Action::OpenAttempt));
    let next = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(60 * HOUR),
        deadline: at(500 * HOUR),
        ..attempt()
    };
    story.attempts.insert(0, next);
    story.power = OFF;
    let starts = Step::Act(Action::StartFromNetwork);
    assert_eq!(story.step(60 * HOUR + 1), starts);
    assert_eq!(story.step(63 * HOUR - 1), starts);
    assert!(matches!(story.step(63 * HOUR), Step::GiveUp(_)));
}

#[test]
fn a_retry_begins_the_time_of_a_machine_without_bmc_anew() {
    let mut story = switched_off();
    story.attempts = vec![Attempt {
        closed: Some((at(4 * HOUR), AttemptEnd::TimedOut)),
        ..released()
    }];
    story.machine.since = at(50 * HOUR);
    story.machine.deadline = Some(at(50 * HOUR).plus(Machine::PROVISIONING));
    story.signs.asked = None;
    assert!(
        !matches!(story.step(50 * HOUR), Step::GiveUp(_)),
        "what went out before it is not of this try"
    );
}
