//! The search for other DHCP servers, again and again for as long as Drover serves a link.
//!
//! Somebody may plug a router in at any time, and a switch port with spanning tree lets nothing pass
//! for half a minute after Drover has started. What is found is told, at most once a minute for each
//! server, and changes nothing: whoever can send one forged offer could silence Drover otherwise.
//!
//! ```text
//! pause ─► wait for a link ─► ask as a host ─► ask as PXE, BIOS and UEFI by turns ─► tell ─► pause …
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::network::DhcpMode;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::carrier::carrier;
use crate::foreign_server::inquiry::Inquiry;
use crate::foreign_server::question::{AskedAs, discover};
use crate::foreign_server::{ForeignServer, PATIENCE, Service};

/// How long a server stays quiet in the log after a line about it.
const QUIET: Duration = Duration::from_mins(1);
/// How many servers are told of in a minute: more than a link has, and few enough for a log when
/// somebody forges offers.
const SERVERS: usize = 8;
/// Between two copies of a question, for a packet may be lost.
const AGAIN: Duration = Duration::from_secs(1);

/// How the search goes on.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long answers to one question are listened for.
    pub listen: Duration,
    /// How long nothing is asked.
    pub pause: Duration,
}

impl Pace {
    /// Two questions of 4 s ([`PATIENCE`]) in half a minute: a server that comes is named within a
    /// minute.
    pub const DEFAULT: Self = Self {
        listen: PATIENCE,
        pause: Duration::from_secs(22),
    };
}

/// A link that is watched.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Its interface.
    pub interface: String,
    /// How its DHCP is done by us.
    pub mode: DhcpMode,
    /// The card that asks: one that our own servers do not answer.
    pub card: MacAddress,
    /// How often.
    pub pace: Pace,
}

impl Watch {
    /// Looks and tells until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = self.go_on() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn go_on(&self) {
        let mut told = Told::default();
        let boots = [AskedAs::PxeBios, AskedAs::PxeUefi];
        for asked_as in boots.into_iter().cycle() {
            tokio::time::sleep(self.pace.pause).await;
            carrier(&self.interface).await;
            for asked_as in [AskedAs::Host, asked_as] {
                match self.look(asked_as).await {
                    Ok(found) => {
                        let interface = &self.interface;
                        debug!(
                            found = found.len(),
                            interface,
                            ?asked_as,
                            "looked for other DHCP servers"
                        );
                        self.tell(&mut told, found);
                    }
                    // A DHCP client of this host has the port, for a moment mostly.
                    Err(error) => {
                        debug!(interface = self.interface, %error, "can't look for DHCP servers");
                    }
                }
            }
        }
    }

    /// All who answer one question.
    async fn look(&self, asked_as: AskedAs) -> io::Result<BTreeSet<ForeignServer>> {
        let inquiry = Inquiry::open(&self.interface, &discover(self.card, asked_as)?)?;
        let end = Instant::now() + self.pace.listen;
        let mut found = BTreeSet::new();
        while Instant::now() < end {
            inquiry.ask().await?;
            let again = end.min(Instant::now() + AGAIN);
            while let Ok(answer) = timeout_at(again, inquiry.answer()).await {
                let answer = answer?;
                if found.len() < SERVERS {
                    found.insert(answer);
                }
            }
        }
        Ok(found)
    }

    fn tell(&self, told: &mut Told, found: BTreeSet<ForeignServer>) {
        let now = Instant::now().into_std();
        for server in found {
            let Some(advice) = advice(&self.mode, server.service) else {
                continue;
            };
            if told.is_due(server, now) {
                warn!(interface = self.interface, "{server}. {advice}");
            }
        }
    }
}

/// What is to be done about a server, if it stands in our way.
const fn advice(mode: &DhcpMode, service: Service) -> Option<&'static str> {
    match (mode, service) {
        (DhcpMode::Off, _) | (DhcpMode::Proxy, Service::Leases { .. }) => None,
        (
            DhcpMode::Authoritative { .. },
            Service::Leases { .. } | Service::LeasesAndBoots { .. },
        ) => Some("Two lease the same addresses: switch it off, or use mode: proxy here"),
        (DhcpMode::Authoritative { .. } | DhcpMode::Proxy, Service::Boots) => {
            Some("Machines may load what it names instead of what Drover names: switch it off")
        }
        (DhcpMode::Proxy, Service::LeasesAndBoots { .. }) => Some(
            "Machines may load what it names instead of what Drover names: take its boot file \
             (options 60 and 67) from its settings",
        ),
    }
}

/// When a line about a server was written last.
#[derive(Debug, Default)]
struct Told {
    servers: BTreeMap<(IpAddr, bool), std::time::Instant>,
}

impl Told {
    /// Whether a line about this server is due, which is then taken for written. A server that
    /// leases and one that only says what to boot are told apart; which address it offers, and
    /// whether it says what to boot to this client, changes nothing.
    fn is_due(&mut self, found: ForeignServer, now: std::time::Instant) -> bool {
        self.servers.retain(|_, at| now.duration_since(*at) < QUIET);
        let server = (found.server, found.service == Service::Boots);
        if self.servers.len() >= SERVERS || self.servers.contains_key(&server) {
            return false;
        }
        self.servers.insert(server, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(last: u8, service: Service) -> ForeignServer {
        ForeignServer {
            server: IpAddr::from([10, 77, 0, last]),
            service,
        }
    }

    fn leases(offered: u8) -> Service {
        Service::Leases {
            offered: IpAddr::from([10, 77, 0, offered]),
        }
    }

    #[test]
    fn a_server_is_told_of_once_a_minute_whatever_it_offers() {
        let (mut told, start) = (Told::default(), std::time::Instant::now());
        assert!(told.is_due(server(3, leases(50)), start));
        let soon = start + QUIET / 2;
        assert!(!told.is_due(server(3, leases(51)), soon));
        assert!(told.is_due(server(4, leases(50)), soon), "another server");
        assert!(told.is_due(server(3, Service::Boots), soon), "another kind");
        assert!(told.is_due(server(3, leases(51)), start + QUIET));
    }

    #[test]
    fn forged_offers_fill_no_log() {
        let (mut told, start) = (Told::default(), std::time::Instant::now());
        let due = |told: &mut Told, at| {
            let all = (0..=u8::MAX).filter(|last| told.is_due(server(*last, leases(50)), at));
            all.count()
        };
        assert_eq!(due(&mut told, start), SERVERS);
        assert_eq!(due(&mut told, start + QUIET / 2), 0);
        assert_eq!(due(&mut told, start + QUIET), SERVERS);
        assert_eq!(told.servers.len(), SERVERS);
    }

    #[test]
    fn only_who_stands_in_our_way_is_told_of() {
        let offered = IpAddr::from([10, 77, 0, 50]);
        let all = [
            Service::Leases { offered },
            Service::LeasesAndBoots { offered },
            Service::Boots,
        ];
        let authoritative = DhcpMode::Authoritative { ranges: Vec::new() };
        for (mode, wanted) in [
            (authoritative, [true, true, true]),
            (DhcpMode::Proxy, [false, true, true]),
            (DhcpMode::Off, [false; 3]),
        ] {
            let told = all.map(|service| advice(&mode, service).is_some());
            assert_eq!(told, wanted, "{mode:?}");
        }
    }
}
