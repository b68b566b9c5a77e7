//! Stories of a disk that holds an install already.

use super::*;

const WIPE: Step = Step::Act(Action::PlanWipe);

/// An attempt in which we started the machine, whose system runs and asks for no config.
fn unasked() -> Story {
    let opened = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 1,
        power_at: Some(at(5)),
        power_actions: 1,
        boot: Some(BootId::from_bytes([1; 16])),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![opened]);
    story.boots = vec![boot(1, 10, BootStep::System)];
    story
}

#[test]
fn what_the_disk_holds_is_said_after_five_minutes_with_what_would_erase_it() {
    let story = unasked();
    assert!(waits(&story.step(309)));
    let Step::GiveUp(failure) = story.step(310) else {
        panic!("nobody knows whose install it is")
    };
    assert!(failure.why.contains("STATE"), "{failure:?}");
    assert!(failure.why.contains("serial:D1"), "{failure:?}");
    assert!(
        failure
            .advice
            .contains("talos.experimental.wipe=system on the kernel line"),
        "{failure:?}"
    );
    assert!(failure.advice.contains("drover machine retry w1"));
}

#[test]
fn an_install_of_ours_on_that_disk_is_wiped_and_one_on_another_disk_is_not() {
    let mut story = unasked();
    story.signs.found_on_disk = Some(released());
    assert!(waits(&story.step(309)));
    assert_eq!(story.step(310), WIPE);
    for other in [
        |it: &mut Attempt| it.assignment.disk = "serial:D2".parse().unwrap(),
        |it: &mut Attempt| it.machine = crate::id::MachineId::from_bytes([9; 16]),
    ] {
        let mut found = released();
        other(&mut found);
        story.signs.found_on_disk = Some(found);
        assert!(matches!(story.step(310), Step::GiveUp(_)));
    }
}

#[test]
fn without_an_open_permission_nothing_is_wiped() {
    let mut story = unasked();
    story.signs.found_on_disk = Some(released());
    story.intent = Some(Intent {
        closed: Some((at(200), IntentEnd::Cancelled)),
        ..intent()
    });
    assert!(matches!(story.step(310), Step::GiveUp(_)));
}

#[test]
fn the_boot_that_wipes_is_a_step_of_its_own_and_there_is_one() {
    let mut story = unasked();
    story.signs.found_on_disk = Some(released());
    let planned = crate::attempt::Wipe {
        at: at(310),
        boot: None,
    };
    story.attempts[0].wipe = Some(planned);
    assert_eq!(story.step(311), Step::Act(Action::PowerOff));
    story.power = PowerObservation::NoBmc;
    assert!(reason(story.step(311)).starts_with("restart it"));
    let wiping = BootId::from_bytes([2; 16]);
    assert!(story.attempts[0].wipes_in(wiping));
    story.attempts[0].wipe.as_mut().unwrap().boot = Some(wiping);
    story.attempts[0].boot = Some(wiping);
    assert!(story.attempts[0].wipes_in(wiping));
    assert!(!story.attempts[0].wipes_in(BootId::from_bytes([3; 16])));
    story.boots.insert(0, boot(2, 320, BootStep::System));
    assert!(waits(&story.step(619)));
    assert!(
        matches!(story.step(620), Step::GiveUp(_)),
        "it did not help"
    );
}

#[test]
fn a_second_attempt_after_a_failed_install_wipes_what_the_first_left() {
    let second = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(100),
        ..attempt()
    };
    let ended = |end| Attempt {
        closed: Some((at(80), end)),
        ..released()
    };
    for (end, step, wipes) in [
        (AttemptEnd::InstallerFailed, BootStep::Config, true),
        (AttemptEnd::Interrupted, BootStep::Installing, true),
        (AttemptEnd::Interrupted, BootStep::Config, false),
        (AttemptEnd::Refused, BootStep::Config, false),
    ] {
        let mut story = Story::provisioning(vec![second.clone(), ended(end)]);
        story.boots = vec![boot(1, 10, step)];
        assert_eq!(story.step(101) == WIPE, wipes, "{end:?} at {step}");
    }
}
