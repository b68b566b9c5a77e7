//! Who is reading a file, and who may begin to.
//!
//! A client is known by its address and port. While its transfer lives, the same request again is
//! a repetition and starts nothing; another request takes the place of the old one (EDK2 asks for
//! the size, gives up, and asks again). Transfers are bounded in all and per address.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pxe_tftp::request::Request;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many transfers there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RosterLimits {
    pub(crate) total: usize,
    pub(crate) per_address: usize,
}

impl Default for RosterLimits {
    fn default() -> Self {
        Self {
            total: 2048,
            per_address: 8,
        }
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// It may begin.
    Begins(Ticket),
    /// Its transfer lives: it has been told.
    Repeats,
    /// There are too many.
    TooMany,
}

/// All transfers.
#[derive(Debug)]
pub(crate) struct Roster {
    limits: RosterLimits,
    active: Mutex<Active>,
}

#[derive(Debug, Default)]
struct Active {
    started: u64,
    transfers: BTreeMap<SocketAddrV4, Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    request: Request,
    again: mpsc::Sender<()>,
}

/// A place on the roster, given back on drop.
#[derive(Debug)]
pub(crate) struct Ticket {
    roster: Arc<Roster>,
    peer: SocketAddrV4,
    number: u64,
    /// The client has sent the same request again; none any more, once it has sent another.
    pub(crate) again: mpsc::Receiver<()>,
    /// The server stops.
    pub(crate) stop: CancellationToken,
}

impl Roster {
    pub(crate) fn new(limits: RosterLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            active: Mutex::default(),
        })
    }

    /// What becomes of this request. `stop` ends the transfer when the server stops.
    pub(crate) fn admit(
        self: &Arc<Self>,
        peer: SocketAddrV4,
        request: &Request,
        stop: &CancellationToken,
    ) -> Admitted {
        let mut active = self.active();
        if let Some(entry) = active.transfers.get(&peer) {
            if entry.request == *request {
                let _ = entry.again.try_send(());
                return Admitted::Repeats;
            }
            // Its sender goes with it: so its transfer learns of that.
            active.transfers.remove(&peer);
        }
        let of_address = active.transfers.range(ports_of(*peer.ip())).count();
        if active.transfers.len() >= self.limits.total || of_address >= self.limits.per_address {
            return Admitted::TooMany;
        }
        active.started += 1;
        let (number, stop) = (active.started, stop.clone());
        let (sender, again) = mpsc::channel(1);
        let request = request.clone();
        let entry = Entry {
            number,
            request,
            again: sender,
        };
        active.transfers.insert(peer, entry);
        Admitted::Begins(Ticket {
            roster: Arc::clone(self),
            peer,
            number,
            again,
            stop,
        })
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Gives the place back, unless the client has just asked again: then the transfer begins anew
    /// on the same place.
    pub(crate) fn leave(&mut self) -> bool {
        let mut active = self.roster.active();
        if self.again.try_recv().is_ok() && !self.stop.is_cancelled() {
            return false;
        }
        active.remove(self.peer, self.number);
        true
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.roster.active().remove(self.peer, self.number);
    }
}

impl Active {
    /// The place may be another's by now.
    fn remove(&mut self, peer: SocketAddrV4, number: u64) {
        if self
            .transfers
            .get(&peer)
            .is_some_and(|entry| entry.number == number)
        {
            self.transfers.remove(&peer);
        }
    }
}

fn ports_of(address: Ipv4Addr) -> std::ops::RangeInclusive<SocketAddrV4> {
    SocketAddrV4::new(address, 0)..=SocketAddrV4::new(address, u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(file: &str) -> Request {
        Request::decode(format!("\0\x01{file}\0octet\0").as_bytes()).unwrap()
    }

    fn peer(host: u8, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port)
    }

    fn begin(roster: &Arc<Roster>, peer: SocketAddrV4, file: &str) -> Ticket {
        match roster.admit(peer, &request(file), &CancellationToken::new()) {
            Admitted::Begins(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_request_is_a_repetition_while_its_transfer_lives() {
        let roster = Roster::new(RosterLimits::default());
        let stop = CancellationToken::new();
        let mut ticket = begin(&roster, peer(1, 2000), "a");
        assert!(matches!(
            roster.admit(peer(1, 2000), &request("a"), &stop),
            Admitted::Repeats
        ));
        assert!(!ticket.leave(), "it was asked for again, and begins anew");
        assert!(ticket.leave());
        let _new = begin(&roster, peer(1, 2000), "a");
        drop(ticket);
        assert!(matches!(
            roster.admit(peer(1, 2000), &request("a"), &stop),
            Admitted::Repeats
        ));
    }

    #[test]
    fn another_request_takes_the_place() {
        let roster = Roster::new(RosterLimits::default());
        let old = begin(&roster, peer(1, 2000), "a");
        let new = begin(&roster, peer(1, 2000), "b");
        assert!(old.again.is_closed() && !new.again.is_closed());
        drop(old);
        assert!(!new.again.is_closed(), "the place is the new one's");
    }

    #[test]
    fn there_are_bounds() {
        let roster = Roster::new(RosterLimits {
            total: 3,
            per_address: 2,
        });
        let stop = CancellationToken::new();
        let held = [
            begin(&roster, peer(1, 1), "a"),
            begin(&roster, peer(1, 2), "a"),
        ];
        assert!(matches!(
            roster.admit(peer(1, 3), &request("a"), &stop),
            Admitted::TooMany
        ));
        let _third = begin(&roster, peer(2, 1), "a");
        assert!(matches!(
            roster.admit(peer(3, 1), &request("a"), &stop),
            Admitted::TooMany
        ));
        drop(held);
        let _fourth = begin(&roster, peer(3, 1), "a");
    }
}
