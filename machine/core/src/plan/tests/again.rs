//! Stories of what failed and is tried again.

use super::*;

/// What failed, and was tried again by a person at 100 s.
fn tried_again() -> Story {
    let failed = Attempt {
        power_actions: Intent::MAX_POWER_COMMANDS,
        closed: Some((at(90), AttemptEnd::TimedOut)),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![failed; 8]);
    story.intent = Some(Intent {
        claims: Intent::MAX_CLAIMS,
        closed: Some((at(90), IntentEnd::Failed)),
        ..intent()
    });
    story.machine.state = State::Failed(Moving::Provisioning(Origin::Available));
    story.machine = story.machine.after(Input::Retry, at(100)).unwrap();
    story.allocation = take(Acceptance::Wait);
    story
}

#[test]
fn what_is_tried_again_gets_a_new_intent_with_new_attempts_and_its_whole_time() {
    let mut story = tried_again();
    assert_eq!(
        story.machine.deadline,
        Some(at(100).plus(Machine::PROVISIONING))
    );
    assert_eq!(story.step(100), Step::Permit(assignment()));
    story.intent = Some(Intent {
        opened: at(101),
        ..intent()
    });
    story.attempts = Vec::new();
    assert_eq!(story.step(101), Step::Act(Action::OpenAttempt));
    story.attempts = vec![Attempt {
        opened: at(101),
        ..attempt()
    }];
    story.power = OFF;
    assert_eq!(story.step(102), Step::Act(Action::StartFromNetwork));
    story.power = ON;
    assert!(waits(&story.step(102)));
}

#[test]
fn what_is_tried_again_and_taken_by_no_rule_says_so() {
    let mut story = tried_again();
    story.allocation = Allocation::None;
    let Step::GiveUp(failure) = story.step(100) else {
        panic!("nothing permits to install it")
    };
    assert!(
        failure.why.contains("no cluster's rule takes it"),
        "{failure:?}"
    );
}

#[test]
fn what_is_tried_again_is_observed_before_it_is_installed_anew() {
    let mut story = tried_again();
    let lives = Attempt {
        closed: Some((at(90), AttemptEnd::TimedOut)),
        ..released()
    };
    story.boots = vec![disk_boot(&lives, BootStep::Disk)];
    story.attempts = vec![lives];
    let verify = Step::Act(Action::Verify(story.boots[0].id));
    assert_eq!(story.step(100), verify);
    assert_eq!(
        story.step(700),
        Step::Permit(assignment()),
        "it had its time to answer"
    );
    story.boots[0].step = BootStep::Joined;
    assert_eq!(story.step(700), Step::Advance(Input::RunsFromDisk));
}

#[test]
fn what_never_answers_does_not_hold_up_the_install_that_was_permitted_anew() {
    let mut story = tried_again();
    let dead = Attempt {
        closed: Some((at(90), AttemptEnd::TimedOut)),
        ..released()
    };
    story.boots = vec![disk_boot(&dead, BootStep::Disk)];
    let verify = Step::Act(Action::Verify(story.boots[0].id));
    story.former = Some(dead);
    story.attempts = Vec::new();
    story.intent = Some(Intent {
        id: IntentId::from_bytes([8; 16]),
        opened: at(101),
        ..intent()
    });
    assert_eq!(story.step(699), verify, "it is observed first");
    assert_eq!(story.step(700), Step::Act(Action::OpenAttempt));
}

#[test]
fn an_intent_that_is_taken_back_in_the_middle_is_not_opened_anew() {
    let mut story = tried_again();
    story.intent = Some(Intent {
        closed: Some((at(120), IntentEnd::Cancelled)),
        ..intent()
    });
    assert!(matches!(story.step(121), Step::GiveUp(_)));
}

#[test]
fn late_evidence_of_the_machines_newest_released_attempt_is_found_under_a_new_permission() {
    let mut story = tried_again();
    story.intent = Some(Intent {
        id: IntentId::from_bytes([8; 16]),
        opened: at(101),
        ..intent()
    });
    let late = Attempt {
        closed: Some((at(90), AttemptEnd::TimedOut)),
        ..released()
    };
    story.attempts = Vec::new();
    story.boots = vec![disk_boot(&late, BootStep::Joined)];
    story.former = Some(late.clone());
    assert_eq!(story.step(102), Step::Advance(Input::RunsFromDisk));
    story.former = Some(Attempt {
        closed: Some((at(90), AttemptEnd::Installed)),
        ..late.clone()
    });
    assert_eq!(
        story.step(102),
        Step::Act(Action::OpenAttempt),
        "a member that is installed anew runs on the config of before"
    );
    let mut other = late;
    other.assignment.disk = "serial:D2".parse().unwrap();
    story.former = Some(other);
    assert_eq!(story.step(102), Step::Act(Action::OpenAttempt));
}
