//! Whether a machine may still hold the config of a cluster, and with it the cluster's keys.
//!
//! What a rule or a permission says today does not tell that: a config that was released once may
//! be on a disk after its install was cancelled, or after another disk was named.

use crate::attempt::{Attempt, AttemptEnd};
use crate::id::ClusterId;
use crate::lifecycle::State;

/// The newest attempt by which a machine may hold a cluster's config. `released` are the attempts of
/// the machine whose config was released, newest first.
///
/// A machine that came up in another cluster since then does not hold it any more, and nobody wants
/// to reach one that is retired.
pub fn holding(state: State, released: &[Attempt], cluster: ClusterId) -> Option<&Attempt> {
    if state == State::Retired {
        return None;
    }
    let is_elsewhere = |attempt: &Attempt| attempt.assignment.cluster != cluster;
    let came_up = |attempt: &Attempt| matches!(attempt.closed, Some((_, AttemptEnd::Installed)));
    // The config that went out last is the one that an active machine runs on, also if its
    // permission was taken back before it came up.
    let runs_elsewhere = state == State::Active && released.first().is_some_and(is_elsewhere);
    if runs_elsewhere {
        return None;
    }
    let since_elsewhere = released
        .iter()
        .take_while(|it| !(is_elsewhere(it) && came_up(it)));
    since_elsewhere
        .into_iter()
        .find(|attempt| !is_elsewhere(attempt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use crate::lifecycle::Moving;
    use crate::time::Timestamp;

    const LAB: ClusterId = ClusterId::from_bytes([9; 16]);
    const OTHER: ClusterId = ClusterId::from_bytes([8; 16]);

    fn attempt(number: u32, cluster: ClusterId, end: AttemptEnd) -> Attempt {
        let mut attempt = fixtures::attempt();
        attempt.number = number;
        attempt.assignment.cluster = cluster;
        attempt.closed = Some((Timestamp::from_millis(1), end));
        attempt
    }

    #[test]
    fn a_machine_holds_the_config_that_it_got_before_a_cancelled_install() {
        let first = attempt(1, LAB, AttemptEnd::Cancelled);
        for state in State::ALL {
            let held = holding(state, std::slice::from_ref(&first), LAB);
            assert_eq!(held.is_some(), state != State::Retired, "{state}");
        }
        assert_eq!(holding(State::Available, &[], LAB), None);
    }

    #[test]
    fn a_machine_that_came_up_in_another_cluster_holds_the_first_ones_config_no_more() {
        let first = attempt(1, LAB, AttemptEnd::Installed);
        let tried = [attempt(2, OTHER, AttemptEnd::TimedOut), first.clone()];
        let failed = State::Failed(Moving::Inspecting);
        let held = holding(failed, &tried, LAB);
        assert_eq!(held.map(|it| it.number), Some(1), "it never came up there");
        assert_eq!(holding(State::Active, &tried, LAB), None);
        let installed = [attempt(2, OTHER, AttemptEnd::Installed), first];
        assert_eq!(holding(State::Available, &installed, LAB), None);
        assert!(holding(State::Available, &installed, OTHER).is_some());
    }
}
