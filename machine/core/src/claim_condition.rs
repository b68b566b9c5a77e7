//! What is to be said of those who spoke for a machine, and when that is over.
//!
//! What somebody was refused for is kept with him. It stands until it is settled: by a config that
//! went out, by the end of the attempt, by a machine that came to rest, or by a later boot of the
//! machine that nothing hinders. Who goes on asking is heard again, and shown again.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::claimant::Claimant;
use crate::condition::Condition;
use crate::lifecycle::State;
use crate::machine::Machine;
use crate::time::Timestamp;

/// For how long it is shown that somebody was refused, if nothing settles it before: a person who
/// looks at the list a few times an hour should see it.
pub const SHOWN: Duration = Duration::from_mins(15);

/// Somebody who spoke for a machine.
#[derive(Debug, Clone, Copy)]
pub struct Spoken<'a> {
    /// Who.
    pub claimant: &'a Claimant,
    /// Whether he has the machine's card.
    pub is_own: bool,
    /// Why he gets nothing; empty if nothing hinders him.
    pub why: &'a str,
}

/// What settles what was said.
#[derive(Debug, Clone, Copy)]
pub struct Settling<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The newest attempt to install it.
    pub attempt: Option<&'a Attempt>,
}

/// What is to be said of those who spoke for a machine, the last one first: of each kind the one
/// that was heard last.
pub fn claims(spoken: &[Spoken<'_>], settling: &Settling<'_>, now: Timestamp) -> Vec<Condition> {
    let stands = |it: &&Spoken<'_>| {
        let last = it.claimant.last_seen;
        let is_shown = !it.why.is_empty() && now.since(last) < SHOWN;
        is_shown && last > settling.at(it.is_own) && !(it.is_own && goes_on(it, spoken))
    };
    let of = |own: bool| spoken.iter().filter(stands).find(|it| it.is_own == own);
    let told = |it: &Spoken<'_>| {
        let Claimant { address, card, .. } = it.claimant;
        format!("{address} ({card}): {}", it.why)
    };
    let claimed = of(false).map(|it| Condition::Claimed {
        why: told(it),
        boot: it.claimant.boot,
    });
    let held = of(true).map(|it| Condition::Held {
        why: told(it),
        boot: it.claimant.boot,
    });
    claimed.into_iter().chain(held).collect()
}

impl Settling<'_> {
    /// When the last thing happened that settles what was heard until then.
    fn at(&self, is_own: bool) -> Timestamp {
        let rests = match self.machine.state {
            State::Active | State::Retired => Some(self.machine.since),
            State::Discovered | State::Inspecting | State::Available => None,
            State::Provisioning(_) | State::Cleaning | State::Failed(_) => None,
        };
        let released = self.attempt.and_then(|it| it.release).map(|it| it.at);
        let closed = self.attempt.and_then(|it| it.closed).map(|(at, _)| at);
        // What was heard under an earlier attempt holds nothing under this one.
        let opened = self
            .attempt
            .filter(|_| is_own)
            .map(|it| just_before(it.opened));
        let moments = [rests, released, closed, opened];
        let last = moments.into_iter().flatten().max();
        last.unwrap_or(Timestamp::from_millis(i64::MIN))
    }
}

/// An attempt may be opened for the very request that is held: that one is not from before.
fn just_before(opened: Timestamp) -> Timestamp {
    Timestamp::from_millis(opened.as_millis().saturating_sub(1))
}

