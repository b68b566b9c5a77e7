//! Accepting connections, for as long as the listener lives: one that fails, or that is one too
//! many, ends no other.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::admission::{Admission, Seat};
use crate::dropped::Dropped;

/// A listener and its seats.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    admission: Arc<Admission>,
}

impl Door {
    /// The door of this listener.
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            admission: Arc::default(),
        }
    }

    /// The next connection that finds a seat. The others are closed, and told to `dropped`.
    pub(crate) async fn next(
        &self,
        dropped: impl Fn(IpAddr, Dropped),
    ) -> (TcpStream, IpAddr, Seat) {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
                Err(error) => {
                    // Out of file descriptors, most likely: it passes when connections end.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            // An answer in two segments would wait for the peer's delayed acknowledgement of the
            // first: 40 ms for each event.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%peer, %error, "could not switch Nagle's algorithm off");
            }
            match self.admission.admit(peer) {
                Ok(seat) => return (stream, peer, seat),
                Err(why) => dropped(peer, why),
            }
        }
    }
}

/// How long to wait after a failed accept, which would fail again at once.
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[tokio::test]
    async fn answers_do_not_wait_for_acknowledgements() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let node = TcpStream::connect(listener.local_addr().unwrap());
        let door = Door::new(listener);
        let (_node, (stream, ..)) = tokio::join!(node, door.next(|_, _| {}));
        assert!(stream.nodelay().unwrap());
    }
}
