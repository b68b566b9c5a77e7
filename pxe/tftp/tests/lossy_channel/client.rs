//! A client as RFC 1350, 2347 and 7440 describe it, with the two ways of firmware to report a gap.

use std::time::{Duration, Instant};

/// How a client says that a block is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gaps {
    /// An ACK of the last block in order for each block out of order (EDK2).
    ReportEach,
    /// One such ACK, then silence until something in order comes (RFC 7440 §4). In lock step
    /// every block that comes again is acknowledged again.
    ReportOnce,
}

/// What a client asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes {
    pub(crate) block_size: Option<u16>,
    pub(crate) window: Option<u16>,
    pub(crate) transfer_size: bool,
    pub(crate) gaps: Gaps,
}

/// A client that starts over when nothing moves any more, as a boot manager does.
pub(crate) struct Client {
    wishes: Wishes,
    attempt: u32,
    block_size: usize,
    window: u64,
    received: Vec<u8>,
    blocks: u64,
    acknowledged: u64,
    gap_reported: bool,
    last_sent: Vec<u8>,
    idle: u32,
    deadline: Option<Instant>,
    done: bool,
}

const TIMEOUT: Duration = Duration::from_secs(3);
const PATIENCE: u32 = 12;

impl Client {
    pub(crate) fn new(wishes: Wishes) -> Self {
        Self {
            wishes,
            attempt: 0,
            block_size: 512,
            window: 1,
            received: Vec::new(),
            blocks: 0,
            acknowledged: 0,
            gap_reported: false,
            last_sent: Vec::new(),
            idle: 0,
            deadline: None,
            done: false,
        }
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(crate) fn block_size(&self) -> u64 {
        self.block_size as u64
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) fn into_received(self) -> Vec<u8> {
        self.received
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline.expect("begun")
    }

    /// A request, from a new port.
    pub(crate) fn begin(&mut self, now: Instant) -> Vec<u8> {
        *self = Self {
            attempt: self.attempt + 1,
            ..Self::new(self.wishes)
        };
        let mut request = b"\0\x01file\0octet\0".to_vec();
        let mut option = |name: &str, value: Option<u16>| {
            if let Some(value) = value {
                request.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
            }
        };
        option("tsize", self.wishes.transfer_size.then_some(0));
        option("blksize", self.wishes.block_size);
        option("windowsize", self.wishes.window);
        self.sent(request, now)
    }

    /// What it does when nothing came: repeat the last packet, in the end start over.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<u8> {
        self.idle += 1;
        if self.idle > PATIENCE {
            return self.begin(now);
        }
        self.sent(self.last_sent.clone(), now)
    }

    pub(crate) fn receive(&mut self, packet: &[u8], now: Instant) -> Option<Vec<u8>> {
        match packet {
            [0, 6, options @ ..] if self.blocks == 0 => {
                self.agree(options);
                Some(self.acknowledge(now))
            }
            [0, 3, a, b, payload @ ..] => {
                let number = u16::from_be_bytes([*a, *b]);
                if number == (self.blocks + 1) as u16 {
                    self.next_block(payload, now)
                } else {
                    self.out_of_order(now)
                }
            }
            [0, 5, ..] => panic!("the server gave up: {packet:?}"),
            _ => None,
        }
    }

    fn next_block(&mut self, payload: &[u8], now: Instant) -> Option<Vec<u8>> {
        assert!(payload.len() <= self.block_size, "a block too large");
        self.received.extend_from_slice(payload);
        self.blocks += 1;
        self.idle = 0;
        self.gap_reported = false;
        self.deadline = Some(now + TIMEOUT);
        self.done = payload.len() < self.block_size;
        let full = self.blocks - self.acknowledged == self.window;
        (self.done || full).then(|| self.acknowledge(now))
    }

    fn out_of_order(&mut self, now: Instant) -> Option<Vec<u8>> {
        let every = self.window == 1 || self.wishes.gaps == Gaps::ReportEach;
        let report = every || !self.gap_reported;
        self.gap_reported = true;
        report.then(|| self.acknowledge(now))
    }

    fn acknowledge(&mut self, now: Instant) -> Vec<u8> {
        self.acknowledged = self.blocks;
        let [a, b] = (self.blocks as u16).to_be_bytes();
        self.sent(vec![0, 4, a, b], now)
    }

    fn sent(&mut self, packet: Vec<u8>, now: Instant) -> Vec<u8> {
        self.last_sent.clone_from(&packet);
        self.deadline = Some(now + TIMEOUT);
        packet
    }

    fn agree(&mut self, options: &[u8]) {
        let texts: Vec<&str> = options
            .split(|byte| *byte == 0)
            .map(|text| std::str::from_utf8(text).unwrap())
            .collect();
        for pair in texts.chunks_exact(2) {
            match pair[0] {
                "blksize" => self.block_size = pair[1].parse().unwrap(),
                "windowsize" => self.window = pair[1].parse().unwrap(),
                _ => {}
            }
        }
        assert!(self.block_size <= usize::from(self.wishes.block_size.unwrap_or(512)));
        assert!(self.window <= u64::from(self.wishes.window.unwrap_or(1)));
    }
}
