//! A story for each branch of the plan.

use super::*;
use crate::attempt::{AttemptEnd, Release};
use crate::boot::Boot;
use crate::fixtures::{assignment, at, attempt, boot, intent, machine};
use crate::hardware::MacAddress;
use crate::id::{AttemptId, BootId};
use crate::intent::{Intent, IntentEnd};
use crate::lifecycle::Origin;
use crate::power::PowerCommand;

const PROVISIONING: State = State::Provisioning(Origin::Available);
const OFF: PowerObservation = PowerObservation::Is(PowerState::Off);
const ON: PowerObservation = PowerObservation::Is(PowerState::On);

struct Story {
    machine: Machine,
    allocation: Allocation,
    facts_complete: bool,
    intent: Option<Intent>,
    attempts: Vec<Attempt>,
    boots: Vec<Boot>,
    power: PowerObservation,
    command: Option<PowerCommand>,
    hindrance: Option<&'static str>,
    conflict: Option<&'static str>,
}

impl Story {
    fn of(state: State) -> Self {
        Self {
            machine: machine(state),
            allocation: Allocation::None,
            facts_complete: false,
            intent: None,
            attempts: Vec::new(),
            boots: Vec::new(),
            power: ON,
            command: None,
            hindrance: None,
            conflict: None,
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
        let work = Work {
            machine: &self.machine,
            allocation: &self.allocation,
            facts_complete: self.facts_complete,
            intent: self.intent.as_ref(),
            attempts: &self.attempts,
            boots: &self.boots,
            power: &self.power,
            command: self.command.as_ref(),
            hindrance: self.hindrance,
            conflict: self.conflict,
        };
        plan(&work, at(now))
    }
}

fn take(acceptance: Acceptance) -> Allocation {
    Allocation::Take {
        assignment: assignment(),
        acceptance,
    }
}

fn released() -> Attempt {
    let release = Release {
        at: at(50),
        peer: [10, 77, 0, 9].into(),
        digest: [0; 32],
        fetches: 1,
    };
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
fn a_rule_with_auto_accepts_and_one_with_wait_does_not() {
    let mut story = Story::of(State::Discovered);
    assert!(waits(&story.step(1)));
    story.allocation = take(Acceptance::Wait);
    assert!(waits(&story.step(1)));
    story.allocation = take(Acceptance::Auto);
    assert_eq!(story.step(1), Step::Advance(Input::Accept));
}

#[test]
fn an_inspected_machine_is_started_but_never_switched_off() {
    let mut story = Story::of(State::Inspecting);
    story.power = OFF;
    assert_eq!(story.step(1), Step::Act(Action::StartFromNetwork));
    story.power = ON;
    assert!(waits(&story.step(100_000_000_000)) || story.machine.deadline.is_none());
    assert!(
        waits(&story.step(80_000)),
        "it may run something that is not ours"
    );
    story.facts_complete = true;
    assert_eq!(story.step(1), Step::Advance(Input::FactsComplete));
}

#[test]
fn an_available_machine_is_allocated_only_with_a_disk_and_one_cluster() {
    let mut story = Story::of(State::Available);
    for allocation in [
        Allocation::None,
        Allocation::NoDisk {
            cluster: "lab".to_owned(),
        },
        Allocation::Ambiguous {
            clusters: vec!["a".to_owned(), "b".to_owned()],
        },
    ] {
        story.allocation = allocation;
        assert!(waits(&story.step(1)));
    }
    story.allocation = take(Acceptance::Wait);
    assert_eq!(story.step(1), Step::Allocate(assignment()));
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
    assert!(waits(&story.step(100)));
}

#[test]
fn a_silent_machine_is_started_anew_after_its_self_test() {
    let mut story = Story::provisioning(vec![attempt()]);
    assert!(waits(&story.step(60)));
    assert_eq!(story.step(900), Step::Act(Action::PowerOff));
    let used_up = Attempt {
        power_actions: Attempt::MAX_POWER_ACTIONS,
        ..attempt()
    };
    story.attempts = vec![used_up];
    assert!(matches!(story.step(900), Step::GiveUp(_)));
}

#[test]
fn a_power_cut_in_the_middle_of_an_install_leads_to_another_attempt() {
    let mut story = Story::provisioning(vec![released()]);
    assert!(waits(&story.step(60)));
    story.power = OFF;
    assert_eq!(
        story.step(60),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted))
    );
    story.attempts = vec![Attempt {
        closed: Some((at(60), AttemptEnd::Interrupted)),
        ..released()
    }];
    assert_eq!(story.step(61), Step::Act(Action::OpenAttempt));
    let second = Attempt {
        id: AttemptId::from_bytes([5; 16]),
        number: 2,
        opened: at(62),
        ..attempt()
    };
    story.attempts.insert(0, second);
    assert_eq!(story.step(63), Step::Act(Action::StartFromNetwork));
}

