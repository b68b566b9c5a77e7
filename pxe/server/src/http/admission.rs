//! How many connections there may be, in all and from one peer.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// In all: a thousand machines that boot at once, with room.
const TOTAL: usize = 4096;
/// From one peer: iPXE uses one, curl a few.
const PER_PEER: usize = 32;

/// Counts connections.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    peers: BTreeMap<IpAddr, usize>,
}

/// The permission to hold one connection, given back on drop.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    peer: IpAddr,
}

impl Admission {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A permit for one more connection of this peer, if there may be one.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Permit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = open.peers.get(&peer).copied().unwrap_or(0);
        if open.total >= TOTAL || of_peer >= PER_PEER {
            return None;
        }
        open.total += 1;
        open.peers.insert(peer, of_peer + 1);
        Some(Permit {
            admission: Arc::clone(self),
            peer,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self
            .admission
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        match open.peers.get(&self.peer).copied() {
            Some(2..) => *open.peers.entry(self.peer).or_default() -= 1,
            Some(_) | None => {
                open.peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_can_not_take_all() {
        let admission = Admission::new();
        let greedy = IpAddr::from([10, 0, 0, 1]);
        let permits: Vec<Permit> = std::iter::from_fn(|| admission.admit(greedy))
            .take(PER_PEER + 1)
            .collect();
        assert_eq!(permits.len(), PER_PEER);
        assert!(admission.admit(IpAddr::from([10, 0, 0, 2])).is_some());
        drop(permits);
        assert!(admission.admit(greedy).is_some());
        assert!(admission.open.lock().unwrap().peers.is_empty());
    }
}
