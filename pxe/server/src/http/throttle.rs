//! Slows down who asks for documents that are not for it: somebody who guesses tokens.
//!
//! A machine never comes near the limit: it has one token, and asks again after seconds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many refusals an address may have in a second.
const PER_SECOND: u32 = 20;
/// The second.
const PERIOD: Duration = Duration::from_secs(1);
/// How many addresses are remembered. If so many guess at once, the others wait with them.
const ADDRESSES: usize = 4096;

/// Counts refusals by address, a second at a time.
#[derive(Debug, Default)]
pub struct Throttle {
    refused: Mutex<BTreeMap<IpAddr, Count>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Instant,
    refusals: u32,
}

impl Count {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= PERIOD
    }
}

impl Throttle {
    /// Whether this address may ask now.
    pub fn admits(&self, address: IpAddr, now: Instant) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = refused.get(&address) {
            return count.is_over(now) || count.refusals < PER_SECOND;
        }
        if refused.len() >= ADDRESSES {
            refused.retain(|_, count| !count.is_over(now));
        }
        refused.len() < ADDRESSES
    }

    /// Counts a refusal.
    pub fn refused(&self, address: IpAddr, now: Instant) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Count {
            since: now,
            refusals: 0,
        };
        let count = refused.entry(address).or_insert(fresh);
        if count.is_over(now) {
            *count = fresh;
        }
        count.refusals += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    #[test]
    fn guesses_of_one_address_are_at_most_twenty_in_a_second_and_hinder_no_other() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let guess = |now| {
            let admitted = throttle.admits(address(1), now);
            if admitted {
                throttle.refused(address(1), now);
            }
            admitted
        };
        let admitted = (0..13_000).filter(|_| guess(start)).count();
        assert_eq!(admitted, 20);
        assert!(throttle.admits(address(2), start), "the machine beside it");
        let admitted = (0..13_000).filter(|_| guess(start + PERIOD)).count();
        assert_eq!(admitted, 20);
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_over_after_a_second() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for number in 0..10_000 {
            if throttle.admits(address(number), start) {
                throttle.refused(address(number), start);
            }
        }
        assert_eq!(throttle.refused.lock().unwrap().len(), ADDRESSES);
        assert!(throttle.admits(address(20_000), start + PERIOD));
    }
}
