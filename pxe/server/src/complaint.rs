//! Complaints about what came in: each is counted, and logged once per source and minute with what
//! was wrong, so that a flood fills no disk.
//!
//! ```text
//! dropped: wanted a message type in option 53, got none   source=52:54:00:77:00:01 more=12 total=340
//! dropped: further sources, of which no more is said      source=others more=4711 total=5051
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use tracing::warn;

/// How long a source stays quiet in the log after a line about it.
const QUIET: Duration = Duration::from_mins(1);
/// How many sources are remembered, and so how many have a line in a minute; of further ones the
/// log has the number.
const SOURCES: usize = 64;

/// About whom a complaint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Whoever sends from this address.
    Address(IpAddr),
    /// A card: most DHCP clients have no address yet.
    Card(MacAddress),
    /// Whoever asks from this address for what is this machine's.
    Asker(MachineId, IpAddr),
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<MacAddress> for Source {
    fn from(mac: MacAddress) -> Self {
        Self::Card(mac)
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) | Self::Asker(_, address) => address.fmt(f),
            Self::Card(mac) => mac.fmt(f),
        }
    }
}

/// Counts what came in broken over one protocol.
#[derive(Debug)]
pub struct Complaints {
    protocol: &'static str,
    total: AtomicU64,
    said: Mutex<Said>,
}

/// When a line was due last, and what was silent since.
#[derive(Debug, Clone, Copy)]
struct Line {
    at: Instant,
    silent: u64,
}

#[derive(Debug)]
struct Said {
    sources: BTreeMap<Source, Line>,
    /// Of all that have no place among the sources.
    others: Option<Line>,
}

/// What is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// The complaint, and how many of this source were silent before it.
    Line { more: u64 },
    /// How many there were of sources that have no place.
    Others { more: u64 },
    /// Nothing.
    Silence,
}

impl Complaints {
    /// For this protocol: `dhcp`, `tftp`, `http`.
    pub const fn new(protocol: &'static str) -> Self {
        let said = Said {
            sources: BTreeMap::new(),
            others: None,
        };
        Self {
            protocol,
            total: AtomicU64::new(0),
            said: Mutex::new(said),
        }
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Counts one, and logs it unless its source was logged within the last minute. Whether it was
    /// logged.
    pub fn note(&self, source: impl Into<Source>, why: &dyn Display) -> bool {
        let (protocol, source) = (self.protocol, source.into());
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        match self.due(source, Instant::now()) {
            Due::Line { more } => {
                warn!(protocol, %source, more, total, "dropped: {why}");
                true
            }
            Due::Others { more } => {
                let why = "further sources, of which no more is said";
                warn!(protocol, source = %"others", more, total, "dropped: {why}");
                false
            }
            Due::Silence => false,
        }
    }

    fn due(&self, source: Source, now: Instant) -> Due {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.due(source, now)
    }
}

impl Said {
    fn due(&mut self, source: Source, now: Instant) -> Due {
        if let Some(line) = self.sources.get_mut(&source) {
            return line
                .repeated(now)
                .map_or(Due::Silence, |more| Due::Line { more });
        }
        if self.sources.len() >= SOURCES {
            self.sources.retain(|_, line| !line.is_over(now));
        }
        if self.sources.len() < SOURCES {
            self.sources.insert(source, Line { at: now, silent: 0 });
            return Due::Line { more: 0 };
        }
        if let Some(line) = &mut self.others {
            return line
                .repeated(now)
                .map_or(Due::Silence, |more| Due::Others { more: more + 1 });
        }
        self.others = Some(Line { at: now, silent: 0 });
        Due::Others { more: 1 }
    }
}

impl Line {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.at) >= QUIET
    }

    /// How many were silent, if a line is due again.
    fn repeated(&mut self, now: Instant) -> Option<u64> {
        if !self.is_over(now) {
            self.silent += 1;
            return None;
        }
        let more = self.silent;
        *self = Self { at: now, silent: 0 };
        Some(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> Source {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes()).into()
    }

    #[test]
    fn a_source_is_logged_once_a_minute_with_what_was_silent() {
        let complaints = Complaints::new("dhcp");
        let start = Instant::now();
        let due = |number, now| complaints.due(source(number), now);
        assert_eq!(due(1, start), Due::Line { more: 0 });
        assert_eq!(due(1, start), Due::Silence);
        assert_eq!(due(2, start), Due::Line { more: 0 });
        assert_eq!(due(1, start + QUIET), Due::Line { more: 1 });
        assert_eq!(due(1, start + QUIET), Due::Silence);
    }

    #[test]
    fn a_card_without_an_address_hides_no_other() {
        let complaints = Complaints::new("dhcp");
        let card = |last| MacAddress::new([2, 0, 0, 0, 0, last]);
        assert!(complaints.note(card(1), &"broken"));
        assert!(!complaints.note(card(1), &"broken"));
        assert!(complaints.note(card(2), &"broken"));
        assert_eq!(complaints.total(), 3);
        assert_eq!(Source::from(card(1)).to_string(), "02:00:00:00:00:01");
    }

    #[test]
    fn of_a_flood_of_sources_the_number_is_told() {
        let complaints = Complaints::new("dhcp");
        let start = Instant::now();
        let flood = |now| {
            let said = (0..5000).map(|number| complaints.due(source(number), now));
            said.filter(|due| *due != Due::Silence).collect::<Vec<_>>()
        };
        let said = flood(start);
        assert_eq!(said.len(), SOURCES + 1);
        assert_eq!(said.last(), Some(&Due::Others { more: 1 }));
        let said = complaints.said.lock().unwrap();
        assert_eq!(said.sources.len(), SOURCES);
        drop(said);
        let said = flood(start + QUIET);
        let missed = 5000 - u64::try_from(SOURCES).unwrap();
        let others = Due::Others { more: missed };
        assert!(said.contains(&others), "{said:?}");
    }
}
