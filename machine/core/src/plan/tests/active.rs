//! An active machine of which nobody heard that it came up.

use super::*;

/// Active, and sent to its disk at 100 s.
fn sent_to_disk() -> Story {
    let sent = Boot {
        sent_to_disk: true,
        ..boot(2, 100, BootStep::Script)
    };
    let closed = Attempt {
        closed: Some((at(60), AttemptEnd::Installed)),
        ..released()
    };
    Story {
        former: Some(closed),
        boots: vec![sent],
        ..Story::of(State::Active)
    }
}

#[test]
fn a_member_that_was_sent_to_its_disk_and_not_heard_of_is_asked() {
    let mut story = sent_to_disk();
    let Step::Wait { until, .. } = story.step(101) else {
        panic!("asked at once");
    };
    assert_eq!(until, Some(at(700)), "its own words are awaited first");
    assert_eq!(story.step(700), Step::Act(Action::Ask(attempt().id)));
    story.silent_at(700);
    assert!(matches!(story.step(701), Step::Wait { until: Some(_), .. }));
    assert_eq!(story.step(760), Step::Act(Action::Ask(attempt().id)));
    let day = 24 * 60 * 60;
    let nothing = Step::wait("it is active: nothing to do");
    assert_eq!(story.step(100 + day), nothing, "for a day");
}

#[test]
fn a_member_whose_system_was_heard_of_is_not_asked() {
    let mut story = sent_to_disk();
    let disk = Boot {
        origin: BootOrigin::Disk,
        ..boot(3, 160, BootStep::Disk)
    };
    story.boots.insert(0, disk);
    let nothing = Step::wait("it is active: nothing to do");
    assert_eq!(story.step(5000), nothing);
    // A DISCOVER that nobody goes on with says nothing.
    story.boots.insert(0, boot(4, 200, BootStep::Discover));
    assert_eq!(story.step(5000), nothing);
}
