//! What the boot plane remembers of the boots that are under way, so that repetitions cost little.
//! Bounded: what is forgotten is read or counted again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::boot::BootStep;
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use pxe_server::directory::{ObservedStep, StepOwner};

/// After how many boots of a card the older ones are dropped.
const BOOTS_BETWEEN: u32 = 32;
/// Cards of which boots are counted, and boots whose last step is remembered.
const CARDS: usize = 8192;

/// Boots that were opened, by card.
#[derive(Debug, Default)]
pub(super) struct Opened {
    counts: Mutex<BTreeMap<MacAddress, u32>>,
}

impl Opened {
    /// Counts one: whether the older boots of its card are to be dropped.
    pub(super) fn is_due(&self, mac: MacAddress) -> bool {
        let counts = self.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CARDS {
            counts.clear();
        }
        let count = counts.entry(mac).or_default();
        *count = (*count + 1) % BOOTS_BETWEEN;
        *count == 0
    }
}

/// How far boots have come, as it was recorded last: who is offered an address a thousand times
/// costs one read.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    steps: Mutex<BTreeMap<BootId, BootStep>>,
}

impl Recorded {
    /// Whether a step of this boot, or a later one, is recorded.
    pub(super) fn has(&self, step: &ObservedStep) -> bool {
        let StepOwner::Boot(boot) = step.whose else {
            return false;
        };
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps
            .get(&boot)
            .is_some_and(|recorded| *recorded >= step.step)
    }

    /// A boot has come so far.
    pub(super) fn add(&self, whose: StepOwner, step: BootStep) {
        let StepOwner::Boot(boot) = whose else {
            return;
        };
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() >= CARDS {
            steps.clear();
        }
        steps.insert(boot, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_boots_of_a_card_are_due_every_so_often() {
        let opened = Opened::default();
        let card = MacAddress::new([2, 0, 0, 0, 0, 1]);
        let due = (0..2 * BOOTS_BETWEEN).filter(|_| opened.is_due(card));
        assert_eq!(due.count(), 2);
    }

    #[test]
    fn a_step_that_is_recorded_is_known_and_a_later_one_is_not() {
        let recorded = Recorded::default();
        let whose = StepOwner::Boot(BootId::from_bytes([1; 16]));
        let observed = |whose, step| ObservedStep {
            whose,
            step,
            detail: String::new(),
        };
        recorded.add(whose, BootStep::Lease);
        assert!(recorded.has(&observed(whose, BootStep::Offer)));
        assert!(recorded.has(&observed(whose, BootStep::Lease)));
        assert!(!recorded.has(&observed(whose, BootStep::Loader)));
        let card = StepOwner::Card(MacAddress::new([2, 0, 0, 0, 0, 1]));
        recorded.add(card, BootStep::Lease);
        assert!(!recorded.has(&observed(card, BootStep::Lease)));
    }
}
