//! Cards that claim to be a machine and are not registered: an alarm a card and minute, of a few
//! cards. Anybody can make cards up, so the further ones are counted, and one line a minute says how
//! many there were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::boots::alarms::AGAIN;

/// Cards that have a line of their own in a minute, and that the line about the further ones names:
/// a person reads no more.
pub(super) const NAMED: usize = 8;
/// Further cards that are counted until the line about them: there are no more ports on a large
/// switch, and whoever makes up cards is not hidden by making up more.
pub(super) const COUNTED: usize = 128;

/// Which cards claimed to be which machine lately.
#[derive(Debug, Default)]
pub(super) struct ClaimAlarms {
    of: Mutex<BTreeMap<MachineId, Lately>>,
}

#[derive(Debug, Default)]
struct Lately {
    told: Vec<(MacAddress, Timestamp)>,
    more: BTreeSet<MacAddress>,
}

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It has a line.
    AtOnce,
    /// Its card is counted, as the first since the last line: later somebody has to say how many
    /// there were.
    FirstHeld,
    /// Its card has a line, or is counted.
    Held,
}

impl ClaimAlarms {
    /// A card claims to be a machine.
    pub(super) fn note(&self, machine: MachineId, card: MacAddress, now: Timestamp) -> Told {
        let mut of = self.lock();
        let lately = of.entry(machine).or_default();
        lately.told.retain(|(_, at)| now.since(*at) < AGAIN);
        let is_known = lately.told.iter().any(|(told, _)| *told == card);
        if is_known || lately.more.contains(&card) {
            return Told::Held;
        }
        if lately.told.len() < NAMED {
            lately.told.push((card, now));
            return Told::AtOnce;
        }
        let is_first = lately.more.is_empty();
        if lately.more.len() < COUNTED {
            lately.more.insert(card);
        }
        if is_first {
            Told::FirstHeld
        } else {
            Told::Held
        }
    }

    /// The cards that were counted since the last line about them.
    pub(super) fn held(&self, machine: MachineId) -> BTreeSet<MacAddress> {
        let mut of = self.lock();
        let lately = of.get_mut(&machine);
        lately.map_or_else(BTreeSet::new, |it| std::mem::take(&mut it.more))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MachineId, Lately>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: MachineId = MachineId::from_bytes([1; 16]);

    fn card(number: u8) -> MacAddress {
        MacAddress::new([2, 0, 0, 0, 0, number])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_card_is_an_alarm_a_minute_and_the_cards_beyond_a_few_are_counted() {
        let alarms = ClaimAlarms::default();
        for number in 0..8 {
            assert_eq!(alarms.note(MACHINE, card(number), at(0)), Told::AtOnce);
            assert_eq!(alarms.note(MACHINE, card(number), at(6)), Told::Held);
        }
        assert_eq!(alarms.note(MACHINE, card(8), at(7)), Told::FirstHeld);
        for number in 8..39 {
            assert_eq!(alarms.note(MACHINE, card(number), at(8)), Told::Held);
        }
        assert_eq!(alarms.held(MACHINE).len(), 31);
        assert_eq!(alarms.held(MACHINE).len(), 0);
        assert_eq!(alarms.note(MACHINE, card(0), at(60)), Told::AtOnce);
    }

    #[test]
    fn of_made_up_cards_a_bounded_number_is_remembered() {
        let alarms = ClaimAlarms::default();
        for number in 0..=u8::MAX {
            alarms.note(MACHINE, card(number), at(0));
        }
        assert_eq!(alarms.held(MACHINE).len(), COUNTED);
    }
}
