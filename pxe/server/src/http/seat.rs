//! The connections of one listener and their places, as tasks share them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::http::places::{Kind, Number, PlaceLimits, Places, Refused};

/// The places of one listener.
#[derive(Debug)]
pub(crate) struct Room {
    seated: Mutex<Seated>,
}

#[derive(Debug)]
struct Seated {
    places: Places,
    /// How each connection is told to give way.
    told: BTreeMap<Number, CancellationToken>,
}

/// The place of one connection, given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    room: Arc<Room>,
    number: Number,
    told: CancellationToken,
    /// A request is being answered.
    is_busy: AtomicBool,
    /// The whole answer is with the connection, though perhaps not with the system.
    is_ending: AtomicBool,
    /// Some request was answered.
    was_answered: AtomicBool,
}

/// Held by the body of an answer until its last byte was taken.
#[derive(Debug)]
pub(crate) struct Answering {
    seat: Arc<Seat>,
}

impl Room {
    pub(crate) fn new(limits: PlaceLimits) -> Arc<Self> {
        Arc::new(Self {
            seated: Mutex::new(Seated {
                places: Places::new(limits),
                told: BTreeMap::new(),
            }),
        })
    }

    /// A seat for a new connection: another gives way if there is none left.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Arc<Seat> {
        let mut seated = self.seated();
        let (number, gives_way) = seated.places.enter(peer);
        let told = CancellationToken::new();
        seated.told.insert(number, told.clone());
        seated.tell(gives_way);
        Arc::new(Seat {
            room: Arc::clone(self),
            number,
            told,
            is_busy: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            was_answered: AtomicBool::new(false),
        })
    }

    /// Has one connection that waits give way. Whether there was one.
    pub(crate) fn shed(&self) -> bool {
        let mut seated = self.seated();
        let gives_way = seated.places.shed();
        seated.tell(gives_way);
        gives_way.is_some()
    }

    fn seated(&self) -> MutexGuard<'_, Seated> {
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seated {
    fn tell(&mut self, gives_way: Option<Number>) {
        if let Some(told) = gives_way.and_then(|number| self.told.remove(&number)) {
            told.cancel();
        }
    }
}

impl Seat {
    /// A place for the answer to a whole request.
    pub(crate) fn ask(self: &Arc<Self>, kind: Kind) -> Result<Answering, Refused> {
        self.is_busy.store(true, Ordering::Relaxed);
        self.is_ending.store(false, Ordering::Relaxed);
        let asked = self.room.seated().places.ask(self.number, kind);
        match asked {
            Ok(()) => Ok(Answering {
                seat: Arc::clone(self),
            }),
            Err(refused) => {
                self.is_ending.store(true, Ordering::Relaxed);
                Err(refused)
            }
        }
    }

    /// All that was written is with the system.
    pub(crate) fn flushed(&self) {
        if self.is_ending.swap(false, Ordering::Relaxed) {
            self.is_busy.store(false, Ordering::Relaxed);
            self.was_answered.store(true, Ordering::Relaxed);
            let mut seated = self.room.seated();
            let gives_way = seated.places.answered(self.number);
            seated.tell(gives_way);
        }
    }

    /// Waits until the connection has to give way.
    pub(crate) async fn gives_way(&self) {
        self.told.cancelled().await;
    }

    /// Whether a request is being answered.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }

    /// Whether some request was answered.
    pub(crate) fn was_answered(&self) -> bool {
        self.was_answered.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seated = self.room.seated();
        seated.places.leave(self.number);
        seated.told.remove(&self.number);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.seat.is_ending.store(true, Ordering::Relaxed);
    }
}
