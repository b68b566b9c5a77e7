//! ARP probes on one link: whether somebody uses an address that is to be offered.
//!
//! One packet socket (`packet(7)`) for each link where we lease addresses, open as long as they are
//! leased; it hears all ARP that comes in by the interface. A probe is sent twice, for a frame may
//! be lost, and waits for half a second: iPXE asks again after one second at the earliest (its
//! back-off begins there, `src/net/udp/dhcp.c`), EDK2 after four. At most [`AT_ONCE`] addresses are
//! looked at together; whoever comes beyond is offered an unseen one, as dnsmasq does under load: a
//! thousand machines that start for the first time must not wait for each other.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use nix::sys::socket::bind;
use pxe_dhcp::address_probe::{ETHERTYPE, FRAME, claim, probe};
use socket2::{Domain, Protocol, Socket, Type};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace};

use crate::dhcp::prober::{Prober, Probing};
use crate::link_layer::ethernet;
use crate::sys::watched;

/// How many addresses are looked at together: five hundred new machines a second.
const AT_ONCE: usize = 256;
/// How often one address is asked for.
const ROUNDS: u32 = 2;
/// How long an answer is waited for after each time. A host answers within milliseconds.
const WAIT: Duration = Duration::from_millis(250);
/// How long nothing is read after the system has refused to: while the interface is down.
const REFUSED: Duration = Duration::from_secs(1);

/// The ARP of one link.
#[derive(Debug)]
pub(crate) struct ArpLink {
    socket: AsyncFd<Socket>,
    /// Our own.
    card: MacAddress,
    places: Semaphore,
    asked: Mutex<Asked>,
}

/// The probes that wait for an answer.
#[derive(Debug, Default)]
struct Asked {
    last: u64,
    probes: BTreeMap<(Ipv4Addr, u64), Asking>,
}

#[derive(Debug)]
struct Asking {
    client: MacAddress,
    answer: oneshot::Sender<MacAddress>,
}

impl ArpLink {
    /// Opens it on this interface; nothing, if that is no Ethernet. Needs `CAP_NET_RAW`. To be called
    /// within a tokio runtime.
    pub(crate) fn open(interface: &str) -> io::Result<Option<Self>> {
        let Some((link, card)) = ethernet(interface)? else {
            return Ok(None);
        };
        // The kernel wants the number in the order of the wire.
        let protocol = Protocol::from(i32::from(ETHERTYPE.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
        socket.set_nonblocking(true)?;
        bind(socket.as_raw_fd(), &link)?;
        Ok(Some(Self {
            socket: watched(socket)?,
            card,
            places: Semaphore::new(AT_ONCE),
            asked: Mutex::default(),
        }))
    }

    /// Hears answers until told to stop.
    pub(crate) async fn listen(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = self.hear() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn hear(&self) {
        let mut frame = [0; FRAME];
        loop {
            let heard = self.socket.async_io(Interest::READABLE, |mut socket| {
                // The rest of a longer frame is dropped: it is padding.
                socket.read(&mut frame)
            });
            match heard.await {
                Ok(length) => {
                    let frame = frame.get(..length).unwrap_or_default();
                    if let Some((address, card)) = claim(frame) {
                        self.asked().answered(address, card);
                    }
                }
                Err(error) => {
                    debug!(%error, "can't hear ARP");
                    tokio::time::sleep(REFUSED).await;
                }
            }
        }
    }

    async fn look(&self, address: Ipv4Addr, client: MacAddress) -> Option<MacAddress> {
        let Ok(_place) = self.places.try_acquire() else {
            trace!(%address, "not looked at: too many at once");
            return None;
        };
        let waiting = self.ask(address, client);
        let frame = probe(self.card, address);
        let asking = async {
            for _ in 0..ROUNDS {
                if let Err(error) = self.send(&frame).await {
                    debug!(%address, %error, "can't send an ARP probe");
                }
                tokio::time::sleep(WAIT).await;
            }
        };
        tokio::select! {
            card = waiting.answered() => card,
            () = asking => None,
        }
    }

    async fn send(&self, frame: &[u8]) -> io::Result<()> {
        let write = |mut socket: &Socket| socket.write(frame);
        let sent = self.socket.async_io(Interest::WRITABLE, write);
        sent.await.map(drop)
    }

    fn ask(&self, address: Ipv4Addr, client: MacAddress) -> Waiting<'_> {
        let (answer, card) = oneshot::channel();
        let mut asked = self.asked();
        asked.last += 1;
        let probe = (address, asked.last);
        asked.probes.insert(probe, Asking { client, answer });
        Waiting {
            link: self,
            probe,
            card,
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prober for ArpLink {
    fn user_of(&self, address: Ipv4Addr, client: MacAddress) -> Probing<'_> {
        Box::pin(self.look(address, client))
    }
}

impl Asked {
    /// A card says that it has this address.
    fn answered(&mut self, address: Ipv4Addr, card: MacAddress) {
        let all = (address, 0)..=(address, u64::MAX);
        let others = self.probes.range(all);
        let others = others.filter(|(_, asking)| asking.client != card);
        let others: Vec<_> = others.map(|(probe, _)| *probe).collect();
        for probe in others {
            if let Some(asking) = self.probes.remove(&probe) {
                // Whoever asked may have gone.
                let _ = asking.answer.send(card);
            }
        }
    }
}

/// A probe that waits; it is forgotten when this goes.
struct Waiting<'a> {
    link: &'a ArpLink,
    probe: (Ipv4Addr, u64),
    card: oneshot::Receiver<MacAddress>,
}

impl Waiting<'_> {
    async fn answered(mut self) -> Option<MacAddress> {
        (&mut self.card).await.ok()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.link.asked().probes.remove(&self.probe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 60);

    fn card(last: u8) -> MacAddress {
        MacAddress::new([0x52, 0x54, 0, 0x77, 0, last])
    }

    fn asked(address: Ipv4Addr, client: u8) -> (Asked, oneshot::Receiver<MacAddress>) {
        let (answer, receiver) = oneshot::channel();
        let mut asked = Asked::default();
        let client = card(client);
        asked.probes.insert((address, 1), Asking { client, answer });
        (asked, receiver)
    }

    #[test]
    fn another_card_is_who_uses_an_address() {
        let (mut asked, mut answer) = asked(ADDRESS, 1);
        asked.answered(Ipv4Addr::new(10, 77, 0, 61), card(2));
        assert!(answer.try_recv().is_err(), "another address");
        asked.answered(ADDRESS, card(1));
        assert!(answer.try_recv().is_err(), "the client itself");
        asked.answered(ADDRESS, card(2));
        assert_eq!(answer.try_recv(), Ok(card(2)));
        assert!(asked.probes.is_empty());
    }
}