#[test]
fn a_machine_that_comes_back_twice_was_interrupted() {
    let mut story = Story::provisioning(vec![released()]);
    let back = |id, opened| Boot {
        sent_to_disk: true,
        ..boot(id, opened, BootStep::Lease)
    };
    story.boots = vec![back(2, 70), boot(1, 10, BootStep::Config)];
    assert!(
        waits(&story.step(80)),
        "the first time its disk is given a chance"
    );
    assert_eq!(
        story.step(670),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted))
    );
    story.boots.insert(0, back(3, 370));
    assert_eq!(
        story.step(371),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted))
    );
}

#[test]
fn firmware_that_goes_through_its_list_has_come_back_once() {
    let back = |id: u8, card: u8, opened| Boot {
        sent_to_disk: true,
        mac: Some(MacAddress::new([0x52, 0x54, 0, 0x77, 0, card])),
        ..boot(id, opened, BootStep::Discover)
    };
    let served = boot(1, 10, BootStep::Config);
    for (name, boots) in [
        ("two cards in turn", vec![back(3, 2, 75), back(2, 1, 70)]),
        (
            "two cards, in silence",
            vec![back(3, 2, 135), back(2, 1, 70)],
        ),
        (
            "one card, two protocols",
            vec![back(3, 1, 140), back(2, 1, 70)],
        ),
        (
            "two cards, each by two protocols, in silence",
            vec![
                back(5, 2, 280),
                back(4, 1, 210),
                back(3, 2, 140),
                back(2, 1, 70),
            ],
        ),
        (
            "four cards that take minutes",
            vec![back(4, 4, 430), back(3, 3, 250), back(2, 1, 70)],
        ),
    ] {
        let mut story = Story::provisioning(vec![released()]);
        let last = boots[0].opened;
        story.boots = boots;
        story.boots.push(served.clone());
        let seconds = last.as_millis() / 1000;
        assert!(waits(&story.step(seconds)), "{name}");
        assert!(
            waits(&story.step(seconds + 599)),
            "{name}: the disk has its time"
        );
        assert_eq!(
            story.step(seconds + 600),
            Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted)),
            "{name}"
        );
    }
}

#[test]
fn a_lost_machine_of_a_later_attempt_is_started_anew_soon() {
    let second = Attempt {
        number: 2,
        opened: at(100),
        ..attempt()
    };
    let mut story = Story::provisioning(vec![second]);
    story.boots = vec![Boot {
        sent_to_disk: true,
        ..boot(3, 90, BootStep::Lease)
    }];
    assert!(waits(&story.step(101)));
    assert_eq!(story.step(120), Step::Act(Action::PowerOff));
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
    story.boots = vec![Boot {
        opened: at(40),
        ..disk_boot(&released(), BootStep::Joined)
    }];
    assert!(
        waits(&story.step(90_000)),
        "before the release it ran from what was there before"
    );
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
    assert_eq!(story.step(679), verify, "a BMC may be wrong for a while");
    assert_eq!(
        story.step(680),
        Step::Act(Action::CloseAttempt(AttemptEnd::Interrupted)),
        "its power was cut before it answered"
    );
    story.power = ON;
    story.machine.deadline = Some(at(9_000));
    assert_eq!(story.step(8_999), verify);
    assert!(matches!(story.step(9_000), Step::GiveUp(_)));
    story.boots[0].step = BootStep::Joined;
    assert_eq!(story.step(9_000), Step::Advance(Input::RunsFromDisk));
}

#[test]
fn a_claimant_is_neither_accepted_nor_started_nor_installed() {
    for state in [
        State::Discovered,
        State::Inspecting,
        State::Available,
        PROVISIONING,
    ] {
        let mut story = Story::of(state);
        story.allocation = take(Acceptance::Auto);
        story.facts_complete = true;
        story.power = OFF;
        story.conflict = Some("w1: serial is S1 there and S2 here");
        assert!(waits(&story.step(1)), "{state}");
    }
}

