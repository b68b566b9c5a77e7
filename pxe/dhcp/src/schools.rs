//! Which of the two schools of proxyDHCP answers a card's UEFI firmware is given.
//!
//! Firmware that asks the boot service on port 4011 comes first, as dnsmasq has it: UEFI before 2017
//! drops the first offer that says "use this file" (edk2 issue 6944), while of HP's Gen9 servers the
//! opposite is reported (danderson/netboot issue 43). So a card whose offer led to nothing is given
//! the other school, and the one that works is kept, for it and first of all for other cards of its
//! maker.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::time::Timestamp;

use crate::reply::ProxySchool;

/// A DISCOVER that comes sooner is the same question again. EDK2 repeats its own after 4 s
/// (`DHCP_DISC` back-off of its Dhcp4 driver), iPXE is not asked here.
const SAME_QUESTION: Duration = Duration::from_secs(3);
/// How many offers in a row may lead to nothing, where the school has worked before: packets are lost,
/// and people switch machines off.
const PATIENCE: u8 = 3;
/// How many cards are remembered; then the oldest is forgotten, and is tried anew.
const CARDS: usize = 4096;

/// What was offered to cards, and what came of it.
#[derive(Debug, Default)]
pub struct Schools {
    cards: BTreeMap<MacAddress, Tried>,
    order: VecDeque<MacAddress>,
    makers: BTreeMap<[u8; 3], ProxySchool>,
}

#[derive(Debug, Clone, Copy)]
struct Tried {
    school: ProxySchool,
    at: Timestamp,
    has_worked: bool,
    /// Offers since anything came of one.
    unanswered: u8,
}

impl Schools {
    /// The school of the next offer to this card.
    pub fn next(&mut self, mac: MacAddress, now: Timestamp) -> ProxySchool {
        let Some(tried) = self.cards.get_mut(&mac) else {
            let school = self.of_maker(mac);
            self.remember(mac, Tried::first(school, now));
            return school;
        };
        if now.since(tried.at) >= SAME_QUESTION {
            let patience = if tried.has_worked { PATIENCE } else { 1 };
            if tried.unanswered >= patience {
                *tried = Tried::first(tried.school.other(), now);
            } else {
                tried.unanswered += 1;
                tried.at = now;
            }
        }
        tried.school
    }

    /// The card has asked the boot service, or has come back as iPXE: its offer was taken.
    pub fn has_worked(&mut self, mac: MacAddress) {
        let Some(tried) = self.cards.get_mut(&mac) else {
            return;
        };
        tried.has_worked = true;
        tried.unanswered = 0;
        self.makers.insert(maker(mac), tried.school);
    }

    fn of_maker(&self, mac: MacAddress) -> ProxySchool {
        let known = self.makers.get(&maker(mac));
        known.copied().unwrap_or(ProxySchool::Binl)
    }

    fn remember(&mut self, mac: MacAddress, tried: Tried) {
        self.cards.insert(mac, tried);
        self.order.push_back(mac);
        if self.order.len() > CARDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.cards.remove(&oldest);
        }
    }
}

impl Tried {
    const fn first(school: ProxySchool, at: Timestamp) -> Self {
        Self {
            school,
            at,
            has_worked: false,
            unanswered: 1,
        }
    }
}

impl ProxySchool {
    const fn other(self) -> Self {
        match self {
            Self::DiscoveryControl => Self::Binl,
            Self::Binl => Self::DiscoveryControl,
        }
    }
}

/// The maker of a card (IEEE's registry of the first three bytes).
fn maker(mac: MacAddress) -> [u8; 3] {
    let [a, b, c, ..] = mac.octets();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);
    const ITS_SISTER: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 2]);
    const STRANGER: MacAddress = MacAddress::new([2, 0, 1, 0, 0, 1]);
    const BINL: ProxySchool = ProxySchool::Binl;
    const CONTROL: ProxySchool = ProxySchool::DiscoveryControl;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn an_offer_that_leads_to_nothing_is_followed_by_the_other_school() {
        let mut schools = Schools::default();
        let offered = [0, 4, 12, 28].map(|second| schools.next(CARD, at(second)));
        assert_eq!(offered, [BINL, CONTROL, BINL, CONTROL]);
    }

    #[test]
    fn a_doubled_question_gets_the_same_answer() {
        let mut schools = Schools::default();
        let offered = [0, 0, 2].map(|second| schools.next(CARD, at(second)));
        assert_eq!(offered, [BINL; 3]);
    }

    #[test]
    fn what_has_worked_is_kept_and_tried_first_for_the_makers_other_cards() {
        let mut schools = Schools::default();
        schools.next(CARD, at(0));
        schools.next(CARD, at(4));
        schools.has_worked(CARD);
        assert_eq!(schools.next(CARD, at(600)), CONTROL);
        assert_eq!(schools.next(ITS_SISTER, at(600)), CONTROL);
        assert_eq!(schools.next(STRANGER, at(600)), BINL);
    }

    #[test]
    fn what_has_worked_bears_a_lost_packet_and_not_a_change_of_firmware() {
        let mut schools = Schools::default();
        schools.next(CARD, at(0));
        schools.has_worked(CARD);
        let offered = [100, 200, 300, 400].map(|second| schools.next(CARD, at(second)));
        assert_eq!(offered, [BINL, BINL, BINL, CONTROL]);
    }

    #[test]
    fn who_was_offered_nothing_has_tried_nothing() {
        let mut schools = Schools::default();
        schools.has_worked(CARD);
        assert!(schools.makers.is_empty());
    }

    #[test]
    fn a_flood_of_cards_is_bounded() {
        let mut schools = Schools::default();
        for number in 0..5000_u16 {
            let [high, low] = number.to_be_bytes();
            schools.next(MacAddress::new([2, 0, 0, 0, high, low]), at(0));
        }
        assert_eq!((schools.cards.len(), schools.order.len()), (CARDS, CARDS));
    }
}
