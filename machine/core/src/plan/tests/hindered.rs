//! Stories of an install that something stands against, until a person mends it.

use super::*;
use crate::intent::IntentKind;

/// An attempt that is open, while its image is missing.
fn hindered() -> Story {
    let mut story = Story::provisioning(vec![attempt()]);
    story.hindrance = Some("no image talos for amd64 in the settings");
    story
}

#[test]
fn a_hindered_install_switches_no_power_and_burns_no_try() {
    let mut story = hindered();
    for power in [OFF, ON] {
        story.power = power;
        let said = reason(story.step(5_000));
        assert!(said.contains("no image talos"), "{said}");
    }
    story.attempts[0].power_actions = Intent::MAX_POWER_COMMANDS;
    assert!(waits(&story.step(5_000)), "it is mended, and goes on");
    story.attempts[0].power_actions = 0;
    story.hindrance = None;
    assert_eq!(story.step(5_000), Step::Act(Action::PowerOff));
}

#[test]
fn a_hindered_install_uses_up_no_attempt() {
    let story = hindered();
    assert!(waits(&story.step(10_001)), "its attempt is not at fault");
}

#[test]
fn a_hindered_install_plans_no_wipe() {
    let mut story = hindered();
    story.intent.as_mut().unwrap().kind = IntentKind::Reimage;
    assert!(waits(&story.step(20)));
    story.hindrance = None;
    assert_eq!(story.step(20), Step::Act(Action::PlanWipe));
}
