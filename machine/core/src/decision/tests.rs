//! A row for each thing that can be known, and what no combination may lead to.

use proptest::prelude::*;

use super::*;
use crate::attempt::{Attempt, AttemptEnd, Release};
use crate::boot::BootStep;
use crate::evidence::{Difference, EvidenceKind};
use crate::fixtures::{at, attempt, boot, intent, machine};
use crate::id::{BootId, MachineId};
use crate::intent::{Intent, IntentEnd};
use crate::lifecycle::{Moving, Origin};

const PROVISIONING: State = State::Provisioning(Origin::Available);

fn standing(machine: &Machine, intent: Option<&Intent>, attempt: Option<&Attempt>) -> Standing {
    Standing {
        machine: machine.clone(),
        intent: intent.cloned(),
        attempt: attempt.cloned(),
    }
}

fn ask(
    machine: &Machine,
    intent: Option<&Intent>,
    attempt: Option<&Attempt>,
    boot: &Boot,
) -> Decision {
    let facts = BootFacts {
        stage: Stage::Script,
        unknown: UnknownPolicy::Ignore,
        identity: &Identity::Known(machine.id),
        standing: Some(&standing(machine, intent, attempt)),
        boot,
        safe_mode: None,
        doubt: None,
    };
    decide(&facts, at(100))
}

fn nobody(identity: &Identity, unknown: UnknownPolicy) -> Answer {
    let boot = boot(1, 90, BootStep::Discover);
    let facts = BootFacts {
        stage: Stage::Dhcp,
        unknown,
        identity,
        standing: None,
        boot: &boot,
        safe_mode: None,
        doubt: None,
    };
    decide(&facts, at(100)).answer
}

fn released_to(id: u8) -> Attempt {
    let release = Release::fetched(at(50), [10, 77, 0, 9].into(), [0; 32]);
    Attempt {
        release: Some(release),
        boot: Some(BootId::from_bytes([id; 16])),
        ..attempt()
    }
}

#[test]
fn the_unknown_get_what_the_subnet_says() {
    assert_eq!(
        nobody(&Identity::Unknown, UnknownPolicy::Ignore),
        Answer::LocalDisk
    );
    assert_eq!(
        nobody(&Identity::Unknown, UnknownPolicy::Inspect),
        Answer::Wait
    );
}

#[test]
fn a_candidate_comes_as_far_as_ipxe_and_a_claimant_no_further_than_its_disk() {
    let machine = MachineId::from_bytes([2; 16]);
    assert_eq!(
        nobody(&Identity::Candidate(machine), UnknownPolicy::Ignore),
        Answer::Wait
    );
    let differs = Difference {
        kind: EvidenceKind::SystemSerial,
        known: "S1".to_owned(),
        claimed: "S2".to_owned(),
    };
    let conflict = Identity::Conflict {
        claimant: None,
        with: machine,
        name: "w1".to_owned(),
        shared: vec![EvidenceKind::SystemUuid],
        differences: vec![differs],
    };
    assert_eq!(nobody(&conflict, UnknownPolicy::Inspect), Answer::LocalDisk);
    let boot = boot(1, 90, BootStep::Script);
    let facts = BootFacts {
        stage: Stage::Script,
        unknown: UnknownPolicy::Inspect,
        identity: &conflict,
        standing: None,
        boot: &boot,
        safe_mode: None,
        doubt: None,
    };
    let decision = decide(&facts, at(100));
    assert!(decision.because.contains("S1 there"), "{decision:?}");
    assert!(!decision.told.contains("S1"), "{decision:?}");
    // A name is no secret, and who stands before the screen has to know where to look.
    let ends = decision.told.ends_with("drover machine show w1");
    assert!(ends, "{decision:?}");
}

#[test]
fn an_unknown_card_on_a_known_board_waits_for_a_person_and_then_makes_way_for_the_next_card() {
    let candidate = Identity::Candidate(MachineId::from_bytes([2; 16]));
    let answer = |opened| {
        let boot = boot(1, opened, BootStep::Script);
        let facts = BootFacts {
            stage: Stage::Script,
            unknown: UnknownPolicy::Ignore,
            identity: &candidate,
            standing: None,
            boot: &boot,
            safe_mode: None,
            doubt: None,
        };
        decide(&facts, at(1000)).answer
    };
    assert_eq!(answer(701), Answer::Wait);
    assert_eq!(answer(700), Answer::LocalDisk);
}

#[test]
fn states_that_nobody_works_on_boot_their_disk() {
    let boot = boot(1, 90, BootStep::Discover);
    for state in [
        State::Discovered,
        State::Available,
        State::Active,
        State::Cleaning,
        State::Failed(Moving::Inspecting),
        State::Retired,
    ] {
        let decision = ask(&machine(state), Some(&intent()), Some(&attempt()), &boot);
        assert_eq!(
            decision.answer,
            Answer::LocalDisk,
            "{state}: {}",
            decision.because
        );
    }
}

#[test]
fn the_boot_of_the_inspection_waits_for_its_allocation() {
    let mut available = machine(State::Available);
    available.since = at(95);
    assert_eq!(
        ask(&available, None, None, &boot(1, 90, BootStep::Script)).answer,
        Answer::Wait
    );
    assert_eq!(
        ask(&available, None, None, &boot(1, 96, BootStep::Script)).answer,
        Answer::LocalDisk
    );
    available.since = at(100 - 600);
    assert_eq!(
        ask(&available, None, None, &boot(1, -900, BootStep::Script)).answer,
        Answer::LocalDisk
    );
}

