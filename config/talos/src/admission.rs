//! How many connections one peer, and all peers, may hold at once. A seat is given back when it is
//! dropped.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dropped::Dropped;

/// The seats of one listener.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of_peer: BTreeMap<IpAddr, usize>,
}

impl Admission {
    /// A seat for another connection of `peer`.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, Dropped> {
        let mut taken = self.lock();
        if taken.all >= ALL_LIMIT {
            return Err(Dropped::TooManyInAll { limit: ALL_LIMIT });
        }
        let of_peer = taken.of_peer.entry(peer).or_default();
        if *of_peer >= PEER_LIMIT {
            return Err(Dropped::TooManyOfPeer { limit: PEER_LIMIT });
        }
        *of_peer += 1;
        taken.all += 1;
        Ok(Seat {
            admission: Arc::clone(self),
            peer,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right of one connection to be there.
#[derive(Debug)]
pub(crate) struct Seat {
    admission: Arc<Admission>,
    peer: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.admission.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_peer) = taken.of_peer.get_mut(&self.peer) {
            *of_peer = of_peer.saturating_sub(1);
            if *of_peer == 0 {
                taken.of_peer.remove(&self.peer);
            }
        }
    }
}

/// Connections of one peer. A node holds one for each log destination; those of its last boot
/// linger until the keep-alive finds them dead.
const PEER_LIMIT: usize = 8;
/// Connections of all peers.
const ALL_LIMIT: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn a_peer_has_so_many_seats_and_gets_them_back() {
        let admission = Arc::new(Admission::default());
        let mut seats: Vec<Seat> = (0..PEER_LIMIT)
            .map(|_| admission.admit(peer(1)).unwrap())
            .collect();
        assert_eq!(
            admission.admit(peer(1)).unwrap_err(),
            Dropped::TooManyOfPeer { limit: PEER_LIMIT }
        );
        assert!(
            admission.admit(peer(2)).is_ok(),
            "another peer is not concerned"
        );
        seats.pop();
        assert!(admission.admit(peer(1)).is_ok());
        drop(seats);
        assert!(admission.lock().of_peer.is_empty());
        assert_eq!(admission.lock().all, 0);
    }

    #[test]
    fn all_peers_together_have_so_many_seats() {
        let admission = Arc::new(Admission::default());
        let address = |n: u16| IpAddr::from([10, 0, n.to_be_bytes()[0], n.to_be_bytes()[1]]);
        let limit = u16::try_from(ALL_LIMIT).unwrap();
        let seats: Vec<Seat> = (0..limit)
            .map(|n| admission.admit(address(n)).unwrap())
            .collect();
        assert_eq!(seats.len(), ALL_LIMIT);
        assert_eq!(
            admission.admit(address(limit)).unwrap_err(),
            Dropped::TooManyInAll { limit: ALL_LIMIT }
        );
    }
}
