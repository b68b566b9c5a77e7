//! A story for each branch of the plan.

mod active;
mod again;
mod asked;
mod back;
mod cancelled;
mod hindered;
mod netboot;
mod older;
mod refused;
mod switching;
mod taken;
mod tries;
mod verifying;
mod weekend;

use super::*;
use crate::attempt::{Attempt, AttemptEnd, Release};
use crate::boot::Boot;
use crate::dossier::Dossier;
use crate::fixtures::{assignment, at, attempt, boot, intent, machine};
use crate::hardware::{Arch, Firmware, MacAddress};
use crate::id::{AttemptId, BootId, IntentId};
use crate::intent::IntentEnd;
use crate::lifecycle::Origin;
use crate::machine::Machine;
use crate::plan::signs::{Asked, Reply, Signs};
use crate::plan::work::CONFIG_REQUEST_TIMEOUT;
use crate::power::PowerCommand;
use std::time::Duration;

const PROVISIONING: State = State::Provisioning(Origin::Available);
const OFF: PowerObservation = PowerObservation::Is(PowerState::Off);
const ON: PowerObservation = PowerObservation::Is(PowerState::On);

struct Story {
    machine: Machine,
    allocation: Allocation,
    intent: Option<Intent>,
    attempts: Vec<Attempt>,
    boots: Vec<Boot>,
    power: PowerObservation,
    powered_on: Option<Timestamp>,
    command: Option<PowerCommand>,
    hindrance: Option<&'static str>,
    conflict: Option<&'static str>,
    former: Option<Attempt>,
    signs: Signs,
    config_request_timeout: Duration,
}

impl Story {
    fn of(state: State) -> Self {
        Self {
            machine: machine(state),
            allocation: Allocation::None,
            intent: None,
            attempts: Vec::new(),
            boots: Vec::new(),
            power: ON,
            powered_on: None,
            command: None,
            hindrance: None,
            conflict: None,
            former: None,
            signs: Signs::default(),
            config_request_timeout: CONFIG_REQUEST_TIMEOUT,
        }
    }

    fn provisioning(attempts: Vec<Attempt>) -> Self {
        Self {
            intent: Some(intent()),
            attempts,
            ..Self::of(PROVISIONING)
        }
    }

    fn step(&self, now: i64) -> Step {
        let released = self.attempts.iter().find(|it| it.release.is_some());
        let dossier = Dossier {
            machine: self.machine.clone(),
            intent: self.intent.clone(),
            attempts: self.attempts.clone(),
            released: released.or(self.former.as_ref()).cloned(),
            boots: self.boots.clone(),
            powered_on: self.powered_on,
        };
        let work = Work {
            dossier: &dossier,
            allocation: &self.allocation,
            power: &self.power,
            command: self.command.as_ref(),
            signs: &self.signs,
            hindrance: self.hindrance,
            conflict: self.conflict,
            config_request_timeout: self.config_request_timeout,
        };
        plan(&work, at(now))
    }

    /// Its API was asked at this moment for the attempt of `released`, and nobody answered.
    fn silent_at(&mut self, now: i64) {
        self.asked_at(now, Reply::Silence("connection refused".to_owned()));
    }

    fn asked_at(&mut self, now: i64, reply: Reply) {
        self.signs.asked = Some(Asked {
            attempt: attempt().id,
            at: at(now),
            count: 1,
            reply,
        });
    }

    /// The step once its API was asked, and did not answer.
    fn step_in_silence(&mut self, now: i64) -> Step {
        assert_eq!(self.step(now), Step::Act(Action::Ask(attempt().id)));
        self.silent_at(now);
        self.step(now)
    }
}

const INTERRUPTED: Step = Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted));

fn take(acceptance: Acceptance) -> Allocation {
    Allocation::Take {
        assignment: assignment(),
        acceptance,
    }
}

fn released() -> Attempt {
    let release = Release::fetched(at(50), [10, 77, 0, 9].into(), [0; 32]);
    Attempt {
        release: Some(release),
        boot: Some(BootId::from_bytes([1; 16])),
        ..attempt()
    }
}

fn disk_boot(of: &Attempt, step: BootStep) -> Boot {
    Boot {
        origin: BootOrigin::Disk,
        attempt: Some(of.id),
        ..boot(7, 80, step)
    }
}

fn waits(step: &Step) -> bool {
    matches!(step, Step::Wait { .. })
}

