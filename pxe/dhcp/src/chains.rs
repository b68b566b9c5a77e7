//! How often a card was given a loader that never came back as iPXE.
//!
//! A loader that does not start (Secure Boot, a broken card, an iPXE that loads itself again) makes
//! a machine ask for ever, and each round is a new boot. After some rounds it gets no loader for a
//! while and goes to its disk, and a person is told.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::time::Timestamp;

/// How many boots of a card may be given a loader within [`WINDOW`], if none becomes iPXE. A machine
/// whose first packets are lost comes back once or twice.
const ROUNDS: usize = 5;
/// For how long a round counts. A server's firmware takes one to five minutes from power-on to PXE:
/// five rounds of a machine that restarts fit in, and it is tried again some minutes later.
const WINDOW: Duration = Duration::from_mins(15);
/// How many cards are counted. Further ones are given their loader uncounted.
const CARDS: usize = 4096;

/// The rounds of all cards.
#[derive(Debug, Default)]
pub struct Chains {
    cards: BTreeMap<MacAddress, VecDeque<Round>>,
}

#[derive(Debug, Clone, Copy)]
struct Round {
    boot: BootId,
    at: Timestamp,
}

/// The chain never ends in iPXE: no loader for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless {
    /// When the card may be given a loader again.
    pub until: Timestamp,
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it was given a loader in {ROUNDS} boots within {} minutes and never came back as iPXE: \
             it gets none until {}; look at its console, and whether Secure Boot is on",
            WINDOW.as_secs() / 60,
            self.until
        )
    }
}

impl Chains {
    /// A boot of this card is to be given a loader. Asked again for the same boot, it counts once.
    pub fn load(&mut self, mac: MacAddress, boot: BootId, now: Timestamp) -> Result<(), Endless> {
        if !self.cards.contains_key(&mac) && !self.has_room(now) {
            return Ok(());
        }
        let rounds = self.cards.entry(mac).or_default();
        rounds.retain(|round| counts(*round, now));
        if rounds.iter().any(|round| round.boot == boot) {
            return Ok(());
        }
        if let (true, Some(first)) = (rounds.len() >= ROUNDS, rounds.front()) {
            let until = first.at.plus(WINDOW);
            return Err(Endless { until });
        }
        rounds.push_back(Round { boot, at: now });
        Ok(())
    }

    /// The card's boot has become iPXE: nothing is wrong with its chain.
    pub fn became_ipxe(&mut self, mac: MacAddress) {
        self.cards.remove(&mac);
    }

    fn has_room(&mut self, now: Timestamp) -> bool {
        if self.cards.len() >= CARDS {
            self.cards
                .retain(|_, rounds| rounds.back().is_some_and(|round| counts(*round, now)));
        }
        self.cards.len() < CARDS
    }
}

fn counts(round: Round, now: Timestamp) -> bool {
    now.since(round.at) < WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    fn boot(number: u8) -> BootId {
        BootId::from_bytes([number; 16])
    }

    #[test]
    fn a_chain_that_never_becomes_ipxe_stops_and_is_tried_again_later() {
        let mut chains = Chains::default();
        for number in 0..5 {
            let now = at(i64::from(number));
            assert_eq!(chains.load(CARD, boot(number), now), Ok(()));
            assert_eq!(chains.load(CARD, boot(number), now), Ok(()), "asked twice");
        }
        let until = at(15);
        assert_eq!(chains.load(CARD, boot(5), at(5)), Err(Endless { until }));
        assert_eq!(chains.load(CARD, boot(6), at(14)), Err(Endless { until }));
        let other = MacAddress::new([2, 0, 0, 0, 0, 2]);
        assert_eq!(chains.load(other, boot(6), at(14)), Ok(()));
        assert_eq!(chains.load(CARD, boot(7), at(15)), Ok(()));
    }

    #[test]
    fn a_boot_that_becomes_ipxe_begins_the_count_anew() {
        let mut chains = Chains::default();
        for number in 0..50 {
            assert_eq!(chains.load(CARD, boot(number), at(0)), Ok(()));
            if number % 4 == 3 {
                chains.became_ipxe(CARD);
            }
        }
    }

    #[test]
    fn a_flood_of_cards_is_bounded_and_stops_nobody() {
        let mut chains = Chains::default();
        for number in 0..5000_u16 {
            let [high, low] = number.to_be_bytes();
            let card = MacAddress::new([2, 0, 0, 0, high, low]);
            assert_eq!(chains.load(card, boot(1), at(0)), Ok(()));
        }
        assert_eq!(chains.cards.len(), CARDS);
        let another = MacAddress::new([2, 0, 0, 0, 0xff, 0xff]);
        assert_eq!(chains.load(another, boot(1), at(20)), Ok(()));
        assert_eq!(chains.cards.len(), 1);
    }
}