#[test]
fn an_install_needs_an_open_intent_and_an_open_attempt() {
    let machine = machine(PROVISIONING);
    let boot = boot(1, 90, BootStep::Script);
    let closed_intent = Intent {
        closed: Some((at(1), IntentEnd::Cancelled)),
        ..intent()
    };
    let expired = Intent {
        expires: at(100),
        ..intent()
    };
    let closed = Attempt {
        closed: Some((at(1), AttemptEnd::Interrupted)),
        ..attempt()
    };
    for (intent, attempt, wanted) in [
        (
            Some(&intent()),
            Some(&attempt()),
            Answer::Install(attempt().id),
        ),
        (Some(&intent()), None, Answer::Wait),
        (Some(&intent()), Some(&closed), Answer::Wait),
        (None, Some(&attempt()), Answer::LocalDisk),
        (Some(&closed_intent), Some(&attempt()), Answer::LocalDisk),
        (Some(&expired), Some(&attempt()), Answer::LocalDisk),
    ] {
        assert_eq!(ask(&machine, intent, attempt, &boot).answer, wanted);
    }
}

#[test]
fn after_its_release_an_attempt_serves_no_boot_not_even_its_own() {
    let machine = machine(PROVISIONING);
    let attempt = released_to(1);
    for boot in [
        boot(1, 10, BootStep::Config),
        boot(2, 80, BootStep::Discover),
    ] {
        let answered = ask(&machine, Some(&intent()), Some(&attempt), &boot);
        assert_eq!(answered.answer, Answer::LocalDisk);
    }
}

#[test]
fn a_doubtful_boot_waits_and_its_console_tells_nothing_of_another() {
    let (machine, boot) = (machine(PROVISIONING), boot(1, 90, BootStep::Script));
    let (intent, attempt) = (intent(), attempt());
    let other = [10, 77, 0, 66].into();
    let doubt = Doubt::TwoLive {
        other,
        other_boot: boot.id,
        other_since: boot.opened,
    };
    let facts = BootFacts {
        stage: Stage::Script,
        unknown: UnknownPolicy::Ignore,
        identity: &Identity::Known(machine.id),
        standing: Some(&standing(&machine, Some(&intent), Some(&attempt))),
        boot: &boot,
        safe_mode: None,
        doubt: Some(&doubt),
    };
    let decision = decide(&facts, at(100));
    assert_eq!(decision.answer, Answer::Wait);
    assert!(decision.because.contains("10.77.0.66"), "{decision:?}");
    assert!(!decision.told.contains("10.77.0.66"), "{decision:?}");
}

proptest! {
    /// Whatever is known: an install is answered only to a known machine that is being
    /// provisioned, for an open intent and an open attempt of it.
    #[test]
    fn no_install_without_an_open_intent(
        state in prop::sample::select(State::ALL.to_vec()),
        has_intent: bool,
        intent_closed: bool,
        expires in 0i64..200,
        has_attempt: bool,
        attempt_closed: bool,
        has_release: bool,
        boot_id in 1u8..3,
    ) {
        let machine = machine(state);
        let intent = Intent {
            closed: intent_closed.then(|| (at(1), IntentEnd::Failed)),
            expires: at(expires),
            ..intent()
        };
        let base = if has_release { released_to(1) } else { attempt() };
        let attempt = Attempt { closed: attempt_closed.then(|| (at(1), AttemptEnd::TimedOut)), ..base };
        let boot = boot(boot_id, 90, BootStep::Script);
        let decision = ask(&machine, has_intent.then_some(&intent), has_attempt.then_some(&attempt), &boot);
        if let Answer::Install(id) = decision.answer {
            prop_assert_eq!(id, attempt.id);
            prop_assert!(matches!(state, State::Provisioning(_)));
            prop_assert!(has_intent && intent.is_open(at(100)));
            prop_assert!(has_attempt && attempt.is_open());
            prop_assert!(attempt.release.is_none());
        }
        prop_assert!(!decision.because.is_empty());
    }
}

#[test]
fn in_safe_mode_every_boot_ends_at_its_disk() {
    let asked = boot(1, 90, BootStep::Script);
    let (machine, intent) = (machine(PROVISIONING), intent());
    let of_machine = standing(&machine, Some(&intent), Some(&attempt()));
    let known = Identity::Known(machine.id);
    let safe_mode = SafeMode::NotAlone;
    for (stage, identity, unknown, wanted) in [
        (
            Stage::Dhcp,
            &known,
            UnknownPolicy::Inspect,
            Answer::LocalDisk,
        ),
        (
            Stage::Script,
            &known,
            UnknownPolicy::Inspect,
            Answer::LocalDisk,
        ),
        (
            Stage::Dhcp,
            &Identity::Unknown,
            UnknownPolicy::Ignore,
            Answer::LocalDisk,
        ),
        // Only the script learns who it is.
        (
            Stage::Dhcp,
            &Identity::Unknown,
            UnknownPolicy::Inspect,
            Answer::Wait,
        ),
        (
            Stage::Script,
            &Identity::Unknown,
            UnknownPolicy::Inspect,
            Answer::LocalDisk,
        ),
    ] {
        let facts = BootFacts {
            stage,
            unknown,
            identity,
            standing: Some(&of_machine),
            boot: &asked,
            safe_mode: Some(&safe_mode),
            doubt: None,
        };
        assert_eq!(
            decide(&facts, at(100)).answer,
            wanted,
            "{stage:?} {identity:?}"
        );
    }
    // Without it, the same machine would be installed.
    assert!(matches!(
        ask(&machine, Some(&intent), Some(&attempt()), &asked).answer,
        Answer::Install(_)
    ));
}