#[test]
fn an_attempt_is_opened_before_anything_is_done() {
    let mut story = Story::provisioning(vec![]);
    story.power = OFF;
    assert_eq!(story.step(1), Step::Act(Action::OpenAttempt));
    story.attempts = vec![attempt()];
    assert_eq!(story.step(1), Step::Act(Action::StartFromNetwork));
}

#[test]
fn without_an_open_intent_it_is_given_up() {
    let mut story = Story::provisioning(vec![attempt()]);
    story.intent = None;
    assert!(matches!(story.step(1), Step::GiveUp(_)));
    story.intent = Some(Intent {
        expires: at(1),
        ..intent()
    });
    assert!(matches!(story.step(1), Step::GiveUp(_)));
}

#[test]
fn a_machine_that_waits_in_its_script_is_left_to_fetch_its_config() {
    let mut story = Story::provisioning(vec![Attempt {
        opened: at(95),
        ..attempt()
    }]);
    story.boots = vec![Boot {
        step_at: at(95),
        ..boot(1, 10, BootStep::Script)
    }];
    story.power = PowerObservation::NoBmc;
    assert!(waits(&story.step(100)));
}

#[test]
fn it_is_active_once_its_api_answered_and_not_before() {
    let mut story = Story::provisioning(vec![released()]);
    story.boots = vec![disk_boot(&released(), BootStep::Disk)];
    let boot = BootId::from_bytes([7; 16]);
    assert_eq!(story.step(90), Step::Act(Action::Verify(boot)));
    story.boots = vec![disk_boot(&released(), BootStep::Joined)];
    assert_eq!(story.step(90), Step::Advance(Input::RunsFromDisk));
}

#[test]
fn a_late_proof_ends_a_failure_and_a_foreign_config_proves_nothing() {
    let mut story = Story::provisioning(vec![released()]);
    story.machine.state = State::Failed(Moving::Provisioning(Origin::Available));
    story.boots = vec![disk_boot(&released(), BootStep::Joined)];
    assert_eq!(story.step(90_000), Step::Advance(Input::RunsFromDisk));
    story.boots = vec![Boot {
        attempt: Some(AttemptId::from_bytes([9; 16])),
        ..disk_boot(&released(), BootStep::Joined)
    }];
    assert!(waits(&story.step(90_000)));
}

#[test]
fn the_tag_proves_and_not_the_clock() {
    let mut story = Story::provisioning(vec![released()]);
    story.boots = vec![Boot {
        opened: at(-3_600),
        ..disk_boot(&released(), BootStep::Joined)
    }];
    assert_eq!(story.step(90), Step::Advance(Input::RunsFromDisk));
}

#[test]
fn every_moving_state_is_given_up_at_its_deadline() {
    for state in State::ALL
        .into_iter()
        .filter(|state| state.moving().is_some())
    {
        let mut story = Story::of(state);
        story.machine.deadline = Some(at(500));
        assert!(matches!(story.step(500), Step::GiveUp(_)), "{state}");
    }
}

#[test]
fn attempts_end() {
    let closed = Attempt {
        closed: Some((at(60), AttemptEnd::TimedOut)),
        ..attempt()
    };
    let story = Story::provisioning(vec![closed; 8]);
    assert!(matches!(story.step(100), Step::GiveUp(_)));
}

#[test]
fn an_api_that_never_answers_is_not_asked_for_ever() {
    let mut story = Story::provisioning(vec![released()]);
    story.boots = vec![disk_boot(&released(), BootStep::Disk)];
    let verify = Step::Act(Action::Verify(story.boots[0].id));
    story.power = OFF;
    story.signs.off_since = Some(at(600));
    assert_eq!(story.step(679), verify, "a BMC may be wrong for a while");
    assert_eq!(
        story.step_in_silence(680),
        INTERRUPTED,
        "its power was cut before it answered"
    );
    story.power = ON;
    story.machine.deadline = Some(at(9_000));
    assert_eq!(story.step(8_999), verify);
    assert!(matches!(story.step_in_silence(9_000), Step::GiveUp(_)));
    story.boots[0].step = BootStep::Joined;
    assert_eq!(story.step(9_000), Step::Advance(Input::RunsFromDisk));
}

/// The reason of a wait, or of a failure.
fn reason(step: Step) -> String {
    match step {
        Step::Wait { why, .. } => why,
        Step::GiveUp(failure) => failure.why,
        other => panic!("wanted a wait or a failure, got {other:?}"),
    }
}
