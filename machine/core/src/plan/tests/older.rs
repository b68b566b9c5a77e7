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
            .contains("drover machine retry w1 --wipe --confirm w1"),
        "{failure:?}"
    );
    assert!(failure.advice.ends_with("drover machine retry w1"));
}

#[test]
fn how_long_a_system_may_take_to_ask_is_a_setting() {
    let mut story = unasked();
    story.config_request_timeout = Duration::from_mins(1);
    assert!(waits(&story.step(69)));
    assert!(matches!(story.step(70), Step::GiveUp(_)));
}

#[test]
fn an_install_of_ours_on_another_disk_is_not_what_the_command_is_for() {
    let mut story = unasked();
    let mut found = released();
    found.assignment.disk = "serial:D2".parse().unwrap();
    story.signs.found_on_disk = Some(found);
    let Step::GiveUp(failure) = story.step(310) else {
        panic!("it is on a disk that nobody may erase")
    };
    assert!(!failure.advice.contains("--wipe"), "{failure:?}");
    assert!(failure.why.contains("serial:D2"), "{failure:?}");
}

#[test]
fn a_wipe_that_a_person_asked_for_is_the_first_step_and_is_done_once() {
    let mut story = Story::provisioning(vec![attempt()]);
    story.intent = Some(Intent {
        kind: crate::intent::IntentKind::Reimage,
        ..intent()
    });
    story.power = OFF;
    assert_eq!(story.step(1), WIPE);
    let planned = crate::attempt::Wipe {
        at: at(1),
        boot: None,
    };
    story.attempts[0].wipe = Some(planned);
    assert_eq!(story.step(2), Step::Act(Action::StartFromNetwork));
    // An attempt that ended before its boot wiped is followed by one that wipes.
    let next = Attempt {
        id: AttemptId::from_bytes([6; 16]),
        opened: at(100),
        ..attempt()
    };
    story.attempts[0].closed = Some((at(90), AttemptEnd::TimedOut));
    story.attempts.insert(0, next);
    assert_eq!(story.step(101), WIPE);
    story.attempts[1].wipe = Some(crate::attempt::Wipe {
        boot: Some(BootId::from_bytes([1; 16])),
        ..planned
    });
    assert_eq!(story.step(101), Step::Act(Action::StartFromNetwork));
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
    assert!(waits(&story.step(620)), "this one asks for nothing");
    story.boots.insert(0, boot(3, 700, BootStep::System));
    story.attempts[0].boot = Some(BootId::from_bytes([3; 16]));
    assert!(waits(&story.step(999)));
    assert!(
        matches!(story.step(1000), Step::GiveUp(_)),
        "it did not help"
    );
}

#[test]
fn an_attempt_that_wipes_has_the_time_of_two_more_self_tests() {
    let mut story = unasked();
    story.power = ON;
    let closes = |step: Step| matches!(step, Step::Act(Action::CloseAttempt(..)));
    let deadline = story.attempts[0].deadline.as_millis() / 1000;
    let boot_at = deadline - 100;
    story.boots = vec![boot(1, boot_at, BootStep::System)];
    assert!(closes(story.step(deadline)));
    story.attempts[0].wipe = Some(crate::attempt::Wipe {
        at: at(1),
        boot: Some(BootId::from_bytes([7; 16])),
    });
    assert!(!closes(story.step(deadline)));
    story.boots = vec![boot(1, boot_at + 1800, BootStep::System)];
    assert!(closes(story.step(deadline + 1800)));
}

/// It was started, started anew to wipe, and came back from the wipe later than any boot that our
/// power-on explains.
#[test]
fn a_wipe_has_one_more_restart_than_other_installs() {
    let mut story = unasked();
    story.power = ON;
    story.attempts[0].power_actions = Intent::MAX_POWER_COMMANDS;
    let late = BootId::from_bytes([3; 16]);
    story.boots.insert(0, boot(3, 2000, BootStep::Script));
    story.attempts[0].boot = Some(late);
    assert!(matches!(story.step(2100), Step::GiveUp(_)), "no wipe");
    story.attempts[0].wipe = Some(crate::attempt::Wipe {
        at: at(1),
        boot: Some(BootId::from_bytes([1; 16])),
    });
    assert_eq!(story.step(2100), Step::Act(Action::PowerOff));
    story.attempts[0].power_actions += Intent::WIPE_POWER_COMMANDS;
    let Step::GiveUp(failure) = story.step(2100) else {
        panic!("it was restarted often enough")
    };
    assert!(failure.why.contains("6 times"), "{failure:?}");
}

#[test]
fn firmware_that_tests_itself_longer_than_a_system_may_take_to_ask_is_waited_for_after_a_wipe() {
    let mut story = unasked();
    story.power = ON;
    let wiping = BootId::from_bytes([1; 16]);
    story.attempts[0].wipe = Some(crate::attempt::Wipe {
        at: at(1),
        boot: Some(wiping),
    });
    for seconds in [309, 310, 10 + 899] {
        let why = reason(story.step(seconds));
        assert!(
            why.starts_with("it wipes the older install on serial:D1"),
            "{why}"
        );
    }
    // It is silent for as long as any firmware may be: it is started anew, and asks or does not.
    assert_eq!(story.step(10 + 900), Step::Act(Action::PowerOff));
}

#[test]
fn only_an_installer_that_failed_is_known_to_have_left_an_install_of_ours() {
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
        // What it left is not known: with nothing of ours there, a disk with an EPHEMERAL partition
        // alone would be taken for Talos' own, and it is somebody's data.
        (AttemptEnd::Interrupted, BootStep::Installing, false),
        (AttemptEnd::Interrupted, BootStep::Config, false),
        (AttemptEnd::Refused, BootStep::Config, false),
    ] {
        let mut story = Story::provisioning(vec![second.clone(), ended(end)]);
        story.boots = vec![boot(1, 10, step)];
        assert_eq!(story.step(101) == WIPE, wipes, "{end:?} at {step}");
    }
}

#[test]
fn a_leftover_that_keeps_it_from_installing_is_a_persons_to_wipe() {
    let cut_off = Attempt {
        closed: Some((at(80), AttemptEnd::Interrupted)),
        ..released()
    };
    let mut release = released().release.unwrap();
    release.at = at(120);
    let second = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        opened: at(100),
        boot: Some(BootId::from_bytes([2; 16])),
        release: Some(release),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![second, cut_off]);
    story.boots = vec![
        boot(2, 110, BootStep::Config),
        boot(1, 10, BootStep::Installing),
    ];
    story.signs.asked = Some(Asked {
        attempt: AttemptId::from_bytes([5; 16]),
        at: at(420),
        count: 1,
        reply: Reply::FromNetwork,
    });
    assert!(waits(&story.step(419)));
    let Step::GiveUp(failure) = story.step(420) else {
        panic!("it would stand still for hours")
    };
    let wanted = "drover machine retry w1 --wipe --confirm w1";
    assert!(failure.advice.contains(wanted), "{failure:?}");
    story.boots[0].step = BootStep::Installing;
    assert!(waits(&story.step(420)), "it installs");
}
