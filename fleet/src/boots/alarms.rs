//! Which alarms stand on a timeline: each text once a minute, and of each machine and kind as many
//! as a person reads. A flood about one machine hides nothing of another, and a flood of one kind
//! nothing of another kind. Cards that claim to be a machine are counted ([`super::claim_alarms`]).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::id::MachineId;
use machine_core::time::Timestamp;

/// How soon the same text may stand again.
pub(super) const AGAIN: Duration = Duration::from_mins(1);
/// How many texts of one kind about one machine are remembered, and so stand in a minute: a person
/// reads no more, and all kinds together take what is worth to remember of a machine.
const TEXTS: usize = 8;

/// What an alarm is about. Who can fill the share of one kind needs more than who can fill that of
/// the kind before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AlarmKind {
    /// What firmware says over DHCP, or a DECLINE: one packet with a copied card is enough.
    Packet,
    /// What a boot with its card says of itself.
    Boot,
    /// Somebody asks for the script of one of its boots.
    Script,
    /// Somebody asks for its config, with its token.
    Token,
}

/// What was told lately, by machine and kind.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    told: Mutex<BTreeMap<(MachineId, AlarmKind), Vec<Told>>>,
}

/// The digest of a text, and when it was told.
type Told = (u64, Timestamp);

impl Alarms {
    /// Whether this text is to stand on the machine's timeline now.
    pub(super) fn takes(
        &self,
        machine: MachineId,
        (kind, text): (AlarmKind, &str),
        now: Timestamp,
    ) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = told.entry((machine, kind)).or_default();
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
        let takes = |machine, text: &str, seconds| {
            alarms.takes(machine, (AlarmKind::Boot, text), at(seconds))
        };
        let texts: Vec<String> = (0..100).map(|it| format!("from {it}")).collect();
        let told = texts.iter().filter(|it| takes(one, it, 0));
        assert_eq!(told.count(), TEXTS);
        assert!(takes(other, "a stranger", 1));
        assert!(!takes(other, "a stranger", 2), "once a minute");
        assert!(takes(other, "with a good token", 2));
        assert!(takes(other, "a stranger", 62));
    }

    #[test]
    fn a_flood_of_one_kind_hides_nothing_of_another_kind() {
        let alarms = Alarms::default();
        let machine = MachineId::from_bytes([1; 16]);
        let at = Timestamp::from_millis(0);
        for it in 0..100 {
            alarms.takes(machine, (AlarmKind::Packet, &format!("from {it}")), at);
        }
        assert!(!alarms.takes(machine, (AlarmKind::Packet, "one more"), at));
        for kind in [AlarmKind::Boot, AlarmKind::Script, AlarmKind::Token] {
            assert!(alarms.takes(machine, (kind, "one more"), at), "{kind:?}");
        }
    }
}
