//! DHCP clients that cost little: fifty at once behind one relay, each begins anew as another client
//! when it has its ACK. One thread and one socket.
//!
//! perfdhcp takes as much processor time for an exchange as the servers do, so on two cores it ends
//! before them. With these clients on one core, and the server on the other, the server's own rate
//! is what is measured.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use testbed::program::Program;

use crate::error::BenchError;
use crate::load::inside;
use crate::pinning::Pinned;
use crate::site::{BenchSite, Wire};
use crate::usage;

/// How many exchanges are under way: as many as there are clients in the cases of TFTP and HTTP, and
/// fewer than the 64 packets that Kea keeps waiting.
pub(crate) const AT_ONCE: u32 = 50;
/// How long new exchanges are begun.
const LASTS: Duration = Duration::from_secs(3);
/// How long an answer is awaited; then the client begins anew, and its exchange is lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where servers and relays listen (RFC 2131, section 4.1).
const SERVER_PORT: u16 = 67;
/// Larger than any answer of these servers.
const ANSWER: usize = 1500;

/// What the clients came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    complete: u32,
    lost: u32,
    took: Duration,
    cpu: Duration,
}

impl Served {
    /// Complete exchanges in a second.
    pub(crate) fn rate(self) -> f64 {
        f64::from(self.complete) / self.took.as_secs_f64()
    }

    /// The server's microseconds of processor time for each.
    pub(crate) fn cpu_each(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.complete.max(1))
    }

    /// How many got no answer in time.
    pub(crate) const fn lost(self) -> u32 {
        self.lost
    }
}

/// Runs the clients against a server, both pinned. `seed` differs for each run: no client comes
/// twice.
pub(crate) fn run(
    site: &BenchSite,
    server: &Program,
    (wire, seed): (Wire, u32),
) -> Result<Served, BenchError> {
    let pinned = Pinned::server(server)?;
    let before = usage::cpu(server)?;
    let (complete, lost, took) = inside(&site.client, pinned.as_ref(), async move {
        Clients::connect(wire, seed)?.serve()
    })?;
    let cpu = usage::cpu(server)?.saturating_sub(before);
    Ok(Served {
        complete,
        lost,
        took,
        cpu,
    })
}

/// A client, and its exchange.
#[derive(Debug, Clone, Copy)]
struct Client {
    /// Which of all clients: it is in its MAC and in its transaction.
    number: u32,
    since: Instant,
}

struct Clients {
    socket: UdpSocket,
    relay: Ipv4Addr,
    seed: u32,
    begun: u32,
    under_way: Vec<Client>,
    complete: u32,
    lost: u32,
}

impl Clients {
    fn connect(wire: Wire, seed: u32) -> Result<Self, BenchError> {
        let relay = wire.client(0);
        let socket = UdpSocket::bind(SocketAddrV4::new(relay, SERVER_PORT));
        let socket = socket.map_err(BenchError::system("bind the relay's port"))?;
        let server = SocketAddr::from((wire.server(), SERVER_PORT));
        socket
            .connect(server)
            .and_then(|()| socket.set_read_timeout(Some(PATIENCE)))
            .map_err(BenchError::system("connect to the server"))?;
        Ok(Self {
            socket,
            relay,
            seed,
            begun: 0,
            under_way: Vec::new(),
            complete: 0,
            lost: 0,
        })
    }

    /// Complete exchanges, lost ones, and the time that it took.
    fn serve(mut self) -> Result<(u32, u32, Duration), BenchError> {
        let began = Instant::now();
        for _ in 0..AT_ONCE {
            self.begin()?;
        }
        let mut answer = [0; ANSWER];
        while began.elapsed() < LASTS {
            let length = match self.socket.recv(&mut answer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Err(BenchError::system("hear the server")(error)),
            };
            if let Some(answer) = answer.get(..length).and_then(Answer::read) {
                self.hear(&answer)?;
            }
            self.give_up()?;
        }
        Ok((self.complete, self.lost, began.elapsed()))
    }

    fn hear(&mut self, answer: &Answer) -> Result<(), BenchError> {
        let awaited = |client: &Client| client.number == answer.transaction;
        let Some(place) = self.under_way.iter().position(awaited) else {
            return Ok(());
        };
        match answer.kind {
            OFFER => {
                let chosen = Some((answer.address, answer.server));
                self.send(answer.transaction, chosen)
            }
            ACK => {
                self.complete += 1;
                self.under_way.swap_remove(place);
                self.begin()
            }
            _ => {
                self.lost += 1;
                self.under_way.swap_remove(place);
                self.begin()
            }
        }
    }

