//! Complaints about requests that make no sense: each is counted, and logged once per source and
//! minute with what was wrong, so that a flood fills no disk.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

/// How long a source stays quiet in the log after a line about it.
const QUIET: Duration = Duration::from_mins(1);
/// How many sources are remembered; further ones are counted, and logged only as a number.
const SOURCES: usize = 1024;

/// Counts what came in broken over one protocol.
#[derive(Debug)]
pub struct Complaints {
    protocol: &'static str,
    total: AtomicU64,
    said: Mutex<BTreeMap<IpAddr, (Instant, u64)>>,
}

impl Complaints {
    /// For this protocol: `dhcp`, `tftp`, `http`.
    pub const fn new(protocol: &'static str) -> Self {
        Self {
            protocol,
            total: AtomicU64::new(0),
            said: Mutex::new(BTreeMap::new()),
        }
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Counts one, and logs it unless its source was logged within the last minute.
    pub fn note(&self, source: IpAddr, why: &dyn Display) {
        self.total.fetch_add(1, Ordering::Relaxed);
        if let Some(since) = self.is_due(source, Instant::now()) {
            warn!(protocol = self.protocol, %source, more = since, "dropped: {why}");
        }
    }

    /// How many were silent since the last line about this source, if a line is due.
    fn is_due(&self, source: IpAddr, now: Instant) -> Option<u64> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, silent)) = said.get_mut(&source) {
            if now.duration_since(*at) < QUIET {
                *silent += 1;
                return None;
            }
            let more = *silent;
            (*at, *silent) = (now, 0);
            return Some(more);
        }
        if said.len() >= SOURCES {
            said.retain(|_, (at, _)| now.duration_since(*at) < QUIET);
        }
        (said.len() < SOURCES).then(|| {
            said.insert(source, (now, 0));
            0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    #[test]
    fn a_source_is_logged_once_a_minute_with_what_was_silent() {
        let complaints = Complaints::new("dhcp");
        let start = Instant::now();
        assert_eq!(complaints.is_due(source(1), start), Some(0));
        assert_eq!(complaints.is_due(source(1), start), None);
        assert_eq!(complaints.is_due(source(2), start), Some(0));
        assert_eq!(complaints.is_due(source(1), start + QUIET), Some(1));
        assert_eq!(complaints.is_due(source(1), start + QUIET), None);
    }

    #[test]
    fn a_flood_of_sources_takes_bounded_memory() {
        let complaints = Complaints::new("dhcp");
        let start = Instant::now();
        let logged = (0..5000)
            .filter(|n| complaints.is_due(source(*n), start).is_some())
            .count();
        assert_eq!(logged, SOURCES);
        assert_eq!(
            complaints.is_due(source(9999), start + QUIET),
            Some(0),
            "room again"
        );
    }
}
