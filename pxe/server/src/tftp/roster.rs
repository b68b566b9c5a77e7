//! Who is reading a file, and who may begin to.
//!
//! A client is known by its address and port. While its transfer lives, the same request again is
//! a repetition and starts nothing; another request takes the place of the old one (EDK2 asks for
//! the size, gives up, and asks again). Transfers are bounded in all and per address. Where there
//! are too many, the one whose client has been silent longest ends for the new one: firmware begins
//! transfers and leaves them without a word. If all of them are alive, the new one waits in the line
//! of its address.

pub(crate) mod limits;
mod queue;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pxe_tftp::request::Request;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::tftp::roster::limits::RosterLimits;
use crate::tftp::roster::queue::{Queue, Standing};

/// How long a client must have been silent for another to take its place: a live one acknowledges
/// within milliseconds, and is asked again after half a second.
const SILENT: Duration = Duration::from_millis(500);
/// How long a client must have been silent for its transfer to be over when the server stops: longer
/// than the second or so that firmware takes until it repeats what got lost.
const GONE: Duration = Duration::from_secs(2);
/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// It may begin.
    Begins(Ticket),
    /// Its transfer lives: it has been told.
    Repeats,
    /// It may begin when there is a place.
    Waits(Queued),
    /// Too many wait already, most of them of this address.
    TooMany,
}

/// All transfers.
#[derive(Debug)]
pub(crate) struct Roster {
    limits: RosterLimits,
    active: Mutex<Active>,
    /// A place was given back.
    freed: Notify,
    began: Instant,
}

#[derive(Debug)]
struct Active {
    started: u64,
    transfers: BTreeMap<SocketAddrV4, Entry>,
    queue: Queue,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    request: Request,
    again: mpsc::Sender<()>,
    heard: Arc<AtomicU64>,
}

/// A request that waits for a place, forgotten on drop.
#[derive(Debug)]
pub(crate) struct Queued {
    roster: Arc<Roster>,
    peer: SocketAddrV4,
    number: u64,
}

/// Why a request that waited got no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// Its client does not ask any more, or the server stops.
    Gone,
    /// Others wait, and its address waits most often.
    Displaced,
}

/// A place on the roster, given back on drop.
#[derive(Debug)]
pub(crate) struct Ticket {
    roster: Arc<Roster>,
    peer: SocketAddrV4,
    number: u64,
    /// When its client was heard of last, in milliseconds of the roster's life.
    heard: Arc<AtomicU64>,
    /// The client has sent the same request again; none any more, once its place is another's.
    pub(crate) again: mpsc::Receiver<()>,
    /// The server stops.
    pub(crate) stop: CancellationToken,
}

impl Roster {
    pub(crate) fn new(limits: RosterLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            active: Mutex::new(Active {
                started: 0,
                transfers: BTreeMap::new(),
                queue: Queue::new(limits.waiting),
            }),
            freed: Notify::new(),
            began: Instant::now(),
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
        let now = Instant::now();
        if active.queue.asks_again(peer, now) {
            return Admitted::Repeats;
        }
        // Who waits longer goes first.
        if !active.queue.has_line(*peer.ip())
            && let Some(ticket) = self.begin(&mut active, peer, request, stop)
        {
            return Admitted::Begins(ticket);
        }
        let Some(number) = active.queue.join(peer, now) else {
            return Admitted::TooMany;
        };
        Admitted::Waits(Queued {
            roster: Arc::clone(self),
            peer,
            number,
        })
    }

    fn begin(
        self: &Arc<Self>,
        active: &mut Active,
        peer: SocketAddrV4,
        request: &Request,
        stop: &CancellationToken,
    ) -> Option<Ticket> {
        self.make_room(active, *peer.ip())?;
        active.started += 1;
        let (number, stop) = (active.started, stop.clone());
        let (sender, again) = mpsc::channel(1);
        let heard = Arc::new(AtomicU64::new(self.now()));
        let entry = Entry {
            number,
            request: request.clone(),
            again: sender,
            heard: Arc::clone(&heard),
        };
        active.transfers.insert(peer, entry);
        Some(Ticket {
            roster: Arc::clone(self),
            peer,
            number,
            heard,
            again,
            stop,
        })
    }

    /// Ends the transfer of the most silent client where there are too many: of this address, or of
    /// all. None if there are too many and all are alive.
    fn make_room(&self, active: &mut Active, address: Ipv4Addr) -> Option<()> {
        let of_address = active.transfers.range(ports_of(address));
        let silent = if of_address.clone().count() >= self.limits.per_address {
            self.most_silent(of_address)?
        } else if active.transfers.len() >= self.limits.total {
            self.most_silent(active.transfers.iter())?
        } else {
            return Some(());
        };
        active.transfers.remove(&silent);
        Some(())
    }

    /// The server stops: ends the transfers whose clients are gone, so that it waits for those that
    /// are alive and for no others.
    pub(crate) fn end_gone(&self) {
        let now = self.now();
        // The sender of an entry goes with it: so its transfer learns of that.
        self.active().transfers.retain(|_, entry| {
            let heard = entry.heard.load(Ordering::Relaxed);
            Duration::from_millis(now.saturating_sub(heard)) < GONE
        });
    }

    fn most_silent<'a>(
        &self,
        transfers: impl Iterator<Item = (&'a SocketAddrV4, &'a Entry)>,
    ) -> Option<SocketAddrV4> {
        let heard = transfers.map(|(peer, entry)| (entry.heard.load(Ordering::Relaxed), *peer));
        let (heard, peer) = heard.min()?;
        let is_silent = Duration::from_millis(self.now().saturating_sub(heard)) >= SILENT;
        is_silent.then_some(peer)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queued {
    /// Waits for a place, for as long as the client asks again.
    pub(crate) async fn place(
        self,
        request: &Request,
        stop: &CancellationToken,
    ) -> Result<Ticket, NoPlace> {
        while !stop.is_cancelled() {
            let freed = self.roster.freed.notified();
            if let Some(ticket) = self.try_place(request, stop)? {
                return Ok(ticket);
            }
            // Whoever was alive may be silent by then.
            let _ = tokio::time::timeout(SILENT, freed).await;
        }
        Err(NoPlace::Gone)
    }

    fn try_place(
        &self,
        request: &Request,
        stop: &CancellationToken,
    ) -> Result<Option<Ticket>, NoPlace> {
        let mut active = self.roster.active();
        match active
            .queue
            .standing(self.peer, self.number, Instant::now())
        {
            Standing::GaveUp => Err(NoPlace::Gone),
            Standing::Displaced => Err(NoPlace::Displaced),
            Standing::Behind => Ok(None),
            Standing::First => {
                let ticket = self.roster.begin(&mut active, self.peer, request, stop);
                if ticket.is_some() {
                    active.queue.leave(self.peer, self.number);
                    // There may be a place for the next of this line, too.
                    self.roster.freed.notify_waiters();
                }
                Ok(ticket)
            }
        }
    }
}

impl Ticket {
    /// Its client has sent something.
    pub(crate) fn heard(&self) {
        self.heard.store(self.roster.now(), Ordering::Relaxed);
    }

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

impl Drop for Queued {
    fn drop(&mut self) {
        self.roster.active().queue.leave(self.peer, self.number);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.roster.active().remove(self.peer, self.number);
        self.roster.freed.notify_waiters();
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
mod tests;
