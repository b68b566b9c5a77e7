//! Who may hold a connection, and who may be answered: places, by what a connection is doing.
//!
//! ```text
//!  accept ─► waiting ──── a whole request ───► script or document ─┐ 503 when its places are taken
//!              ▲  │ places short: the         ► download          ─┤
//!              │  └ longest silent one leaves                      │
//!              └───────────── the answer is written ◄──────────────┘
//! ```
//! The three kinds of places are apart: whoever says nothing, or downloads, takes none from a
//! machine that asks for its script. A new connection always gets a place: another one that waits
//! gives way for it, first one that was answered before, then one that has not asked yet; always of
//! the address that has most of them, and there the one that has waited longest. So a flood
//! displaces itself. No I/O happens here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

/// How many places there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceLimits {
    /// Connections that wait for a request.
    pub(crate) waiting: usize,
    /// Scripts and documents that are being answered.
    pub(crate) scripts: usize,
    /// Files that are being sent.
    pub(crate) downloads: usize,
    /// Scripts and documents of one address: iPXE asks for one at a time.
    pub(crate) scripts_per_peer: usize,
    /// Downloads of one address: iPXE makes one at a time, curl a few.
    pub(crate) downloads_per_peer: usize,
}

impl PlaceLimits {
    /// Of so many connections: half wait, an eighth are scripts, three eighths are downloads.
    pub(crate) const fn of(connections: usize) -> Self {
        let scripts = at_least(connections / 8, 1);
        let downloads = at_least(connections * 3 / 8, 1);
        Self {
            waiting: at_least(connections.saturating_sub(scripts + downloads), 1),
            scripts,
            downloads,
            scripts_per_peer: 8,
            downloads_per_peer: 32,
        }
    }
}

const fn at_least(count: usize, least: usize) -> usize {
    if count < least { least } else { count }
}

/// What a request takes while it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A script, a document, or a few words.
    Script,
    /// A file.
    Download,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Script => "script",
            Self::Download => "download",
        })
    }
}

/// A connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u64);

/// Why a request is not answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// All places are taken, or all that its address may have.
    Full,
    /// The connection has given way to another.
    GaveWay,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Places {
    limits: PlaceLimits,
    next: u64,
    connections: BTreeMap<Number, (IpAddr, Doing)>,
    /// Those that were answered and have not asked again.
    idle: Crowd,
    /// Those that have not asked yet.
    unheard: Crowd,
    scripts: Taken,
    downloads: Taken,
}

#[derive(Debug, Clone, Copy)]
enum Doing {
    /// Was not answered yet.
    Unheard { since: u64 },
    /// Was answered.
    Idle { since: u64 },
    /// Is being answered.
    Answered(Kind),
}

impl Places {
    pub(crate) fn new(limits: PlaceLimits) -> Self {
        Self {
            limits,
            next: 0,
            connections: BTreeMap::new(),
            idle: Crowd::default(),
            unheard: Crowd::default(),
            scripts: Taken::default(),
            downloads: Taken::default(),
        }
    }

    /// A new connection, and the one that gives way to it if there is no room.
    pub(crate) fn enter(&mut self, peer: IpAddr) -> (Number, Option<Number>) {
        let since = self.count();
        let number = Number(since);
        self.connections
            .insert(number, (peer, Doing::Unheard { since }));
        self.unheard.add(peer, (since, number));
        (number, self.give_way())
    }

    /// The connection has sent a whole request.
    pub(crate) fn ask(&mut self, number: Number, kind: Kind) -> Result<(), Refused> {
        let Some((peer, doing)) = self.connections.get(&number).copied() else {
            return Err(Refused::GaveWay);
        };
        // A second request may follow before the answer to the first is written.
        if !self.has_room(peer, kind) {
            return Err(Refused::Full);
        }
        self.stop(number, peer, doing);
        self.taken(kind).add(peer);
        self.connections
            .insert(number, (peer, Doing::Answered(kind)));
        Ok(())
    }

