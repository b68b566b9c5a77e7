//! The search for another DHCP server before we become one.
//!
//! We ask as a client that nobody knows, and listen for an OFFER on port 68. Our own port 67 is not
//! bound yet: every offer is another program's, also one that carries an address of this host.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::carrier::has_carrier;
use crate::foreign_server::inquiry::Inquiry;
use crate::foreign_server::question::{AskedAs, discover, random_card};
use crate::foreign_server::{ForeignServer, Service};
use crate::interface::Interface;

/// Between two questions, for a packet may be lost. The answer to each of the first ones still comes
/// within [`PATIENCE`].
const AGAIN: Duration = Duration::from_millis(500);

/// Why nobody could be asked.
#[derive(Debug, Error)]
#[error(
    "can't look for other DHCP servers on {interface}, for which UDP port 68 is needed: end a DHCP \
     client that has it (`ss -ulpn sport = :68` names it), or give CAP_NET_BIND_SERVICE"
)]
pub struct CannotAsk {
    /// On which interface.
    pub interface: String,
    /// What the system says; the port in use means that a DHCP client runs there.
    pub source: io::Error,
}

/// Asks on this interface for a server that leases addresses, and listens for so long. Returns at
/// the first offer. The interface is held, so that two Drovers that start at once do not both find
/// nobody.
///
/// A question that is asked without a link reaches nobody. So when the link comes while we listen,
/// the whole time begins anew; when it does not come, the search ends without a word of anybody.
pub async fn find_foreign_server(
    interface: &Interface,
    patience: Duration,
) -> Result<Option<ForeignServer>, CannotAsk> {
    let asked = find(interface.name(), patience).await;
    asked.map_err(|source| CannotAsk {
        interface: interface.name().to_owned(),
        source,
    })
}

async fn find(interface: &str, patience: Duration) -> io::Result<Option<ForeignServer>> {
    let inquiry = Inquiry::open(interface, &discover(random_card()?, AskedAs::Host)?)?;
    let mut window = Window::begin(patience, has_carrier(interface), Instant::now());
    loop {
        inquiry.ask().await?;
        let again = window.end.min(Instant::now() + AGAIN);
        if let Ok(found) = timeout_at(again, lessor(&inquiry)).await {
            return found.map(Some);
        }
        if window.is_over(has_carrier(interface), Instant::now()) {
            break;
        }
    }
    if !window.had_carrier {
        warn!(
            interface,
            "there is no link: nobody could be asked whether there is another DHCP server. It is \
             looked for again when there is one"
        );
    }
    Ok(None)
}

/// How long is listened: the whole time, with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    patience: Duration,
    end: Instant,
    had_carrier: bool,
}

impl Window {
    fn begin(patience: Duration, has_carrier: bool, now: Instant) -> Self {
        Self {
            patience,
            end: now + patience,
            had_carrier: has_carrier,
        }
    }

    /// Whether nothing more is listened for. A link that has come begins it anew.
    fn is_over(&mut self, has_carrier: bool, now: Instant) -> bool {
        if has_carrier && !self.had_carrier {
            *self = Self::begin(self.patience, true, now);
        }
        now >= self.end
    }
}

/// The next who offers an address. A proxy offers none and is no rival.
async fn lessor(inquiry: &Inquiry) -> io::Result<ForeignServer> {
    loop {
        let found = inquiry.answer().await?;
        match found.service {
            Service::Leases { .. } | Service::LeasesAndBoots { .. } => return Ok(found),
            Service::Boots => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign_server::PATIENCE;

    #[test]
    fn a_link_that_comes_while_we_listen_begins_the_search_anew() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::begin(PATIENCE, false, start);
        assert!(!window.is_over(false, after(2)));
        assert!(!window.is_over(true, after(4)), "the link came");
        assert!(!window.is_over(false, after(7)), "it may go again");
        assert!(window.is_over(true, after(8)));
    }

    #[test]
    fn a_link_that_never_comes_holds_nobody_up() {
        let start = Instant::now();
        let mut window = Window::begin(PATIENCE, false, start);
        assert!(window.is_over(false, start + PATIENCE));
        assert!(!window.had_carrier);
    }
}
