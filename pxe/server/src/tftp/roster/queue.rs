//! Requests that wait for a place: first come, first served for each address.
//!
//! One address may wait as often as it likes while there is room. Where there is none, the address
//! that waits most often gives way, so that whoever floods displaces himself.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::time::Instant;

/// How long a client that waits may be silent: twice the longest time after which clients ask again
/// (5 s: tftp-hpa, curl; EDK2 and iPXE less). Then it has given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Who waits, in which order.
#[derive(Debug)]
pub(super) struct Queue {
    room: usize,
    asked: u64,
    waiting: BTreeMap<SocketAddrV4, Waiting>,
    lines: BTreeMap<Ipv4Addr, VecDeque<SocketAddrV4>>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    number: u64,
    heard: Instant,
}

/// How it stands with one who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The next of its address.
    First,
    /// Others of its address came earlier.
    Behind,
    /// It has not asked again for [`PATIENCE`].
    GaveUp,
    /// It had to give way.
    Displaced,
}

impl Queue {
    pub(super) fn new(room: usize) -> Self {
        Self {
            room,
            asked: 0,
            waiting: BTreeMap::new(),
            lines: BTreeMap::new(),
        }
    }

    /// Whether this client waits already; then it has asked again.
    pub(super) fn asks_again(&mut self, peer: SocketAddrV4, now: Instant) -> bool {
        let waiting = self.waiting.get_mut(&peer);
        waiting.map(|waiting| waiting.heard = now).is_some()
    }

    /// Whether others of this address wait.
    pub(super) fn has_line(&self, address: Ipv4Addr) -> bool {
        self.lines.contains_key(&address)
    }

    /// The number under which a client waits from now on; none if there is no room, and nobody has
    /// more of it than this address.
    pub(super) fn join(&mut self, peer: SocketAddrV4, now: Instant) -> Option<u64> {
        if self.waiting.len() >= self.room {
            self.displace(*peer.ip())?;
        }
        self.asked += 1;
        let number = self.asked;
        self.waiting.insert(peer, Waiting { number, heard: now });
        self.lines.entry(*peer.ip()).or_default().push_back(peer);
        Some(number)
    }

    /// Takes the last of the longest line out, if that is longer than this address's would be.
    fn displace(&mut self, address: Ipv4Addr) -> Option<()> {
        let own = self.lines.get(&address).map_or(0, VecDeque::len);
        let longest = self.lines.values().max_by_key(|line| line.len())?;
        let last = (longest.len() > own + 1).then(|| longest.back().copied());
        self.forget(last??);
        Some(())
    }

    pub(super) fn standing(&self, peer: SocketAddrV4, number: u64, now: Instant) -> Standing {
        let waiting = self.waiting.get(&peer).filter(|it| it.number == number);
        let Some(waiting) = waiting else {
            return Standing::Displaced;
        };
        if now.saturating_duration_since(waiting.heard) >= PATIENCE {
            return Standing::GaveUp;
        }
        let line = self.lines.get(peer.ip());
        if line.and_then(VecDeque::front) == Some(&peer) {
            Standing::First
        } else {
            Standing::Behind
        }
    }

    /// It waits no longer. Its place in the line may be another request's by now.
    pub(super) fn leave(&mut self, peer: SocketAddrV4, number: u64) {
        let is_own = |it: &Waiting| it.number == number;
        if self.waiting.get(&peer).is_some_and(is_own) {
            self.forget(peer);
        }
    }

    fn forget(&mut self, peer: SocketAddrV4) {
        self.waiting.remove(&peer);
        if let Some(line) = self.lines.get_mut(peer.ip()) {
            line.retain(|other| *other != peer);
            if line.is_empty() {
                self.lines.remove(peer.ip());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(host: u8, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port)
    }

    #[test]
    fn who_came_first_goes_first_and_each_address_has_a_line_of_its_own() {
        use Standing::{Behind, Displaced, First};
        let (mut queue, now) = (Queue::new(9), Instant::now());
        let numbers = [(1, 3), (1, 2), (2, 1)].map(|(host, port)| {
            let peer = peer(host, port);
            (peer, queue.join(peer, now).unwrap())
        });
        let standings = |queue: &Queue| numbers.map(|(it, number)| queue.standing(it, number, now));
        assert_eq!(standings(&queue), [First, Behind, First]);
        queue.leave(numbers[0].0, numbers[0].1);
        assert_eq!(standings(&queue), [Displaced, First, First]);
        assert!(queue.has_line(*numbers[1].0.ip()));
        queue.leave(numbers[1].0, numbers[1].1);
        assert!(!queue.has_line(*numbers[1].0.ip()));
    }

    #[test]
    fn who_does_not_ask_again_has_given_up() {
        let (mut queue, now) = (Queue::new(9), Instant::now());
        let number = queue.join(peer(1, 1), now).unwrap();
        let later = now + PATIENCE;
        assert_eq!(queue.standing(peer(1, 1), number, later), Standing::GaveUp);
        assert!(queue.asks_again(peer(1, 1), now + PATIENCE / 2));
        assert_eq!(queue.standing(peer(1, 1), number, later), Standing::First);
        assert!(!queue.asks_again(peer(1, 2), now));
    }

    #[test]
    fn whoever_floods_displaces_himself() {
        let (mut queue, now) = (Queue::new(4), Instant::now());
        let flood: Vec<u64> = (1..=4)
            .map(|port| queue.join(peer(1, port), now).unwrap())
            .collect();
        assert_eq!(queue.join(peer(1, 5), now), None, "its own line is longest");
        let other = queue.join(peer(2, 1), now).expect("it has its share");
        assert_eq!(queue.standing(peer(2, 1), other, now), Standing::First);
        let last = queue.standing(peer(1, 4), flood[3], now);
        assert_eq!(last, Standing::Displaced);
        assert_eq!(
            queue.standing(peer(1, 1), flood[0], now),
            Standing::First,
            "the earliest stays"
        );
    }
}
