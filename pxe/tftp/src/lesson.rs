//! What the end of a transfer teaches about its peer: the next one is begun otherwise.
//!
//! Some firmware is deaf to an OACK, and on some ways no full packet arrives (a tunnel, a wrong MTU).
//! Both fail the same way each time unless the server remembers. What helped is remembered for longer
//! than what was only tried.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::agreement::{DEFAULT_BLOCK, Limits};
use crate::option::Options;
use crate::outcome::{Abort, Status};
use crate::request::Request;
use crate::transfer::Transfer;

/// How many OACKs in a row must go unanswered. One is what a client leaves that was switched off, or
/// whose switch port was not let through yet; and EDK2 needs the answer to its options.
const UNANSWERED: u8 = 2;
/// For how long it counts: as long as a machine that boots tries and tries again.
const REMEMBERED: Duration = Duration::from_mins(10);
/// For how long it counts once it has helped: from one restart of a machine to the next, but not so
/// long that an address has long been another machine's.
const CONFIRMED: Duration = Duration::from_hours(24);
/// How many peers are remembered. Further ones are served as if nothing was known.
const PEERS: usize = 1024;

/// How the transfer of a peer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It never answered the OACK.
    UnansweredOptions,
    /// It took the options, and no block of this size in bytes arrived.
    NoBlockArrived(u16),
    /// In some other way.
    Other,
}

impl Failure {
    /// How a transfer failed; none if it did not, or only asked for the size, or ended by our doing.
    pub fn of(transfer: &Transfer) -> Option<Self> {
        let Status::Aborted(abort) = transfer.status() else {
            return None;
        };
        let (arrived, _) = transfer.progress();
        let block_size = transfer.agreement().block_size;
        match abort {
            Abort::SizeProbe | Abort::Replaced | Abort::Cancelled => None,
            Abort::Silence { .. } if transfer.waits_for_options() => Some(Self::UnansweredOptions),
            Abort::Silence { .. } | Abort::Stalled if arrived == 0 && transfer.was_heard() => {
                Some(Self::NoBlockArrived(block_size))
            }
            Abort::Silence { .. }
            | Abort::Stalled
            | Abort::Unreachable { .. }
            | Abort::Client { .. } => Some(Self::Other),
        }
    }
}

/// What is known of peers.
#[derive(Debug, Default)]
pub struct Lessons {
    peers: BTreeMap<Ipv4Addr, Lesson>,
}

#[derive(Debug, Clone, Copy)]
struct Lesson {
    unanswered: u8,
    small_blocks: bool,
    learned: Instant,
    /// A file has arrived that way.
    has_helped: bool,
}

impl Lessons {
    /// A transfer of this peer came to its end. If it was served otherwise than it asked, that has
    /// helped; else nothing is wrong with its options.
    pub fn succeeded(&mut self, peer: Ipv4Addr, now: Instant) {
        match self.known(peer, now) {
            Some(lesson) if lesson.is_applied() => {
                let helped = Lesson {
                    learned: now,
                    has_helped: true,
                    ..lesson
                };
                self.peers.insert(peer, helped);
            }
            Some(_) => {
                self.peers.remove(&peer);
            }
            None => {}
        }
    }

    /// A transfer of this peer failed. What was tried because of an earlier failure, and failed too,
    /// is not tried again; what has helped before must fail twice in a row, since a machine may be
    /// switched off in mid-transfer.
    pub fn failed(&mut self, peer: Ipv4Addr, failure: Failure, now: Instant) {
        let before = self.known(peer, now);
        let lesson = match (failure, before) {
            (Failure::UnansweredOptions, before) => Some(Lesson {
                unanswered: before.map_or(1, |it| it.unanswered.saturating_add(1)),
                small_blocks: before.is_some_and(|it| it.small_blocks),
                learned: now,
                has_helped: false,
            }),
            (Failure::NoBlockArrived(size), _) if size > DEFAULT_BLOCK => Some(Lesson {
                unanswered: 0,
                small_blocks: true,
                learned: now,
                has_helped: false,
            }),
            (Failure::NoBlockArrived(_) | Failure::Other, Some(before)) if before.has_helped => {
                Some(Lesson {
                    has_helped: false,
                    ..before
                })
            }
            (Failure::NoBlockArrived(_) | Failure::Other, _) => None,
        };
        match lesson {
            Some(lesson) if self.has_room(peer, now) => {
                self.peers.insert(peer, lesson);
            }
            Some(_) => {}
            None => {
                self.peers.remove(&peer);
            }
        }
    }

    /// How a request of this peer is to be served: with fewer options, or smaller blocks.
    pub fn apply(&self, peer: Ipv4Addr, request: &mut Request, limits: &mut Limits, now: Instant) {
        let Some(lesson) = self.known(peer, now) else {
            return;
        };
        if lesson.is_deaf() {
            request.options = Options::default();
        }
        if lesson.small_blocks {
            limits.block_size = limits.block_size.min(DEFAULT_BLOCK);
        }
    }

    fn known(&self, peer: Ipv4Addr, now: Instant) -> Option<Lesson> {
        let lesson = self.peers.get(&peer).copied();
        lesson.filter(|lesson| lesson.counts(now))
    }

    fn has_room(&mut self, peer: Ipv4Addr, now: Instant) -> bool {
        if self.peers.len() >= PEERS {
            self.peers.retain(|_, lesson| lesson.counts(now));
        }
        self.peers.len() < PEERS || self.peers.contains_key(&peer)
    }
}

impl Lesson {
    const fn is_deaf(&self) -> bool {
        self.unanswered >= UNANSWERED
    }

    const fn is_applied(&self) -> bool {
        self.is_deaf() || self.small_blocks
    }

    fn counts(&self, now: Instant) -> bool {
        let time = if self.has_helped {
            CONFIRMED
        } else {
            REMEMBERED
        };
        now.saturating_duration_since(self.learned) < time
    }
}