    /// Those who wait for too long begin anew.
    fn give_up(&mut self) -> Result<(), BenchError> {
        let before = self.under_way.len();
        self.under_way.retain(|it| it.since.elapsed() < PATIENCE);
        for _ in self.under_way.len()..before {
            self.lost += 1;
            self.begin()?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), BenchError> {
        self.begun += 1;
        // Scattered, and each number once: the factor is odd.
        let number = self.begun.wrapping_mul(0x9e37_79b1);
        self.under_way.push(Client {
            number,
            since: Instant::now(),
        });
        self.send(number, None)
    }

    /// A DISCOVER, or the REQUEST of an address that this server offered.
    fn send(&self, number: u32, chosen: Option<(Ipv4Addr, Ipv4Addr)>) -> Result<(), BenchError> {
        let packet = packet(number, self.seed, self.relay, chosen);
        match self.socket.send(&packet) {
            Ok(_) => Ok(()),
            Err(error) => Err(BenchError::system("send to the server")(error)),
        }
    }
}

const BOOTREQUEST: u8 = 1;
const ETHERNET: u8 = 1;
const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
/// Where options begin (RFC 2131, section 3).
const OPTIONS: usize = 240;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Options 50, 53, 54, 55 and the end (RFC 2132).
const ADDRESS: u8 = 50;
const KIND: u8 = 53;
const SERVER: u8 = 54;
const WANTED: u8 = 55;
const END: u8 = 255;

/// A packet as a relay passes it on (RFC 2131, section 2): one hop, the relay's address, and the
/// options that perfdhcp sends.
fn packet(
    number: u32,
    seed: u32,
    relay: Ipv4Addr,
    chosen: Option<(Ipv4Addr, Ipv4Addr)>,
) -> Vec<u8> {
    let mut packet = vec![BOOTREQUEST, ETHERNET, 6, 1];
    packet.extend(number.to_be_bytes());
    packet.resize(24, 0);
    packet.extend(relay.octets());
    // perfdhcp's clients begin with 02:00 to 02:7f.
    let [.., high, low] = seed.to_be_bytes();
    packet.extend([2, high | 0x80, low]);
    let [_, scattered @ ..] = number.to_be_bytes();
    packet.extend(scattered);
    packet.resize(OPTIONS - COOKIE.len(), 0);
    packet.extend(COOKIE);
    packet.extend([KIND, 1, chosen.map_or(DISCOVER, |_| REQUEST)]);
    if let Some((address, server)) = chosen {
        packet.extend([ADDRESS, 4]);
        packet.extend(address.octets());
        packet.extend([SERVER, 4]);
        packet.extend(server.octets());
    }
    packet.extend([WANTED, 7, 1, 28, 2, 3, 15, 6, 12, END]);
    packet
}

/// What of an answer matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    transaction: u32,
    kind: u8,
    address: Ipv4Addr,
    server: Ipv4Addr,
}

impl Answer {
    fn read(packet: &[u8]) -> Option<Self> {
        let four = |at: usize| packet.get(at..at + 4)?.first_chunk::<4>().copied();
        let mut answer = Self {
            transaction: u32::from_be_bytes(four(4)?),
            kind: 0,
            address: four(16)?.into(),
            server: Ipv4Addr::UNSPECIFIED,
        };
        let mut options = packet.get(OPTIONS..)?;
        while let [code, length, rest @ ..] = options {
            let (value, after) = rest.split_at_checked(usize::from(*length))?;
            match (*code, value) {
                (KIND, [kind]) => answer.kind = *kind,
                (SERVER, [a, b, c, d]) => answer.server = Ipv4Addr::new(*a, *b, *c, *d),
                (END, _) => break,
                _ => {}
            }
            options = after;
        }
        (answer.kind != 0).then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codec that ships reads what the clients send.
    #[test]
    fn the_packets_are_those_of_clients_behind_a_relay() {
        let relay = Ipv4Addr::new(10, 16, 1, 1);
        let chosen = (Ipv4Addr::new(10, 17, 0, 5), Ipv4Addr::new(10, 16, 0, 1));
        for (chosen, kind) in [(None, DISCOVER), (Some(chosen), REQUEST)] {
            let bytes = packet(0x0102_0304, 7, relay, chosen);
            let read = pxe_dhcp::packet::Packet::decode(&bytes).unwrap();
            assert_eq!((read.giaddr, read.xid), (relay, 0x0102_0304));
            assert_eq!(
                read.options.get(pxe_dhcp::option::OptionCode(KIND)),
                Some(&[kind][..])
            );
        }
    }

    #[test]
    fn an_answer_is_read() {
        let mut packet = packet(9, 7, Ipv4Addr::LOCALHOST, None);
        packet.truncate(OPTIONS);
        packet.splice(16..20, [10, 17, 0, 5]);
        packet.extend([0x35, 1, OFFER, 0x36, 4, 10, 16, 0, 1, 0xff]);
        let answer = Answer::read(&packet).unwrap();
        assert_eq!(answer.transaction, 9);
        assert_eq!(answer.address, Ipv4Addr::new(10, 17, 0, 5));
        assert_eq!(answer.server, Ipv4Addr::new(10, 16, 0, 1));
        assert_eq!(answer.kind, OFFER);
        assert_eq!(Answer::read(&packet[..OPTIONS]), None);
    }
}
