//! Stories of the question to a node's API, before anything is done that would cut off a member.

use super::*;

const ASK: Step = Step::Act(Action::Ask(AttemptId::from_bytes([4; 16])));

#[test]
fn a_released_attempt_is_never_closed_by_time_before_its_node_was_asked() {
    let mut story = Story::provisioning(vec![released()]);
    story.silent_at(9_900);
    assert_eq!(story.step(10_000), ASK, "that was too long ago");
    story.asked_at(10_000, Reply::Unclear);
    assert!(waits(&story.step(10_000)));
    story.silent_at(10_000);
    assert_eq!(
        story.step(10_000),
        Step::Act(Action::CloseAttempt(AttemptEnd::TimedOut))
    );
}

/// The time of the attempt would have ended between the install and the boot from disk.
#[test]
fn who_got_its_config_late_has_as_long_for_the_install_as_anybody() {
    let (late, end) = (9_900, 9_900 + 45 * 60);
    let mut story = Story::provisioning(vec![Attempt {
        release: Some(Release::fetched(at(late), [10, 77, 0, 9].into(), [0; 32])),
        ..released()
    }]);
    for (now, is_over) in [(10_000, false), (end - 1, false), (end, true)] {
        story.silent_at(now);
        let timed_out = Step::Act(Action::CloseAttempt(AttemptEnd::TimedOut));
        assert_eq!(story.step(now) == timed_out, is_over, "{now}");
    }
}

#[test]
fn a_machine_is_not_given_up_before_its_node_was_asked() {
    let mut story = Story::provisioning(vec![released()]);
    story.machine.deadline = Some(at(500));
    assert_eq!(story.step(500), ASK);
    story.asked_at(500, Reply::FromNetwork);
    assert!(matches!(story.step(500), Step::GiveUp(_)));
}

/// The log line that tells of its disk was lost, its attempt has ended, and the next is open.
#[test]
fn a_machine_is_not_switched_off_before_the_node_of_its_last_release_was_asked() {
    let lost = Attempt {
        closed: Some((at(80), AttemptEnd::TimedOut)),
        ..released()
    };
    let second = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(100),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![second, lost]);
    assert_eq!(story.step(120), ASK);
    story.asked_at(120, Reply::Unclear);
    assert!(waits(&story.step(120)), "it may be a member");
    story.asked_at(120, Reply::FromNetwork);
    assert_eq!(story.step(120), Step::Act(Action::PowerOff));
    story.silent_at(120);
    assert_eq!(story.step(120), Step::Act(Action::PowerOff));
}

#[test]
fn an_install_is_asked_for_by_itself_and_more_seldom_each_time() {
    let mut story = Story::provisioning(vec![released()]);
    story.boots = vec![boot(1, 10, BootStep::Installing)];
    assert_eq!(
        story.step(60),
        Step::Wait {
            until: Some(at(350)),
            why: "it has its config and installs".to_owned()
        }
    );
    assert_eq!(story.step(350), ASK);
    let mut now = 350;
    for (count, pause) in [(1, 60), (2, 120), (3, 240), (4, 480), (5, 600), (60, 600)] {
        story.silent_at(now);
        story.signs.asked.as_mut().unwrap().count = count;
        assert!(waits(&story.step(now + pause - 1)), "{count}");
        now += pause;
        assert_eq!(story.step(now), ASK, "{count}");
    }
    story.signs.asked = None;
    story.boots[0].step = BootStep::Installed;
    assert_eq!(story.step(70), ASK, "it said that it restarts");
}

#[test]
fn a_system_that_started_from_its_disk_is_not_told_as_one_that_installs() {
    let mut released = released();
    released.boot = Some(BootId::from_bytes([1; 16]));
    let mut story = Story::provisioning(vec![released.clone()]);
    let untagged = Boot {
        attempt: None,
        ..disk_boot(&released, BootStep::Disk)
    };
    story.boots = vec![untagged, boot(1, 40, BootStep::Installed)];
    let Step::Wait { why: said, .. } = story.step(90) else {
        panic!("it waits for its node's word")
    };
    assert!(said.contains("runs from its disk"), "{said}");
    assert!(!said.contains("installs"), "{said}");
}

/// The machine's newest release was for another disk, and its document was corrected since.
#[test]
fn a_member_of_another_assignment_is_not_switched_off_while_its_api_answers() {
    let mut elsewhere = Attempt {
        id: AttemptId::from_bytes([6; 16]),
        intent: IntentId::from_bytes([8; 16]),
        closed: Some((at(80), AttemptEnd::TimedOut)),
        ..released()
    };
    elsewhere.assignment.disk = "serial:D2".parse().unwrap();
    let installed = Attempt {
        closed: Some((at(80), AttemptEnd::Installed)),
        ..elsewhere.clone()
    };
    for former in [elsewhere, installed] {
        let mut story = Story::provisioning(vec![attempt()]);
        story.former = Some(former.clone());
        let asks = Step::Act(Action::Ask(former.id));
        assert_eq!(story.step(2_000), asks);
        for reply in [Reply::FromDisk, Reply::Unclear] {
            story.asked_at(2_000, reply);
            story.signs.asked.as_mut().unwrap().attempt = former.id;
            let said = reason(story.step(2_000));
            assert!(said.contains("not cut off"), "{said}");
            assert!(said.contains("drover machine power off w1"), "{said}");
        }
        story.silent_at(2_000);
        story.signs.asked.as_mut().unwrap().attempt = former.id;
        assert_eq!(story.step(2_000), Step::Act(Action::PowerOff));
    }
}

#[test]
fn who_answers_and_may_not_be_cut_off_is_asked_more_seldom_each_time() {
    let mut story = Story::provisioning(vec![released()]);
    let mut now = 10_000;
    for (count, pause) in [(1, 60), (2, 120), (3, 240), (4, 480), (5, 600), (60, 600)] {
        story.asked_at(now, Reply::Unclear);
        story.signs.asked.as_mut().unwrap().count = count;
        assert!(waits(&story.step(now + pause - 1)), "{count}");
        now += pause;
        assert_eq!(story.step(now), ASK, "{count}");
    }
}
