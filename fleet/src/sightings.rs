//! Who was seen and is nobody yet: laptops, floods, machines that nobody registered. In memory, and
//! bounded: a stranger costs no disk.
//!
//! The steps of a boot wait beside it, one of a kind, until the boot is a machine's: then they go
//! with it onto that machine's timeline. With a sighting that is forgotten they are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::boot::Boot;
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::time::Timestamp;
use machine_store::events::Event;

/// How many are remembered; the one that was silent for longest goes first.
const SIGHTINGS: usize = 4096;

/// The boots of strangers, one a card.
#[derive(Debug, Default)]
pub struct Sightings {
    seen: Mutex<Seen>,
}

/// A boot of nobody, and what it did so far.
#[derive(Debug)]
struct Sighting {
    boot: Boot,
    steps: Vec<Event>,
}

#[derive(Debug, Default)]
struct Seen {
    cards: BTreeMap<MacAddress, Sighting>,
    boots: BTreeMap<BootId, MacAddress>,
    /// When each was heard of last.
    heard: BTreeSet<(Timestamp, MacAddress)>,
}

impl Sightings {
    /// The latest boot of a card.
    pub fn of_card(&self, mac: MacAddress) -> Option<Boot> {
        let seen = self.seen();
        seen.cards.get(&mac).map(|it| it.boot.clone())
    }

    /// The boot of this id.
    pub fn find(&self, id: BootId) -> Option<Boot> {
        let seen = self.seen();
        let mac = seen.boots.get(&id)?;
        seen.cards.get(mac).map(|it| it.boot.clone())
    }

    /// Remembers a boot, instead of an earlier one of its card.
    pub fn keep(&self, mac: MacAddress, boot: Boot) {
        let mut seen = self.seen();
        let steps = match seen.remove(mac) {
            Some(before) if before.boot.id == boot.id => before.steps,
            Some(_) | None => Vec::new(),
        };
        while seen.cards.len() >= SIGHTINGS
            && let Some((_, silent)) = seen.heard.first().copied()
        {
            seen.remove(silent);
        }
        seen.boots.insert(boot.id, mac);
        seen.heard.insert((boot.step_at, mac));
        seen.cards.insert(mac, Sighting { boot, steps });
    }

    /// Notes a step of this boot, if it is remembered and its first of that kind.
    pub fn note(&self, id: BootId, step: Event) {
        let mut seen = self.seen();
        let Some(mac) = seen.boots.get(&id).copied() else {
            return;
        };
        if let Some(sighting) = seen.cards.get_mut(&mac)
            && sighting.steps.iter().all(|it| it.kind != step.kind)
        {
            sighting.steps.push(step);
        }
    }

    /// What this boot did so far.
    pub fn steps(&self, id: BootId) -> Vec<Event> {
        let seen = self.seen();
        let mac = seen.boots.get(&id);
        let sighting = mac.and_then(|mac| seen.cards.get(mac));
        sighting.map_or_else(Vec::new, |it| it.steps.clone())
    }

    /// Forgets a card, since it belongs to a machine now. What this boot of that machine did so
    /// far, if it is the one that was remembered.
    pub fn hand_over(&self, mac: MacAddress, id: BootId) -> Vec<Event> {
        match self.seen().remove(mac) {
            Some(sighting) if sighting.boot.id == id => sighting.steps,
            Some(_) | None => Vec::new(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn remove(&mut self, mac: MacAddress) -> Option<Sighting> {
        let sighting = self.cards.remove(&mac)?;
        self.boots.remove(&sighting.boot.id);
        self.heard.remove(&(sighting.boot.step_at, mac));
        Some(sighting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::boot::{BootOrigin, BootStep};

    use crate::site::About;

    fn boot(number: u16) -> (MacAddress, Boot) {
        let [high, low] = number.to_be_bytes();
        let mac = MacAddress::new([2, 0, 0, 0, high, low]);
        let at = Timestamp::from_millis(i64::from(number));
        let boot = Boot {
            id: BootId::from_bytes([[high, low]; 8].concat().try_into().unwrap()),
            machine: None,
            mac: Some(mac),
            origin: BootOrigin::Network,
            platform: None,
            address: None,
            attempt: None,
            opened: at,
            step: BootStep::Discover,
            step_at: at,
            sent_to_disk: false,
            ready: None,
        };
        (mac, boot)
    }

    #[test]
    fn a_flood_forgets_the_oldest_only() {
        let sightings = Sightings::default();
        for number in 0..=4096 {
            let (mac, boot) = boot(number);
            sightings.keep(mac, boot);
        }
        assert!(sightings.of_card(boot(0).0).is_none());
        assert!(sightings.of_card(boot(1).0).is_some());
        assert!(sightings.of_card(boot(4096).0).is_some());
        let seen = sightings.seen();
        assert_eq!(seen.cards.len(), SIGHTINGS);
        assert_eq!((seen.boots.len(), seen.heard.len()), (SIGHTINGS, SIGHTINGS));
    }

    #[test]
    fn steps_are_kept_once_and_go_with_their_boot() {
        let sightings = Sightings::default();
        let (mac, boot) = boot(7);
        let step = |kind| About::boot(&boot).event(boot.step_at, kind, "seen");
        sightings.note(boot.id, step("discover"));
        assert!(sightings.steps(boot.id).is_empty(), "nobody knows the boot");
        sightings.keep(mac, boot.clone());
        for kind in ["discover", "offer", "discover"] {
            sightings.note(boot.id, step(kind));
        }
        sightings.keep(mac, boot.clone());
        let steps = vec![step("discover"), step("offer")];
        assert_eq!(sightings.steps(boot.id), steps);
        assert_eq!(sightings.find(boot.id), Some(boot.clone()));
        assert_eq!(sightings.hand_over(mac, boot.id), steps);
        assert!(sightings.find(boot.id).is_none());

        sightings.keep(mac, boot.clone());
        sightings.note(boot.id, step("discover"));
        let other = BootId::from_bytes([0xff; 16]);
        assert!(sightings.hand_over(mac, other).is_empty(), "another boot's");
        assert!(sightings.of_card(mac).is_none());
    }
}
