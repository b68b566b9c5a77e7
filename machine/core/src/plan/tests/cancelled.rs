//! A person took an install back: the rule that took the machine does not take it at once again.

use super::*;

/// Available since a person cancelled its install, and its cluster's rule still takes it.
fn cancelled(end: IntentEnd) -> Story {
    let mut story = Story::of(State::Available);
    story.machine.since = at(100);
    story.allocation = take(Acceptance::Auto);
    story.intent = Some(Intent {
        closed: Some((at(100), end)),
        ..intent()
    });
    story
}

#[test]
fn a_cancelled_install_waits_for_a_person() {
    let mut story = cancelled(IntentEnd::Cancelled);
    let Step::Wait { why, .. } = story.step(200) else {
        panic!("it was taken again")
    };
    assert!(why.contains("drover machine accept w1"), "{why}");
    story.machine = story.machine.after(Input::Accept, at(300)).unwrap();
    assert_eq!(story.step(301), Step::Allocate(assignment()));
}

#[test]
fn a_cancelled_inspection_waits_for_a_person_whatever_the_rule_says() {
    let mut story = Story::of(State::Inspecting);
    story.allocation = take(Acceptance::Auto);
    let cancel = Input::Cancel { released: false };
    story.machine = story.machine.after(cancel, at(100)).unwrap();
    assert_eq!(story.machine.state, State::Discovered);
    let Step::Wait { why, .. } = story.step(200) else {
        panic!("the rule accepted it at once")
    };
    assert!(why.contains("drover machine accept w1"), "{why}");
    story.machine = story.machine.after(Input::Accept, at(300)).unwrap();
    assert_eq!(story.machine.cancelled, None);
    assert_eq!(story.machine.state, State::Inspecting);
}

#[test]
fn a_withdrawn_permission_is_followed_by_what_the_document_says_now() {
    let story = cancelled(IntentEnd::Withdrawn);
    assert_eq!(story.step(200), Step::Allocate(assignment()));
}

#[test]
fn what_runs_for_a_permission_that_was_taken_back_is_started_anew_soon() {
    let again = Attempt {
        opened: at(300),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![again]);
    // The installer of the first permission: it asks for its config in vain.
    story.boots = vec![Boot {
        attempt: Some(AttemptId::from_bytes([9; 16])),
        ..boot(1, 90, BootStep::System)
    }];
    story.powered_on = Some(at(80));
    assert!(waits(&story.step(301)));
    assert_eq!(story.step(320), Step::Act(Action::PowerOff));
    story.boots[0].attempt = None;
    assert!(waits(&story.step(320)), "its firmware may be on its way");
}
