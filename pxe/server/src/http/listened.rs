//! A connection that knows whether its peer has begun a request, and when an answer is written.
//!
//! hyper's limit for a header runs while a connection waits for its next request, too. Whoever was
//! silent all that time did nothing wrong.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::seat::Seat;

/// Whether something has come that was not answered yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    something: Arc<AtomicBool>,
}

impl Heard {
    /// What has come so far is a whole request.
    pub(crate) fn understood(&self) {
        self.something.store(false, Ordering::Relaxed);
    }

    /// Whether a request has begun.
    pub(crate) fn something(&self) -> bool {
        self.something.load(Ordering::Relaxed)
    }
}

/// A stream whose reads are told to [`Heard`], and whose flushes to its [`Seat`].
#[derive(Debug)]
pub(crate) struct Listened<S> {
    pub(crate) stream: S,
    pub(crate) heard: Heard,
    pub(crate) seat: Option<Arc<Seat>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heard.something.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        if let (Poll::Ready(Ok(())), Some(seat)) = (&polled, &self.seat) {
            seat.flushed();
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn bytes_are_heard_until_they_are_understood() {
        let (mut peer, stream) = tokio::io::duplex(64);
        let heard = Heard::default();
        let mut listened = Listened {
            stream,
            heard: heard.clone(),
            seat: None,
        };
        assert!(!heard.something());
        peer.write_all(b"GET").await.unwrap();
        let mut buffer = [0; 3];
        listened.read_exact(&mut buffer).await.unwrap();
        assert!(heard.something());
        heard.understood();
        assert!(!heard.something());
    }
}
