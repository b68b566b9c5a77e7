//! Which guesses of tokens have a line on a timeline: of those about one machine the first at once,
//! and then one a minute that says how many there were and from whom. A flood about one machine
//! hides nothing of another.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;

/// How long guesses are held back until one line says how many there were. For as long it is
/// remembered whose an asker's card and address are, so that a flood costs no reads.
pub(super) const HELD: Duration = Duration::from_mins(1);
/// Askers that a line names, and that are remembered of a machine: a person reads no more.
const NAMED: usize = 8;
/// Askers of whom it is remembered whose card and address they use; of further ones it is read.
const ASKERS: usize = 4096;

/// An address, and the card that we see behind it.
pub(super) type Asker = (IpAddr, Option<MacAddress>);

/// What was guessed lately.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    lately: Mutex<Lately>,
}

#[derive(Debug, Default)]
struct Lately {
    of: BTreeMap<MachineId, Round>,
    used: BTreeMap<Asker, (Timestamp, Vec<Used>)>,
}

/// What was guessed about one machine since a line about it.
#[derive(Debug)]
struct Round {
    began: Timestamp,
    held: u64,
    askers: BTreeSet<Asker>,
}

/// What an asker uses of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) machine: MachineId,
    /// Whether the card behind it is one of the machine's; otherwise its address is.
    pub(super) is_its_card: bool,
}

/// What becomes of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It has a line.
    AtOnce,
    /// It is held back, the first since the last line: later somebody has to say how many there were.
    FirstHeld,
    /// It is held back.
    Held,
}

impl Guesses {
    /// Counts a guess.
    pub(super) fn note(&self, machine: MachineId, asker: Asker, now: Timestamp) -> Told {
        let mut lately = self.lock();
        let Some(round) = lately.of.get_mut(&machine) else {
            lately.of.insert(machine, Round::new(now));
            return Told::AtOnce;
        };
        if round.held == 0 && !is_within(round.began, now) {
            *round = Round::new(now);
            return Told::AtOnce;
        }
        round.held += 1;
        if round.askers.len() < NAMED {
            round.askers.insert(asker);
        }
        if round.held == 1 {
            Told::FirstHeld
        } else {
            Told::Held
        }
    }

    /// How many were held back, and from whom; the minute begins anew.
    pub(super) fn held(&self, machine: MachineId, now: Timestamp) -> (u64, BTreeSet<Asker>) {
        let mut lately = self.lock();
        let ended = lately.of.insert(machine, Round::new(now));
        ended.map_or_else(Default::default, |round| (round.held, round.askers))
    }

    /// What an asker uses, if it is remembered.
    pub(super) fn remembered(&self, asker: Asker, now: Timestamp) -> Option<Vec<Used>> {
        let lately = self.lock();
        let (at, used) = lately.used.get(&asker)?;
        is_within(*at, now).then(|| used.clone())
    }

    /// Remembers what an asker uses.
    pub(super) fn remember(&self, asker: Asker, used: Vec<Used>, now: Timestamp) {
        let mut lately = self.lock();
        if lately.used.len() >= ASKERS {
            lately.used.retain(|_, (at, _)| is_within(*at, now));
        }
        if lately.used.len() < ASKERS {
            lately.used.insert(asker, (now, used));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Round {
    const fn new(began: Timestamp) -> Self {
        Self {
            began,
            held: 0,
            askers: BTreeSet::new(),
        }
    }
}

/// Whether the minute that began then is not over. It is if the clock was set back.
fn is_within(began: Timestamp, now: Timestamp) -> bool {
    now >= began && now.since(began) < HELD
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: MachineId = MachineId::from_bytes([1; 16]);
    const OTHER: MachineId = MachineId::from_bytes([2; 16]);

    fn asker(last: u8) -> Asker {
        let card = MacAddress::new([2, 0, 0, 0, 0, last]);
        (IpAddr::from([10, 77, 0, last]), Some(card))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn guesses_about_one_machine_are_a_line_a_minute_and_hide_none_about_another() {
        let guesses = Guesses::default();
        assert_eq!(guesses.note(ONE, asker(1), at(0)), Told::AtOnce);
        assert_eq!(guesses.note(ONE, asker(1), at(1)), Told::FirstHeld);
        for last in 2..100 {
            assert_eq!(guesses.note(ONE, asker(last), at(2)), Told::Held);
        }
        assert_eq!(guesses.note(OTHER, asker(1), at(2)), Told::AtOnce);
        let (held, askers) = guesses.held(ONE, at(60));
        assert_eq!((held, askers.len()), (99, NAMED));
        assert_eq!(guesses.note(ONE, asker(1), at(61)), Told::FirstHeld);
        guesses.held(ONE, at(121));
        assert_eq!(guesses.note(ONE, asker(1), at(181)), Told::AtOnce);
    }

    #[test]
    fn whose_an_address_is_is_remembered_for_a_minute_and_of_a_bounded_number() {
        let guesses = Guesses::default();
        let used = vec![Used {
            machine: ONE,
            is_its_card: false,
        }];
        guesses.remember(asker(1), used.clone(), at(0));
        assert_eq!(guesses.remembered(asker(1), at(59)), Some(used));
        assert_eq!(guesses.remembered(asker(1), at(60)), None);
        for number in 0..5000_u32 {
            let asker = (IpAddr::from(number.to_be_bytes()), None);
            guesses.remember(asker, Vec::new(), at(1));
        }
        assert_eq!(guesses.lock().used.len(), ASKERS);
    }
}
