//! Who was heard last, for those who decide whether a node is dead. It is not kept: whoever starts
//! anew has just heard of everybody.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::id::{AttemptId, BootId, MachineId};
use machine_core::time::Timestamp;

use crate::clock::SharedClock;

/// How many addresses of one machine are remembered: a card has one or two at a time.
const OF_MACHINE: usize = 8;
/// How many addresses are remembered; more than that are strangers, and the silent ones go first.
const ADDRESSES: usize = 16_384;

/// Who was heard last.
#[derive(Debug)]
pub struct Heard {
    clock: SharedClock,
    begun: Timestamp,
    voices: Mutex<BTreeMap<IpAddr, Voice>>,
    found: Mutex<BTreeMap<MachineId, (BootId, AttemptId)>>,
    /// From where each machine spoke, the last address last.
    spoke: Mutex<BTreeMap<MachineId, Vec<IpAddr>>>,
}

/// What comes from one address.
#[derive(Debug, Clone, Copy)]
struct Voice {
    last: Timestamp,
    /// Connections that are open.
    open: u32,
}

impl Heard {
    /// Nobody was heard yet, by this clock.
    pub fn new(clock: SharedClock) -> Self {
        Self {
            begun: clock.now(),
            clock,
            voices: Mutex::default(),
            found: Mutex::default(),
            spoke: Mutex::default(),
        }
    }

    /// Something came from this address.
    pub fn said(&self, peer: IpAddr) {
        self.update(peer, |_| {});
    }

    /// A connection of this address was opened.
    pub fn opened(&self, peer: IpAddr) {
        self.update(peer, |voice| voice.open = voice.open.saturating_add(1));
    }

    /// A connection of this address has ended.
    pub fn closed(&self, peer: IpAddr) {
        self.update(peer, |voice| voice.open = voice.open.saturating_sub(1));
    }

    fn update(&self, peer: IpAddr, change: impl FnOnce(&mut Voice)) {
        let last = self.clock.now();
        let mut voices = self.voices.lock().unwrap_or_else(PoisonError::into_inner);
        if voices.len() >= ADDRESSES && !voices.contains_key(&peer) {
            forget_half(&mut voices);
        }
        let voice = voices.entry(peer).or_insert(Voice { last, open: 0 });
        voice.last = last;
        change(voice);
    }

    /// When this address was last heard: now, while a connection of it is open.
    pub fn last(&self, peer: IpAddr) -> Timestamp {
        let voices = self.voices.lock().unwrap_or_else(PoisonError::into_inner);
        match voices.get(&peer) {
            Some(voice) if voice.open > 0 => self.clock.now(),
            Some(voice) => voice.last,
            None => self.begun,
        }
    }

    /// This machine spoke from here, with a card of its own.
    pub fn spoke(&self, machine: MachineId, peer: IpAddr) {
        self.said(peer);
        let mut spoke = self.spoke.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = spoke.entry(machine).or_default();
        addresses.retain(|address| *address != peer);
        addresses.push(peer);
        if addresses.len() > OF_MACHINE {
            addresses.remove(0);
        }
    }

    /// From where this machine has spoken, with a card of its own.
    pub fn addresses(&self, machine: MachineId) -> Vec<IpAddr> {
        let spoke = self.spoke.lock().unwrap_or_else(PoisonError::into_inner);
        spoke.get(&machine).cloned().unwrap_or_default()
    }

    /// There is no such machine any more.
    pub fn forget(&self, machine: MachineId) {
        self.found().remove(&machine);
        let mut spoke = self.spoke.lock().unwrap_or_else(PoisonError::into_inner);
        spoke.remove(&machine);
    }

    /// A system that was started from the network says that it runs on the config of this attempt,
    /// which it has not fetched in this boot.
    pub fn found_config(&self, machine: MachineId, boot: BootId, attempt: AttemptId) {
        self.found().insert(machine, (boot, attempt));
    }

    /// The attempt whose config the machine's system was found to run on in this boot.
    pub fn config_in(&self, machine: MachineId, boot: BootId) -> Option<AttemptId> {
        let found = self.found().get(&machine).copied();
        found
            .filter(|(in_boot, _)| *in_boot == boot)
            .map(|(_, attempt)| attempt)
    }

    fn found(&self) -> MutexGuard<'_, BTreeMap<MachineId, (BootId, AttemptId)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: of those without a connection, the half that is silent for longest.
fn forget_half(voices: &mut BTreeMap<IpAddr, Voice>) {
    let mut silent: Vec<(Timestamp, IpAddr)> = voices
        .iter()
        .filter(|(_, voice)| voice.open == 0)
        .map(|(peer, voice)| (voice.last, *peer))
        .collect();
    silent.sort_unstable();
    for (_, peer) in silent.iter().take(ADDRESSES / 2) {
        voices.remove(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::now;
    use std::net::Ipv4Addr;

    fn peer(bits: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + bits).into()
    }

    #[test]
    fn an_open_connection_is_life_however_silent_it_is() {
        let heard = Heard::new(crate::fixtures::clock());
        assert_eq!(heard.last(peer(1)), heard.begun);
        heard.opened(peer(1));
        heard.opened(peer(1));
        heard.closed(peer(1));
        let before = now();
        assert!(heard.last(peer(1)) >= before);
        heard.closed(peer(1));
        let at = heard.last(peer(1));
        assert_eq!(heard.last(peer(1)), at, "it was heard then, and no more");
    }

    #[test]
    fn a_crowd_of_strangers_does_not_grow_without_bound_nor_drop_who_is_connected() {
        let heard = Heard::new(crate::fixtures::clock());
        heard.opened(peer(0));
        for stranger in 1..40_000 {
            heard.said(peer(stranger));
        }
        let voices = heard.voices.lock().unwrap();
        assert!(voices.len() <= ADDRESSES);
        assert_eq!(voices.get(&peer(0)).map(|voice| voice.open), Some(1));
    }

    #[test]
    fn a_config_was_found_in_one_boot_and_not_in_the_next() {
        let heard = Heard::new(crate::fixtures::clock());
        let (machine, attempt) = (
            MachineId::from_bytes([1; 16]),
            AttemptId::from_bytes([2; 16]),
        );
        let boot = BootId::from_bytes([3; 16]);
        heard.found_config(machine, boot, attempt);
        assert_eq!(heard.config_in(machine, boot), Some(attempt));
        let next = BootId::from_bytes([4; 16]);
        assert_eq!(heard.config_in(machine, next), None);
    }
}
