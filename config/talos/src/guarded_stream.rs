//! A connection that holds its seat, knows its peer, and ends when nothing is read from it for too
//! long.
//!
//! The time limit is the one thing that ends a peer who connects and says nothing: HTTP/2's own
//! keep-alive begins only after the peer's first frames. A living peer is never cut off, because it
//! answers the keep-alive's pings.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tonic::transport::server::Connected;

use crate::admission::Seat;

/// The address that a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

/// A connection, its seat, and its time limit.
#[derive(Debug)]
pub(crate) struct GuardedStream {
    stream: TcpStream,
    peer: IpAddr,
    idle: Duration,
    until: Pin<Box<Sleep>>,
    _seat: Seat,
}

impl GuardedStream {
    /// The connection of `peer`, which may be silent for `idle` at most.
    pub(crate) fn new(stream: TcpStream, peer: IpAddr, seat: Seat, idle: Duration) -> Self {
        Self {
            stream,
            peer,
            idle,
            until: Box::pin(sleep(idle)),
            _seat: seat,
        }
    }
}

impl Connected for GuardedStream {
    type ConnectInfo = PeerAddress;

    fn connect_info(&self) -> PeerAddress {
        PeerAddress(self.peer)
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            let until = Instant::now() + self.idle;
            self.until.as_mut().reset(until);
            return Poll::Ready(read);
        }
        ready!(self.until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
