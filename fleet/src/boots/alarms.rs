//! Which alarms stand on a timeline: each text once a minute, and for each machine as many as its
//! timeline takes. A flood about one machine hides nothing of another.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::id::MachineId;
use machine_core::time::Timestamp;

/// How soon the same text may stand again.
const AGAIN: Duration = Duration::from_mins(1);
/// How many texts of one machine are remembered, and so stand in a minute: a person reads no more.
const TEXTS: usize = 32;

/// What was told lately, by machine.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    told: Mutex<BTreeMap<MachineId, Vec<(u64, Timestamp)>>>,
}

impl Alarms {
    /// Whether this text is to stand on the machine's timeline now.
    pub(super) fn takes(&self, machine: MachineId, text: &str, now: Timestamp) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = told.entry(machine).or_default();
        lately.retain(|(_, at)| now.since(*at) < AGAIN);
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let text = hasher.finish();
        let is_new = lately.len() < TEXTS && lately.iter().all(|(before, _)| *before != text);
        if is_new {
            lately.push((text, now));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_about_one_machine_hides_nothing_of_another() {
        let alarms = Alarms::default();
        let [one, other] = [1, 2].map(|byte| MachineId::from_bytes([byte; 16]));
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let told = (0..100).filter(|it| alarms.takes(one, &format!("from {it}"), at(0)));
        assert_eq!(told.count(), TEXTS);
        assert!(alarms.takes(other, "a stranger", at(1)));
        assert!(!alarms.takes(other, "a stranger", at(2)), "once a minute");
        assert!(alarms.takes(other, "with a good token", at(2)));
        assert!(alarms.takes(other, "a stranger", at(62)));
    }
}
