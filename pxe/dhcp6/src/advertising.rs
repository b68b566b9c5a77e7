//! When routers are advertised (RFC 4861 §6.2.4 to §6.2.6): as a value, for whoever has the socket.
//!
//! Everybody is told every few minutes, more often at first. Who asks is told alone and at once, but
//! for a moment drawn at random, so that many who start together are not answered together; who has
//! no address yet is answered by telling everybody, which is done every three seconds at most.

use std::net::Ipv6Addr;
use std::time::Duration;

use machine_core::time::Timestamp;

use crate::router_solicitation::RouterSolicitation;

/// The longest time between two advertisements to all (`MaxRtrAdvInterval`, the RFC's default).
pub const LONGEST_INTERVAL: Duration = Duration::from_mins(10);
/// The shortest (`MinRtrAdvInterval`, a third of it).
const SHORTEST_INTERVAL: Duration = Duration::from_secs(200);
/// Between the first ones at most so much (`MAX_INITIAL_RTR_ADVERT_INTERVAL`, RFC 4861 §10).
const FIRST_INTERVAL: Duration = Duration::from_secs(16);
/// So many are first ones (`MAX_INITIAL_RTR_ADVERTISEMENTS`).
const FIRST_ONES: u8 = 3;
/// Between two to all at least so much (`MIN_DELAY_BETWEEN_RAS`).
const BETWEEN: Duration = Duration::from_secs(3);
/// Answers wait at most so long (`MAX_RA_DELAY_TIME`).
const DELAY: Duration = Duration::from_millis(500);

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// All hosts of the link (`ff02::1`).
    All,
    /// The one that asked.
    One(Ipv6Addr),
}

/// An advertisement that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub audience: Audience,
}

/// When a link is told next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertising {
    next: Timestamp,
    /// When all were told last.
    last: Option<Timestamp>,
    first_ones: u8,
}

impl Advertising {
    /// Of a link that is served from now on: all are told at once.
    pub const fn new(now: Timestamp) -> Self {
        Self {
            next: now,
            last: None,
            first_ones: FIRST_ONES,
        }
    }

    /// When all are told next.
    pub const fn next(&self) -> Planned {
        Planned {
            at: self.next,
            audience: Audience::All,
        }
    }

    /// All were told. `random` is drawn anew each time, any number.
    pub fn told_all(&mut self, now: Timestamp, random: u32) {
        self.last = Some(now);
        self.first_ones = self.first_ones.saturating_sub(1);
        let span = LONGEST_INTERVAL.saturating_sub(SHORTEST_INTERVAL);
        let interval = SHORTEST_INTERVAL + share(span, random);
        self.next = now.plus(if self.first_ones > 0 {
            interval.min(FIRST_INTERVAL)
        } else {
            interval
        });
    }

    /// The answer to a host that asks. What goes to all is planned already when this returns.
    pub fn answer(&mut self, asked: &RouterSolicitation, now: Timestamp, random: u32) -> Planned {
        let at = now.plus(share(DELAY, random));
        if !asked.source.is_unspecified() {
            let audience = Audience::One(asked.source);
            return Planned { at, audience };
        }
        let earliest = self.last.map_or(at, |last| last.plus(BETWEEN));
        self.next = self.next.min(at.max(earliest));
        self.next()
    }
}

/// A part of a time, from none of it to all.
fn share(of: Duration, random: u32) -> Duration {
    of.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn asked(source: &str) -> RouterSolicitation {
        RouterSolicitation {
            source: source.parse().unwrap(),
            card: None,
        }
    }

    #[test]
    fn all_are_told_at_once_and_soon_again_and_then_every_few_minutes() {
        let mut advertising = Advertising::new(at(0));
        let mut times = vec![];
        for _ in 0..4 {
            let now = advertising.next().at;
            times.push(now);
            advertising.told_all(now, 0);
        }
        assert_eq!(times, [at(0), at(16_000), at(32_000), at(232_000)]);
        let mut late = Advertising::new(at(0));
        for now in [0, 16_000, 32_000] {
            late.told_all(at(now), u32::MAX);
        }
        assert_eq!(late.next().at, at(632_000));
    }

    #[test]
    fn who_has_an_address_is_answered_alone_within_half_a_second() {
        let mut advertising = Advertising::new(at(0));
        advertising.told_all(at(0), 0);
        let next = advertising.next();
        let audience = Audience::One("fe80::1".parse().unwrap());
        for (random, then) in [(0, 1000), (u32::MAX, 1500)] {
            let planned = advertising.answer(&asked("fe80::1"), at(1000), random);
            assert_eq!(
                planned,
                Planned {
                    at: at(then),
                    audience
                }
            );
        }
        assert_eq!(
            advertising.next(),
            next,
            "all are told when they would have been"
        );
    }

    #[test]
    fn who_has_none_is_answered_to_all_but_not_more_often_than_every_three_seconds() {
        let mut advertising = Advertising::new(at(0));
        advertising.told_all(at(0), 0);
        let planned = advertising.answer(&asked("::"), at(1000), u32::MAX);
        let audience = Audience::All;
        assert_eq!(
            planned,
            Planned {
                at: at(3000),
                audience
            }
        );
        let again = advertising.answer(&asked("::"), at(2000), u32::MAX);
        assert_eq!(again, planned, "one answer does for both");
        advertising.told_all(at(3000), 0);
        let later = advertising.answer(&asked("::"), at(10_000), 0);
        assert_eq!(later.at, at(10_000));
    }
}