/// Whether the same boot, or one that began after it, was heard since, and nothing hinders it.
fn goes_on(held: &Spoken<'_>, spoken: &[Spoken<'_>]) -> bool {
    spoken.iter().any(|it| {
        let (later, earlier) = (it.claimant, held.claimant);
        let follows = later.boot == earlier.boot || later.first_seen > earlier.last_seen;
        it.is_own && it.why.is_empty() && later.last_seen >= earlier.last_seen && follows
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::{AttemptEnd, Release};
    use crate::fixtures::{MAC, at, attempt, machine};
    use crate::id::BootId;
    use crate::lifecycle::Origin;

    const PROVISIONING: State = State::Provisioning(Origin::Available);

    fn spoke(boot: u8, last_seen: i64) -> Claimant {
        Claimant {
            boot: BootId::from_bytes([boot; 16]),
            card: MAC,
            address: [10, 77, 0, 66].into(),
            uuid: None,
            serial: None,
            first_seen: at(last_seen),
            last_seen: at(last_seen),
        }
    }

    fn own<'a>(claimant: &'a Claimant, why: &'a str) -> Spoken<'a> {
        Spoken {
            claimant,
            is_own: true,
            why,
        }
    }

    fn foreign<'a>(claimant: &'a Claimant, why: &'a str) -> Spoken<'a> {
        Spoken {
            is_own: false,
            ..own(claimant, why)
        }
    }

    /// The words for it, of a machine in this state since 500 s, at 1000 s.
    fn said(spoken: &[Spoken<'_>], state: State, attempt: Option<&Attempt>) -> Vec<String> {
        let machine = Machine {
            since: at(500),
            ..machine(state)
        };
        let settling = Settling {
            machine: &machine,
            attempt,
        };
        let conditions = claims(spoken, &settling, at(1000));
        conditions.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_was_refused_is_seen_for_a_while() {
        let (recent, old) = (spoke(1, 900), spoke(2, 50));
        let spoken = [
            foreign(&recent, "it claims"),
            own(&recent, "it waits"),
            foreign(&old, "long ago"),
        ];
        let from = "10.77.0.66 (52:54:00:77:00:01)";
        let wanted = [
            format!("Claimed: {from}: it claims"),
            format!("Held: {from}: it waits"),
        ];
        assert_eq!(said(&spoken, PROVISIONING, Some(&attempt())), wanted);
        assert!(said(&[foreign(&old, "long ago")], PROVISIONING, None).is_empty());
    }

    #[test]
    fn what_was_refused_before_it_was_settled_is_over() {
        let release = Release::fetched(at(950), [10, 77, 0, 9].into(), [0; 32]);
        let released = Attempt {
            release: Some(release),
            ..attempt()
        };
        let closed = Attempt {
            closed: Some((at(950), AttemptEnd::Cancelled)),
            ..attempt()
        };
        let (before, after) = (spoke(1, 949), spoke(1, 951));
        for attempt in [&released, &closed] {
            let heard = [foreign(&before, "it claims"), own(&before, "it waits")];
            assert!(said(&heard, PROVISIONING, Some(attempt)).is_empty());
            let again = [foreign(&after, "it claims"), own(&after, "it waits")];
            assert_eq!(said(&again, PROVISIONING, Some(attempt)).len(), 2);
        }
        let before = spoke(1, 499);
        let heard = [foreign(&before, "it claims"), own(&before, "it waits")];
        for state in [State::Active, State::Retired] {
            assert!(said(&heard, state, None).is_empty(), "{state}");
        }
        assert_eq!(said(&heard, State::Available, None).len(), 2);
    }

    #[test]
    fn a_boot_that_goes_on_ends_the_hold_of_the_one_before() {
        let (held, other, next) = (spoke(1, 900), spoke(2, 900), spoke(3, 950));
        let waits = own(&held, "it waits");
        assert!(said(&[own(&next, ""), waits], PROVISIONING, None).is_empty());
        let rival = [own(&other, ""), waits];
        assert_eq!(
            said(&rival, PROVISIONING, None).len(),
            1,
            "at the same time"
        );
        let second = Attempt {
            opened: at(901),
            ..attempt()
        };
        assert!(said(&[waits], PROVISIONING, Some(&second)).is_empty());
        let own_request = Attempt {
            opened: at(900),
            ..attempt()
        };
        assert_eq!(said(&[waits], PROVISIONING, Some(&own_request)).len(), 1);
    }
}
