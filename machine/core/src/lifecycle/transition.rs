//! The one transition function: a table of every state and every input, without wildcards.

use crate::lifecycle::{Input, Moving, Origin, Refused, State};

/// The state after `input`, or why there is none.
pub fn transition(state: State, input: Input) -> Result<State, Refused> {
    let next = match state {
        State::Discovered => after_discovered(input),
        State::Inspecting => after_inspecting(input),
        State::Available => after_available(input),
        State::Provisioning(origin) => after_provisioning(origin, input),
        State::Active => after_active(input),
        State::Cleaning => after_cleaning(input),
        State::Failed(moving) => after_failed(moving, input),
        State::Retired => after_retired(input),
    };
    next.ok_or(Refused { state, input })
}

const fn after_discovered(input: Input) -> Option<State> {
    match input {
        Input::Accept => Some(State::Inspecting),
        Input::Adopt => Some(State::Active),
        Input::Retire => Some(State::Retired),
        Input::Allocate | Input::Cancel { .. } | Input::Reimage | Input::Release => None,
        Input::Retry | Input::FactsComplete | Input::RunsFromDisk => None,
        Input::Cleaned | Input::GiveUp => None,
    }
}

const fn after_inspecting(input: Input) -> Option<State> {
    match input {
        Input::FactsComplete => Some(State::Available),
        Input::GiveUp => Some(State::Failed(Moving::Inspecting)),
        Input::Retire => Some(State::Retired),
        // Nothing of it is released: a person has not accepted it any more.
        Input::Cancel { released: false } => Some(State::Discovered),
        Input::Cancel { released: true } | Input::Accept | Input::Adopt => None,
        Input::Allocate | Input::Reimage | Input::Release | Input::Retry => None,
        Input::RunsFromDisk | Input::Cleaned => None,
    }
}

const fn after_available(input: Input) -> Option<State> {
    match input {
        Input::Allocate => Some(State::Provisioning(Origin::Available)),
        // After a cancelled install a person lets the rules take it again.
        Input::Accept => Some(State::Available),
        Input::Retire => Some(State::Retired),
        Input::Adopt | Input::Cancel { .. } | Input::Reimage => None,
        Input::Release | Input::Retry | Input::FactsComplete => None,
        Input::RunsFromDisk | Input::Cleaned | Input::GiveUp => None,
    }
}

fn after_provisioning(origin: Origin, input: Input) -> Option<State> {
    match input {
        Input::RunsFromDisk => Some(State::Active),
        Input::GiveUp => Some(State::Failed(Moving::Provisioning(origin))),
        Input::Cancel { released: false } => Some(origin.into()),
        Input::Retire => Some(State::Retired),
        Input::Cancel { released: true } | Input::Accept | Input::Adopt => None,
        Input::Allocate | Input::Reimage | Input::Release | Input::Retry => None,
        Input::FactsComplete | Input::Cleaned => None,
    }
}

const fn after_active(input: Input) -> Option<State> {
    match input {
        Input::Reimage => Some(State::Provisioning(Origin::Active)),
        Input::Release => Some(State::Cleaning),
        Input::Retire => Some(State::Retired),
        Input::Accept | Input::Adopt | Input::Allocate | Input::Cancel { .. } => None,
        Input::Retry | Input::FactsComplete | Input::RunsFromDisk => None,
        Input::Cleaned | Input::GiveUp => None,
    }
}

const fn after_cleaning(input: Input) -> Option<State> {
    match input {
        Input::Cleaned => Some(State::Available),
        Input::GiveUp => Some(State::Failed(Moving::Cleaning)),
        Input::Retire => Some(State::Retired),
        Input::Accept | Input::Adopt | Input::Allocate | Input::Cancel { .. } => None,
        Input::Reimage | Input::Release | Input::Retry => None,
        Input::FactsComplete | Input::RunsFromDisk => None,
    }
}

fn after_failed(moving: Moving, input: Input) -> Option<State> {
    match (input, moving) {
        (Input::Retry, _) => Some(moving.into()),
        (Input::Release, Moving::Provisioning(_) | Moving::Cleaning) => Some(State::Cleaning),
        (Input::RunsFromDisk, Moving::Provisioning(_)) => Some(State::Active),
        (Input::Retire, _) => Some(State::Retired),
        (Input::Release | Input::RunsFromDisk, Moving::Inspecting)
        | (Input::RunsFromDisk, Moving::Cleaning) => None,
        (
            Input::Accept
            | Input::Adopt
            | Input::Allocate
            | Input::Cancel { .. }
            | Input::Reimage
            | Input::FactsComplete
            | Input::Cleaned
            | Input::GiveUp,
            _,
        ) => None,
    }
}

const fn after_retired(input: Input) -> Option<State> {
    match input {
        Input::Accept => Some(State::Inspecting),
        Input::Adopt | Input::Allocate | Input::Cancel { .. } | Input::Reimage => None,
        Input::Release | Input::Retry | Input::Retire | Input::FactsComplete => None,
        Input::RunsFromDisk | Input::Cleaned | Input::GiveUp => None,
    }
}
