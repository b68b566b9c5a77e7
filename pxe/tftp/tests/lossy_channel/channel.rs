//! A channel between one client and one server: an event queue in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pxe_tftp::agreement::Limits;
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::outcome::Status;
use pxe_tftp::request::Request;
use pxe_tftp::transfer::Transfer;

use crate::lossy_channel::client::Client;

/// What the link does to packets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) seed: u64,
    /// Per cent, each way.
    pub(crate) loss: u32,
    /// Per cent, each way.
    pub(crate) duplicates: u32,
    pub(crate) latency_us: u64,
    /// Up to this much more, per packet: later packets overtake earlier ones.
    pub(crate) jitter_us: u64,
}

/// How it went.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) received: Vec<u8>,
    /// Blocks of the file, and DATA packets that the server sent for it.
    pub(crate) blocks: u64,
    pub(crate) data_sent: u64,
    /// How often the client had to begin anew.
    pub(crate) transfers: u32,
    pub(crate) took: Duration,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A packet of the client, with the number of its attempt (its port).
    ToServer(u32, Vec<u8>),
    /// A packet of the server to that attempt.
    ToClient(u32, Vec<u8>),
    ServerTimer,
    ClientTimer,
}

pub(crate) struct Channel {
    link: Link,
    random: u64,
    duplicate_acks: bool,
    content: Bytes,
    now: Instant,
    order: u64,
    events: BinaryHeap<Reverse<(Instant, u64, Event)>>,
    server: Option<(u32, Transfer)>,
    /// When the server's timer goes off: one at a time, or timers would breed.
    armed: Option<Instant>,
    data_sent: u64,
}

#[expect(clippy::disallowed_methods, reason = "a base for virtual time")]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

impl Channel {
    pub(crate) fn new(link: Link, content: Bytes) -> Self {
        Self {
            link,
            random: link.seed,
            duplicate_acks: false,
            content,
            now: epoch(),
            order: 0,
            events: BinaryHeap::new(),
            server: None,
            armed: None,
            data_sent: 0,
        }
    }

    /// Every packet of the client arrives twice, one after the other.
    pub(crate) fn duplicating_acks(mut self) -> Self {
        self.duplicate_acks = true;
        self
    }

    /// Runs until the client has its file.
    pub(crate) fn run(mut self, mut client: Client) -> Report {
        let begin = self.now;
        let packet = client.begin(self.now);
        self.send_to_server(client.attempt(), packet);
        self.events
            .push(Reverse((client.deadline(), 0, Event::ClientTimer)));
        while !client.is_done() {
            let Reverse((at, _, event)) = self.events.pop().expect("a timer is always pending");
            self.now = self.now.max(at);
            assert!(self.now - begin < Duration::from_hours(4), "it never ends");
            self.step(event, &mut client);
        }
        Report {
            blocks: self.content.len() as u64 / client.block_size() + 1,
            transfers: client.attempt(),
            received: client.into_received(),
            data_sent: self.data_sent,
            took: self.now - begin,
        }
    }

    fn step(&mut self, event: Event, client: &mut Client) {
        match event {
            Event::ToServer(attempt, packet) => self.serve(attempt, &packet),
            Event::ToClient(attempt, packet) => {
                if attempt == client.attempt()
                    && let Some(answer) = client.receive(&packet, self.now)
                {
                    self.send_to_server(attempt, answer);
                }
            }
            Event::ServerTimer => {
                let now = self.now;
                if self.armed.is_some_and(|armed| armed <= now)
                    && let Some((attempt, mut transfer)) = self.server.take()
                {
                    self.armed = None;
                    let outgoing = transfer.due(now);
                    self.put(attempt, transfer, outgoing);
                }
            }
            Event::ClientTimer => {
                if client.deadline() <= self.now {
                    let packet = client.due(self.now);
                    self.send_to_server(client.attempt(), packet);
                }
                self.order += 1;
                let timer = (client.deadline(), self.order, Event::ClientTimer);
                self.events.push(Reverse(timer));
            }
        }
    }

    /// The shell in small: a request begins a transfer unless it repeats the one that is alive.
    fn serve(&mut self, attempt: u32, packet: &[u8]) {
        let now = self.now;
        let request = Request::decode(packet);
        let (attempt, transfer, outgoing) = match (request, self.server.take()) {
            (Ok(_), Some((alive, transfer)))
                if alive == attempt && transfer.status() == &Status::Running =>
            {
                (alive, transfer, Outgoing::Nothing)
            }
            (Ok(request), _) => {
                let limits = Limits::default();
                let content = self.content.clone();
                let (transfer, outgoing) = Transfer::start(&request, content, &limits, now);
                (attempt, transfer, outgoing)
            }
            (Err(_), Some((alive, mut transfer))) if alive == attempt => {
                let outgoing = transfer.handle(packet, now);
                (alive, transfer, outgoing)
            }
            (Err(_), server) => {
                self.server = server;
                return;
            }
        };
        self.put(attempt, transfer, outgoing);
    }

    fn put(&mut self, attempt: u32, transfer: Transfer, outgoing: Outgoing) {
        if let Outgoing::Blocks { count, .. } = outgoing {
            self.data_sent += u64::from(count);
        }
        let packets: Vec<Vec<u8>> = transfer
            .datagrams(outgoing)
            .map(|datagram| datagram.parts().concat())
            .collect();
        for packet in packets {
            self.transmit(&Event::ToClient(attempt, packet));
        }
        if let Some(deadline) = transfer.next_deadline()
            && self.armed.is_none_or(|armed| deadline < armed)
        {
            self.order += 1;
            self.armed = Some(deadline);
            let timer = (deadline.max(self.now), self.order, Event::ServerTimer);
            self.events.push(Reverse(timer));
        }
        self.server = Some((attempt, transfer));
    }

    fn send_to_server(&mut self, attempt: u32, packet: Vec<u8>) {
        if self.duplicate_acks {
            self.transmit(&Event::ToServer(attempt, packet.clone()));
        }
        self.transmit(&Event::ToServer(attempt, packet));
    }

    fn transmit(&mut self, event: &Event) {
        let duplicate = self.chance(self.link.duplicates);
        for copy in [Some(event), duplicate.then_some(event)]
            .into_iter()
            .flatten()
        {
            if self.chance(self.link.loss) {
                continue;
            }
            let jitter = match self.link.jitter_us {
                0 => 0,
                most => self.draw() % most,
            };
            let at = self.now + Duration::from_micros(self.link.latency_us + jitter);
            self.order += 1;
            let copy = match copy {
                Event::ToServer(attempt, packet) => Event::ToServer(*attempt, packet.clone()),
                Event::ToClient(attempt, packet) => Event::ToClient(*attempt, packet.clone()),
                Event::ServerTimer | Event::ClientTimer => unreachable!("only packets travel"),
            };
            self.events.push(Reverse((at, self.order, copy)));
        }
    }

    fn chance(&mut self, per_cent: u32) -> bool {
        self.draw() % 100 < u64::from(per_cent)
    }

    /// `SplitMix64`: good enough, and the same everywhere.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
