//! What a person can command of a machine now, by a command of its own: `drover machine …`.
//!
//! A refusal offers what is possible instead. It asks the same function as the commands do, so that
//! it never sends anybody into the next refusal.

use std::fmt;

use crate::lifecycle::transition::transition;
use crate::lifecycle::{Input, Moving, State};

/// A command about the life of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Take it, or let its cluster's rule take it again.
    Accept,
    /// Take back what is under way or permitted.
    Cancel,
    /// Try again what it failed at.
    Retry,
    /// Leave it alone for good.
    Retire,
    /// Remove its record.
    Forget,
}

/// What decides which commands are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Where it is in its life.
    pub state: State,
    /// Whether its node refused the config of the last attempt, and it waits for another.
    pub is_config_refused: bool,
    /// Whether it claims to be another machine.
    pub is_in_conflict: bool,
    /// Whether one cluster's rule takes it as it is, with a disk.
    pub has_rule: bool,
}

impl Command {
    /// Every command there is.
    pub const ALL: [Self; 5] = [
        Self::Accept,
        Self::Cancel,
        Self::Retry,
        Self::Retire,
        Self::Forget,
    ];

    /// The word that is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Retire => "retire",
            Self::Forget => "forget",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Standing {
    /// Whether a command is possible now.
    pub fn permits(self, command: Command) -> bool {
        let takes = |input| transition(self.state, input).is_ok();
        match command {
            // Who claims to be another gets nothing until somebody says who it is.
            Command::Accept => takes(Input::Accept) && !self.is_in_conflict,
            // What is released can't be called back, but no further attempt follows.
            Command::Cancel => takes(Input::Cancel { released: false }),
            Command::Retry => self.permits_retry(),
            Command::Retire => takes(Input::Retire),
            Command::Forget => self.permits_forgetting(),
        }
    }

    /// What a person can command now.
    pub fn possible(self) -> Vec<Command> {
        let permitted = Command::ALL.into_iter().filter(|it| self.permits(*it));
        permitted.collect()
    }

    /// An install is tried again by a rule of today, or not at all.
    fn permits_retry(self) -> bool {
        let next = match self.state {
            State::Provisioning(_) if self.is_config_refused => Ok(self.state),
            state => transition(state, Input::Retry),
        };
        match next {
            Ok(State::Provisioning(_)) => self.has_rule,
            Ok(_) => true,
            Err(_) => false,
        }
    }

    /// A member, and one that is on the move, is retired first: that closes what it may still do.
    const fn permits_forgetting(self) -> bool {
        match self.state {
            State::Retired | State::Discovered => true,
            State::Inspecting | State::Available | State::Failed(Moving::Inspecting) => {
                self.is_in_conflict
            }
            State::Provisioning(_) | State::Active | State::Cleaning => false,
            State::Failed(Moving::Provisioning(_) | Moving::Cleaning) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Origin;

    const INSTALL: State = State::Provisioning(Origin::Available);

    fn standing(state: State) -> Standing {
        Standing {
            state,
            is_config_refused: false,
            is_in_conflict: false,
            has_rule: true,
        }
    }

    /// Every state, with everything else that decides.
    fn all() -> impl Iterator<Item = Standing> {
        State::ALL.into_iter().flat_map(|state| {
            (0..8u8).map(move |bits| Standing {
                state,
                is_config_refused: bits & 1 != 0,
                is_in_conflict: bits & 2 != 0,
                has_rule: bits & 4 != 0,
            })
        })
    }

    #[test]
    fn every_machine_has_a_command_whatever_its_standing() {
        for standing in all() {
            assert!(!standing.possible().is_empty(), "{standing:?}");
        }
    }

    #[test]
    fn nothing_is_offered_that_the_state_machine_refuses() {
        for standing in all() {
            let takes = |input| transition(standing.state, input).is_ok();
            for command in standing.possible() {
                let is_taken = match command {
                    Command::Accept => takes(Input::Accept),
                    Command::Cancel => takes(Input::Cancel { released: false }),
                    Command::Retry => takes(Input::Retry) || standing.is_config_refused,
                    Command::Retire => takes(Input::Retire),
                    Command::Forget => standing.state != State::Active,
                };
                assert!(is_taken, "{command} in {standing:?}");
            }
        }
    }

    #[test]
    fn what_is_under_way_can_be_cancelled() {
        for state in [State::Inspecting, INSTALL] {
            let possible = standing(state).possible();
            assert_eq!(possible, [Command::Cancel, Command::Retire], "{state}");
        }
    }

    #[test]
    fn who_is_retired_can_be_forgotten() {
        let retired = standing(State::Retired).possible();
        assert_eq!(retired, [Command::Accept, Command::Forget]);
        let found = standing(State::Discovered).possible();
        assert_eq!(found, [Command::Accept, Command::Retire, Command::Forget]);
    }

    #[test]
    fn who_claims_to_be_another_is_not_accepted_but_can_be_forgotten() {
        for state in [State::Discovered, State::Available, State::Retired] {
            let claimant = Standing {
                is_in_conflict: true,
                ..standing(state)
            };
            assert!(!claimant.permits(Command::Accept), "{state}");
            assert!(claimant.permits(Command::Forget), "{state}");
        }
    }

    #[test]
    fn an_install_is_not_tried_again_without_a_rule() {
        let failed = standing(State::Failed(Moving::Provisioning(Origin::Available)));
        assert!(failed.permits(Command::Retry));
        let refused = Standing {
            is_config_refused: true,
            ..standing(INSTALL)
        };
        assert!(refused.permits(Command::Retry));
        for it in [failed, refused] {
            let unwanted = Standing {
                has_rule: false,
                ..it
            };
            assert!(!unwanted.permits(Command::Retry), "{it:?}");
        }
    }
}
