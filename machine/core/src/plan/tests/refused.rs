//! Stories of what the node itself says: its installer failed, or it refuses its config.

use super::*;
use crate::attempt::Verdict;

fn told(end: AttemptEnd, why: &str) -> Attempt {
    Attempt {
        basis: Some([1; 32]),
        verdict: Some(Verdict {
            at: at(60),
            end,
            why: why.to_owned(),
        }),
        ..released()
    }
}

const NO_DISK: &str = "no disks matched the expression: glob(\"NOSUCHDISK\", disk.serial)";

#[test]
fn a_refused_config_ends_its_attempt_at_once_with_the_nodes_words() {
    let mut story = Story::provisioning(vec![told(AttemptEnd::Refused, NO_DISK)]);
    assert_eq!(
        story.step_in_silence(61),
        Step::Act(Action::CloseAttempt(AttemptEnd::Refused))
    );
    story.attempts[0].closed = Some((at(61), AttemptEnd::Refused));
    story.signs.basis = Some([1; 32]);
    assert!(reason(story.step(10_000)).contains(NO_DISK));
    story.signs.basis = Some([2; 32]);
    assert_eq!(
        story.step(10_000),
        Step::Act(Action::OpenAttempt),
        "its file was corrected"
    );
}

#[test]
fn a_machine_whose_config_was_refused_is_given_up_with_the_nodes_words() {
    let mut story = Story::provisioning(vec![told(AttemptEnd::Refused, NO_DISK)]);
    story.attempts[0].closed = Some((at(61), AttemptEnd::Refused));
    story.signs.basis = Some([1; 32]);
    story.intent.as_mut().unwrap().expires = at(500);
    let step = story.step(500);
    assert!(matches!(step, Step::GiveUp(_)));
    assert!(reason(step).contains(NO_DISK));
}

#[test]
fn an_installer_that_failed_ends_its_attempt() {
    let mut story = Story::provisioning(vec![told(AttemptEnd::InstallerFailed, "exit code 1")]);
    let close = Step::Act(Action::CloseAttempt(AttemptEnd::InstallerFailed));
    assert_eq!(story.step_in_silence(61), close);
    story.asked_at(179, Reply::FromNetwork);
    assert!(waits(&story.step(179)), "it still counts down");
    assert_eq!(story.step(180), close, "it hangs");
    story.asked_at(180, Reply::Unclear);
    assert!(waits(&story.step(180)), "words alone end nothing");
}