/// The reason of a wait, or of a failure.
fn reason(step: Step) -> String {
    match step {
        Step::Wait { why, .. } => why,
        Step::GiveUp(failure) => failure.why,
        other => panic!("wanted a wait or a failure, got {other:?}"),
    }
}

#[test]
fn a_bmc_that_refuses_is_told_again_with_growing_pauses_and_is_named_at_the_end() {
    let inspected = Story {
        power: OFF,
        ..Story::of(State::Inspecting)
    };
    let installed = Story {
        power: OFF,
        ..Story::provisioning(vec![attempt()])
    };
    for mut story in [inspected, installed] {
        let mut now = 1;
        for (told, pause) in [30, 60, 120, 240, 480].into_iter().enumerate() {
            assert_eq!(story.step(now), Step::Act(Action::StartFromNetwork));
            let count = u32::try_from(told).unwrap() + 1;
            story.command = Some(PowerCommand {
                wanted: PowerState::On,
                at: at(now),
                count,
                refused: Some("insufficient privilege".to_owned()),
            });
            if let Some(attempt) = story.attempts.first_mut() {
                attempt.power_actions = count;
            }
            assert!(reason(story.step(now + pause - 1)).contains("insufficient privilege"));
            now += pause;
        }
        assert_eq!(story.step(now), Step::Act(Action::StartFromNetwork));
        story.command.as_mut().unwrap().count = Attempt::MAX_POWER_ACTIONS;
        if let Some(attempt) = story.attempts.first_mut() {
            attempt.power_actions = Attempt::MAX_POWER_ACTIONS;
        }
        let step = story.step(now);
        assert!(matches!(step, Step::GiveUp(_)), "{step:?}");
        assert!(reason(step).contains("insufficient privilege"));
    }
}

#[test]
fn a_bmc_that_did_what_it_was_told_is_told_the_next_thing_at_once() {
    let mut story = Story::provisioning(vec![Attempt {
        power_actions: 1,
        power_at: Some(at(900)),
        ..attempt()
    }]);
    story.power = OFF;
    story.command = Some(PowerCommand {
        wanted: PowerState::Off,
        at: at(900),
        count: 1,
        refused: None,
    });
    assert_eq!(story.step(901), Step::Act(Action::StartFromNetwork));
    story.command.as_mut().unwrap().wanted = PowerState::On;
    assert!(waits(&story.step(901)), "it may need a moment to follow");
    assert_eq!(story.step(930), Step::Act(Action::StartFromNetwork));
}

#[test]
fn what_stands_against_an_install_is_said_while_it_waits_and_when_it_fails() {
    let mut story = Story::provisioning(vec![attempt()]);
    story.boots = vec![boot(1, 10, BootStep::Script)];
    story.hindrance = Some("no image talos for x86_64 in the settings");
    assert!(reason(story.step(20)).contains("no image talos"));
    story.power = PowerObservation::NoBmc;
    assert!(reason(story.step(20)).contains("no image talos"));
    story.machine.deadline = Some(at(500));
    let step = story.step(500);
    assert!(matches!(step, Step::GiveUp(_)));
    assert!(reason(step).contains("no image talos"));
}

#[test]
fn a_claimant_that_is_given_up_is_told_that_it_is_one() {
    let mut story = Story::of(State::Inspecting);
    story.conflict = Some("w1: serial is S1 there and S2 here");
    story.machine.deadline = Some(at(500));
    assert!(reason(story.step(500)).contains("w1: serial is S1"));
}

#[test]
fn a_discovered_machine_says_what_its_clusters_rule_lacks() {
    let mut story = Story::of(State::Discovered);
    story.allocation = Allocation::NoDisk {
        cluster: "lab".to_owned(),
    };
    assert!(reason(story.step(1)).contains("names the disk"));
    story.allocation = Allocation::Ambiguous {
        clusters: vec!["a".to_owned(), "b".to_owned()],
    };
    assert!(reason(story.step(1)).contains("a, b"));
}

/// What failed, and was tried again by a person at 100 s.
fn tried_again() -> Story {
    let failed = Attempt {
        power_actions: Attempt::MAX_POWER_ACTIONS,
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
fn an_intent_that_is_taken_back_in_the_middle_is_not_opened_anew() {
    let mut story = tried_again();
    story.intent = Some(Intent {
        closed: Some((at(120), IntentEnd::Cancelled)),
        ..intent()
    });
    assert!(matches!(story.step(121), Step::GiveUp(_)));
}
