//! Every pair of state and input in one table, and what must hold on every path.

use proptest::prelude::*;

use super::*;
use crate::lifecycle::transition::transition;

const NEW: State = State::Provisioning(Origin::Available);
const AGAIN: State = State::Provisioning(Origin::Active);
const FAILED_INSPECTING: State = State::Failed(Moving::Inspecting);
const FAILED_NEW: State = State::Failed(Moving::Provisioning(Origin::Available));
const FAILED_AGAIN: State = State::Failed(Moving::Provisioning(Origin::Active));
const FAILED_CLEANING: State = State::Failed(Moving::Cleaning);
const CANCEL: Input = Input::Cancel { released: false };

/// All that is possible; every other pair must be refused.
const TABLE: &[(State, Input, State)] = &[
    (State::Discovered, Input::Accept, State::Inspecting),
    (State::Discovered, Input::Adopt, State::Active),
    (State::Discovered, Input::Retire, State::Retired),
    (State::Inspecting, Input::FactsComplete, State::Available),
    (State::Inspecting, Input::GiveUp, FAILED_INSPECTING),
    (State::Inspecting, CANCEL, State::Discovered),
    (State::Inspecting, Input::Retire, State::Retired),
    (State::Available, Input::Allocate, NEW),
    (State::Available, Input::Accept, State::Available),
    (State::Available, Input::Retire, State::Retired),
    (NEW, Input::RunsFromDisk, State::Active),
    (NEW, Input::GiveUp, FAILED_NEW),
    (NEW, CANCEL, State::Available),
    (NEW, Input::Retire, State::Retired),
    (AGAIN, Input::RunsFromDisk, State::Active),
    (AGAIN, Input::GiveUp, FAILED_AGAIN),
    (AGAIN, CANCEL, State::Active),
    (AGAIN, Input::Retire, State::Retired),
    (State::Active, Input::Reimage, AGAIN),
    (State::Active, Input::Release, State::Cleaning),
    (State::Active, Input::Retire, State::Retired),
    (State::Cleaning, Input::Cleaned, State::Available),
    (State::Cleaning, Input::GiveUp, FAILED_CLEANING),
    (State::Cleaning, Input::Retire, State::Retired),
    (FAILED_INSPECTING, Input::Retry, State::Inspecting),
    (FAILED_INSPECTING, Input::Retire, State::Retired),
    (FAILED_NEW, Input::Retry, NEW),
    (FAILED_NEW, Input::Release, State::Cleaning),
    (FAILED_NEW, Input::RunsFromDisk, State::Active),
    (FAILED_NEW, Input::Retire, State::Retired),
    (FAILED_AGAIN, Input::Retry, AGAIN),
    (FAILED_AGAIN, Input::Release, State::Cleaning),
    (FAILED_AGAIN, Input::RunsFromDisk, State::Active),
    (FAILED_AGAIN, Input::Retire, State::Retired),
    (FAILED_CLEANING, Input::Retry, State::Cleaning),
    (FAILED_CLEANING, Input::Release, State::Cleaning),
    (FAILED_CLEANING, Input::Retire, State::Retired),
    (State::Retired, Input::Accept, State::Inspecting),
];

#[test]
fn every_pair() {
    for state in State::ALL {
        for input in Input::ALL {
            let wanted = TABLE
                .iter()
                .find(|(from, by, _)| (*from, *by) == (state, input))
                .map_or(Err(Refused { state, input }), |(_, _, to)| Ok(*to));
            assert_eq!(transition(state, input), wanted, "{state} by {input}");
        }
    }
}

#[test]
fn the_table_names_no_pair_twice() {
    for (index, (from, by, _)) in TABLE.iter().enumerate() {
        let first = TABLE.iter().position(|row| (row.0, row.1) == (*from, *by));
        assert_eq!(first, Some(index), "{from} by {by}");
    }
}

#[test]
fn stored_texts_come_back_and_differ() {
    for state in State::ALL {
        assert_eq!(state.as_stored().parse::<State>(), Ok(state));
    }
    assert!("provisioning".parse::<State>().is_err());
}

#[test]
fn every_moving_state_ends_by_evidence_and_by_giving_up() {
    for state in State::ALL
        .into_iter()
        .filter(|state| state.moving().is_some())
    {
        assert!(transition(state, Input::GiveUp).is_ok(), "{state}");
        let evidence = [Input::FactsComplete, Input::RunsFromDisk, Input::Cleaned];
        assert!(
            evidence
                .iter()
                .any(|input| transition(state, *input).is_ok()),
            "{state}"
        );
    }
}

#[test]
fn a_refusal_says_what_was_refused_and_where() {
    let refused = transition(State::Active, Input::Allocate).unwrap_err();
    assert_eq!(refused.to_string(), "allocate is not possible while active");
}

fn input() -> impl Strategy<Value = Input> {
    prop::sample::select(Input::ALL.to_vec())
}

proptest! {
    /// On every path: a state that may write a disk was entered by a person's or a policy's
    /// intent, and from Active only Reimage and Release lead to one.
    #[test]
    fn no_path_writes_without_an_intent(inputs in prop::collection::vec(input(), 0..60)) {
        let mut state = State::Discovered;
        for input in inputs {
            let Ok(next) = transition(state, input) else { continue };
            if next.may_write_disk() && !state.may_write_disk() {
                prop_assert!(input.is_intent(), "{} by {}", state, input);
            }
            if state == State::Active && next.may_write_disk() {
                prop_assert!(matches!(input, Input::Reimage | Input::Release));
            }
            prop_assert!(!(state == State::Retired && next.may_write_disk()));
            state = next;
        }
    }

    /// A released config can't be cancelled away.
    #[test]
    fn cancel_after_release_is_refused(state in prop::sample::select(State::ALL.to_vec())) {
        let cancel = Input::Cancel { released: true };
        prop_assert!(transition(state, cancel).is_err());
    }
}
