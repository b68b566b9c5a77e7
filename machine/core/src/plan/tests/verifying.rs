//! Stories of a system that runs from its disk, and whose API does not answer yet: it is asked again,
//! and more and more seldom.

use super::*;
use crate::plan::signs::Unanswered;

const BOOT: BootId = BootId::from_bytes([7; 16]);
const VERIFY: Step = Step::Act(Action::Verify(BOOT));

/// Its system started from the disk at 80 s.
fn started(state: State) -> Story {
    let mut story = Story::provisioning(vec![released()]);
    story.machine.state = state;
    story.boots = vec![disk_boot(&released(), BootStep::Disk)];
    story.intent = Some(Intent {
        expires: at(1_000_000),
        ..intent()
    });
    story
}

/// How often it is asked from its start until `end`, looked at each two seconds.
fn questions(story: &mut Story, end: i64) -> usize {
    let mut count = 0;
    for now in (80..end).step_by(2) {
        if story.step(now) == VERIFY {
            count += 1;
            story.signs.unanswered = Some(Unanswered {
                boot: BOOT,
                at: at(now),
                why: "connection refused".to_owned(),
            });
        }
    }
    count
}

#[test]
fn a_system_that_just_started_is_asked_every_few_seconds() {
    let mut story = started(PROVISIONING);
    assert!(questions(&mut story, 80 + 120) >= 20);
}

#[test]
fn a_moving_machine_whose_api_never_answers_is_asked_more_and_more_seldom() {
    let mut story = started(PROVISIONING);
    let count = questions(&mut story, 80 + 3 * 3_600);
    assert!(count <= 120, "{count}");
    let said = reason(story.step(81 + 3 * 3_600));
    assert!(said.contains("connection refused"), "{said}");
}

#[test]
fn a_failed_machine_is_not_verified_on_each_sweep_for_ever() {
    let mut story = started(State::Failed(Moving::Provisioning(Origin::Available)));
    let day = questions(&mut story, 80 + 24 * 3_600);
    assert!(day <= 140, "{day}");
    let later = questions(&mut story, 80 + 14 * 24 * 3_600);
    assert!(later <= 60, "in the two weeks after it: {later}");
}

#[test]
fn another_boot_from_disk_is_asked_at_once() {
    let mut story = started(PROVISIONING);
    story.signs.unanswered = Some(Unanswered {
        boot: BootId::from_bytes([8; 16]),
        at: at(5_000),
        why: "connection refused".to_owned(),
    });
    assert_eq!(story.step(5_001), VERIFY);
}
