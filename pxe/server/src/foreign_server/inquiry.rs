//! A question to all servers of a link, and their answers, over port 68.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use pxe_dhcp::packet::{MINIMUM_LIMIT, Packet};
use pxe_dhcp::route::{CLIENT_PORT, SERVER_PORT};

use crate::foreign_server::ForeignServer;
use crate::foreign_server::question::who_answers;
use crate::socket::{DatagramSocket, Place};

/// A question that may be asked again, as it is: to a server that thinks about its first copy,
/// another `xid` or card would be another client.
#[derive(Debug)]
pub(crate) struct Inquiry {
    socket: DatagramSocket,
    bytes: Vec<u8>,
    xid: u32,
}

impl Inquiry {
    /// Opens port 68 of the interface for a question.
    pub(crate) fn open(interface: &str, question: &Packet) -> io::Result<Self> {
        let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT);
        let socket = DatagramSocket::bind(Place {
            device: Some(interface),
            address,
        })?;
        Ok(Self {
            socket,
            bytes: question.encode(MINIMUM_LIMIT).bytes,
            xid: question.xid,
        })
    }

    /// Asks everybody.
    pub(crate) async fn ask(&self) -> io::Result<()> {
        let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT);
        self.socket
            .send(&self.bytes, Ipv4Addr::UNSPECIFIED, everybody)
            .await
    }

    /// The next who answers.
    pub(crate) async fn answer(&self) -> io::Result<ForeignServer> {
        let mut buffer = vec![0; 2048];
        loop {
            self.socket.readable().await?;
            let arrived = match self.socket.try_receive(&mut buffer) {
                Ok(arrived) => arrived,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            let packet = Packet::decode(buffer.get(..arrived.length).unwrap_or_default());
            let sender = *arrived.source.ip();
            let found = packet
                .ok()
                .and_then(|it| who_answers(&it, self.xid, sender));
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
}
