//! A TFTP client that reads one file and keeps its length only (RFC 1350, 2347, 2348, 7440).

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::error::BenchError;

/// What is fetched, from where, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fetch {
    /// The client's address.
    pub(crate) from: Ipv4Addr,
    /// The server.
    pub(crate) server: SocketAddrV4,
    /// The file.
    pub(crate) file: &'static str,
    /// The window that is asked for; 1 asks for none.
    pub(crate) window: u16,
}

/// How long an answer may take before the last word is said again.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: u8 = 10;
/// What iPXE asks for on an ordinary link.
const BLOCK_SIZE: usize = 1468;

impl Fetch {
    /// Reads the file; its length.
    pub(crate) async fn run(self) -> Result<u64, BenchError> {
        let server = self.server;
        self.read().await.map_err(BenchError::system(format!(
            "read a file from {server} by TFTP"
        )))
    }

    async fn read(self) -> io::Result<u64> {
        let mut line = Line {
            socket: UdpSocket::bind((self.from, 0)).await?,
            server: self.server.into(),
            connected: false,
            last: self.request(),
            buffer: [0; 2048],
        };
        line.say_last().await?;
        let mut reading = Reading::default();
        while !reading.done {
            let packet = line.receive().await?;
            match reading.take(packet) {
                Next::Wait => {}
                Next::Acknowledge(block) => {
                    let [high, low] = block.to_be_bytes();
                    line.last = vec![0, 4, high, low];
                    line.say_last().await?;
                }
                Next::GiveUp => return Err(io::Error::other(packet.escape_ascii().to_string())),
            }
        }
        Ok(reading.bytes)
    }

    fn request(self) -> Vec<u8> {
        let window = match self.window {
            0 | 1 => String::new(),
            window => format!("windowsize\0{window}\0"),
        };
        format!(
            "\0\x01{}\0octet\0blksize\0{BLOCK_SIZE}\0{window}",
            self.file
        )
        .into_bytes()
    }
}

/// The way to the server; after its first answer to the port that it came from.
struct Line {
    socket: UdpSocket,
    server: SocketAddr,
    connected: bool,
    /// What is said again when there is no answer.
    last: Vec<u8>,
    buffer: [u8; 2048],
}

impl Line {
    async fn say_last(&self) -> io::Result<()> {
        if self.connected {
            self.socket.send(&self.last).await?;
        } else {
            self.socket.send_to(&self.last, self.server).await?;
        }
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<&[u8]> {
        for _ in 0..TRIES {
            match timeout(PATIENCE, self.socket.recv_from(&mut self.buffer)).await {
                Ok(received) => {
                    let (length, from) = received?;
                    if !self.connected {
                        self.socket.connect(from).await?;
                        self.connected = true;
                    }
                    return Ok(self.buffer.get(..length).unwrap_or_default());
                }
                Err(_) => self.say_last().await?,
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// How far a file is read.
#[derive(Debug)]
struct Reading {
    block_size: usize,
    window: u16,
    /// The last block that came in order.
    block: u16,
    /// Blocks since the last ACK.
    unacknowledged: u16,
    bytes: u64,
    done: bool,
    /// A gap was told already.
    told: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            block_size: 512,
            window: 1,
            block: 0,
            unacknowledged: 0,
            bytes: 0,
            done: false,
            told: false,
        }
    }
}

/// What a packet leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Wait,
    Acknowledge(u16),
    GiveUp,
}

impl Reading {
    fn take(&mut self, packet: &[u8]) -> Next {
        match packet {
            [0, 6, options @ ..] if self.bytes == 0 => match self.agree(options) {
                Some(()) => Next::Acknowledge(0),
                None => Next::GiveUp,
            },
            [0, 6, ..] => Next::Wait,
            [0, 3, high, low, content @ ..] => {
                let number = u16::from_be_bytes([*high, *low]);
                self.data(number, content.len())
                    .map_or(Next::Wait, Next::Acknowledge)
            }
            _ => Next::GiveUp,
        }
    }

    fn agree(&mut self, options: &[u8]) -> Option<()> {
        let mut words = options.split(|byte| *byte == 0);
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let number = std::str::from_utf8(value).ok()?.parse().ok()?;
            match name {
                b"blksize" => self.block_size = usize::from(number),
                b"windowsize" => self.window = number,
                _ => {}
            }
        }
        Some(())
    }

    fn data(&mut self, number: u16, length: usize) -> Option<u16> {
        if number != self.block.wrapping_add(1) {
            let tell = !self.told;
            self.told = true;
            self.unacknowledged = 0;
            return tell.then_some(self.block);
        }
        self.told = false;
        self.block = number;
        self.bytes += u64::try_from(length).unwrap_or(u64::MAX);
        self.unacknowledged += 1;
        self.done = length < self.block_size;
        if self.done || self.unacknowledged >= self.window {
            self.unacknowledged = 0;
            return Some(number);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(number: u8, length: usize) -> Vec<u8> {
        let mut packet = vec![0, 3, 0, number];
        packet.resize(4 + length, 7);
        packet
    }

    #[test]
    fn a_window_is_acknowledged_at_its_end_and_at_a_gap() {
        let mut reading = Reading::default();
        let oack = b"\0\x06blksize\x008\0windowsize\x002\0";
        assert_eq!(reading.take(oack), Next::Acknowledge(0));
        assert_eq!(reading.take(&data(1, 8)), Next::Wait);
        assert_eq!(reading.take(&data(2, 8)), Next::Acknowledge(2));
        assert_eq!(reading.take(&data(4, 8)), Next::Acknowledge(2), "3 is lost");
        assert_eq!(reading.take(&data(5, 8)), Next::Wait, "and was told");
        assert_eq!(reading.take(&data(3, 8)), Next::Wait);
        assert_eq!(reading.take(&data(4, 7)), Next::Acknowledge(4));
        assert!(reading.done && reading.bytes == 31);
    }

    #[test]
    fn without_options_blocks_have_512_bytes_and_errors_are_not_blocks() {
        let mut reading = Reading::default();
        assert_eq!(reading.take(&data(1, 512)), Next::Acknowledge(1));
        assert!(!reading.done);
        assert_eq!(reading.take(b"\0\x05\0\x01no\0"), Next::GiveUp);
        assert_eq!(reading.take(&data(2, 0)), Next::Acknowledge(2));
        assert!(reading.done);
    }
}