    /// Its answer has been written; the connection that gives way, if now too many wait.
    pub(crate) fn answered(&mut self, number: Number) -> Option<Number> {
        let (peer, doing) = self.connections.get(&number).copied()?;
        let since = self.count();
        self.stop(number, peer, doing);
        self.connections
            .insert(number, (peer, Doing::Idle { since }));
        self.idle.add(peer, (since, number));
        self.give_way()
    }

    /// The connection has ended.
    pub(crate) fn leave(&mut self, number: Number) {
        if let Some((peer, doing)) = self.connections.remove(&number) {
            self.stop(number, peer, doing);
        }
    }

    /// The connection that has to go when the system has none left to give.
    pub(crate) fn shed(&mut self) -> Option<Number> {
        let longest = self.idle.longest().or_else(|| self.unheard.longest())?;
        self.leave(longest);
        Some(longest)
    }

    /// Of the last quarter of the download places each address gets one: many slow readers of few
    /// addresses must not keep a machine from its kernel.
    fn has_room(&self, peer: IpAddr, kind: Kind) -> bool {
        let limits = &self.limits;
        match kind {
            Kind::Script => {
                self.scripts.all < limits.scripts && self.scripts.of(peer) < limits.scripts_per_peer
            }
            Kind::Download => {
                let own = self.downloads.of(peer);
                let is_scarce = self.downloads.all >= limits.downloads - limits.downloads / 4;
                let most = if is_scarce {
                    1
                } else {
                    limits.downloads_per_peer
                };
                self.downloads.all < limits.downloads && own < most
            }
        }
    }

    fn give_way(&mut self) -> Option<Number> {
        if self.idle.len + self.unheard.len <= self.limits.waiting {
            return None;
        }
        self.shed()
    }

    fn stop(&mut self, number: Number, peer: IpAddr, doing: Doing) {
        match doing {
            Doing::Unheard { since } => self.unheard.remove(peer, (since, number)),
            Doing::Idle { since } => self.idle.remove(peer, (since, number)),
            Doing::Answered(kind) => self.taken(kind).remove(peer),
        }
    }

    const fn taken(&mut self, kind: Kind) -> &mut Taken {
        match kind {
            Kind::Script => &mut self.scripts,
            Kind::Download => &mut self.downloads,
        }
    }

    const fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// Places that are taken, in all and by address.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    peers: BTreeMap<IpAddr, usize>,
}

impl Taken {
    fn of(&self, peer: IpAddr) -> usize {
        self.peers.get(&peer).copied().unwrap_or(0)
    }

    fn add(&mut self, peer: IpAddr) {
        self.all += 1;
        *self.peers.entry(peer).or_default() += 1;
    }

    fn remove(&mut self, peer: IpAddr) {
        let left = self.of(peer).saturating_sub(1);
        self.all = self.all.saturating_sub(1);
        if left == 0 {
            self.peers.remove(&peer);
        } else {
            self.peers.insert(peer, left);
        }
    }
}

/// Connections that wait, by address and since when.
#[derive(Debug, Default)]
struct Crowd {
    len: usize,
    peers: BTreeMap<IpAddr, BTreeSet<(u64, Number)>>,
    sizes: BTreeSet<(usize, IpAddr)>,
}

impl Crowd {
    fn add(&mut self, peer: IpAddr, waits: (u64, Number)) {
        self.change(peer, |of_peer| of_peer.insert(waits));
    }

    fn remove(&mut self, peer: IpAddr, waits: (u64, Number)) {
        self.change(peer, |of_peer| of_peer.remove(&waits));
    }

    /// The one that has waited longest of the address that has most.
    fn longest(&self) -> Option<Number> {
        let (_, peer) = self.sizes.last()?;
        let (_, number) = self.peers.get(peer)?.first()?;
        Some(*number)
    }

    fn change(&mut self, peer: IpAddr, change: impl FnOnce(&mut BTreeSet<(u64, Number)>) -> bool) {
        let of_peer = self.peers.entry(peer).or_default();
        let before = of_peer.len();
        change(of_peer);
        let after = of_peer.len();
        self.len = self.len + after - before;
        self.sizes.remove(&(before, peer));
        if after == 0 {
            self.peers.remove(&peer);
        } else {
            self.sizes.insert((after, peer));
        }
    }
}

#[cfg(test)]
mod tests;
