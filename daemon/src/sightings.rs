//! Who was seen and is nobody yet: laptops, floods, machines that nobody registered. In memory, and
//! bounded: a stranger costs no disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::boot::Boot;
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;

/// How many are remembered; the one that was silent for longest goes first.
const SIGHTINGS: usize = 4096;

/// The boots of strangers, one a card.
#[derive(Debug, Default)]
pub struct Sightings {
    boots: Mutex<BTreeMap<MacAddress, Boot>>,
}

impl Sightings {
    /// The latest boot of a card.
    pub fn of_card(&self, mac: MacAddress) -> Option<Boot> {
        self.boots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&mac)
            .cloned()
    }

    /// The boot of this id.
    pub fn find(&self, id: BootId) -> Option<Boot> {
        let boots = self.boots.lock().unwrap_or_else(PoisonError::into_inner);
        boots.values().find(|boot| boot.id == id).cloned()
    }

    /// Remembers a boot, instead of an earlier one of its card.
    pub fn keep(&self, mac: MacAddress, boot: Boot) {
        let mut boots = self.boots.lock().unwrap_or_else(PoisonError::into_inner);
        if boots.len() >= SIGHTINGS && !boots.contains_key(&mac) {
            let oldest = boots
                .iter()
                .min_by_key(|(_, boot)| boot.step_at)
                .map(|(mac, _)| *mac);
            if let Some(oldest) = oldest {
                boots.remove(&oldest);
            }
        }
        boots.insert(mac, boot);
    }

    /// Forgets a card: it belongs to a machine now.
    pub fn forget(&self, mac: MacAddress) {
        self.boots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&mac);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::boot::{BootOrigin, BootStep};
    use machine_core::time::Timestamp;

    fn boot(number: u16) -> (MacAddress, Boot) {
        let [high, low] = number.to_be_bytes();
        let mac = MacAddress::new([2, 0, 0, 0, high, low]);
        let at = Timestamp::from_millis(i64::from(number));
        let boot = Boot {
            id: BootId::from_bytes([low; 16]),
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
        assert_eq!(sightings.boots.lock().unwrap().len(), SIGHTINGS);
    }
}
