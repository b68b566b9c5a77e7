//! HTTP of the boot plane: scripts, kernels, configs. GET and HEAD only; scripts of machines and
//! documents by GET only, reports by POST only.
//!
//! | path | what |
//! |---|---|
//! | `/boot/{boot}` | the first script: asks iPXE to say who it is |
//! | `/script/{boot}?…` | the decision for that machine, as a script |
//! | `/assets/{sha256}/{name}?boot=…` | a kernel or initial RAM disk |
//! | `/loader/{file}` | a bootloader |
//! | `/c/{token}/{name}` | a document of an attempt |
//! | `/c/{token}/report/{name}` | what the system of an attempt tells of itself |
//!
//! Whoever asks for anything else, or for something that is not his, gets the same short 404. No
//! header changes who a peer is: it is the address of the socket. Headers are bounded in size and
//! time, connections in number, by what they are doing; who finds no place is told when to come
//! again.

mod answers;
mod body;
mod connection;
mod delivery;
mod files;
mod listened;
mod places;
pub(crate) mod query;
mod range;
mod reply;
mod report;
mod route;
mod seat;
pub mod throttle;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::assets::Assets;
use crate::complaint::Complaints;
use crate::directory::Directory;
use crate::http::connection::{Connection, converse};
use crate::http::listened::Heard;
use crate::http::places::{Kind, PlaceLimits};
use crate::http::reply::{Reply, full};
use crate::http::route::Route;
use crate::http::seat::{Room, Seat};
use crate::http::throttle::Throttle;
use crate::loaders::Loaders;

/// How long a peer may leave what was sent to it unacknowledged, or unread. A machine whose power is
/// cut in mid-download gives its place back after this; on a slow link, each byte that arrives
/// begins it anew (`TCP_USER_TIMEOUT`, `tcp(7)`).
const STALL_TIME: Duration = Duration::from_mins(1);
/// How long transfers may go on after the daemon was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long nothing is accepted after that failed: until some descriptor is free again.
const PAUSE: Duration = Duration::from_millis(50);

/// What the HTTP server serves from.
#[derive(Debug)]
pub struct HttpServer<D> {
    /// The records and decisions.
    pub directory: D,
    /// Kernels and initial RAM disks.
    pub assets: Arc<Assets>,
    /// Bootloaders.
    pub loaders: Arc<Loaders>,
    /// Counts requests that make no sense.
    pub complaints: Arc<Complaints>,
    /// How many connections each listener may have.
    pub connections: usize,
    /// Slows down who guesses tokens.
    pub guesses: Throttle,
}

impl<D: Directory> HttpServer<D> {
    /// Serves until told to stop; then lets transfers finish for a grace period.
    pub async fn run(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let room = Room::new(PlaceLimits::of(self.connections));
        let (exchanges, cut) = (TaskTracker::new(), CancellationToken::new());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let seat = room.enter(peer.ip().to_canonical());
                    let exchange = Arc::clone(&self).exchange(stream, peer, seat, stop.clone());
                    let cut = cut.clone();
                    exchanges.spawn(async move { cut.run_until_cancelled(exchange).await });
                }
                Err(error) => self.pause(&room, &error).await,
            }
        }
        drop(listener);
        exchanges.close();
        if tokio::time::timeout(GRACE, exchanges.wait()).await.is_err() {
            warn!("transfers were cut off: they took longer than the grace period");
            cut.cancel();
        }
    }

    /// Out of descriptors, mostly: who waits in vain gives one back, and then it goes on.
    async fn pause(&self, room: &Room, error: &io::Error) {
        let why = format!("can't accept a connection, trying again: {error}");
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.complaints.note(nobody, &why);
        room.shed();
        tokio::time::sleep(PAUSE).await;
    }

    async fn exchange(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        seat: Arc<Seat>,
        stop: CancellationToken,
    ) {
        let Ok(local) = stream.local_addr() else {
            return;
        };
        let peer = peer.ip().to_canonical();
        if let Err(error) = tune(&stream) {
            debug!(%error, "a connection is as the system has it");
        }
        let connection = Connection { peer, local };
        let heard = Heard::default();
        let (listening, server) = (heard.clone(), Arc::clone(&self));
        let asking = Arc::clone(&seat);
        let service = service_fn(move |request| {
            listening.understood();
            let (server, seat) = (Arc::clone(&server), Arc::clone(&asking));
            async move { Ok::<_, Infallible>(server.respond(connection, &seat, request).await) }
        });
        if let Err(error) = converse(stream, (seat, heard.clone()), service, &stop).await {
            let is_malformed = error.is_parse() || error.is_timeout() && heard.something();
            if is_malformed {
                self.complaints.note(peer, &error);
            } else {
                debug!(%peer, %error, "connection ended");
            }
        }
    }

    /// Answers in a place of its kind, or says when to come again.
    async fn respond(
        &self,
        connection: Connection,
        seat: &Arc<Seat>,
        request: Request<Incoming>,
    ) -> Reply {
        let kind = match Route::of(request.uri()) {
            Some(Route::Asset { .. } | Route::Loader { .. }) => Kind::Download,
            Some(
                Route::First { .. }
                | Route::Script { .. }
                | Route::Document { .. }
                | Route::Report { .. },
            )
            | None => Kind::Script,
        };
        let Ok(answering) = seat.ask(kind) else {
            let why = format!("no place for another {kind}: told to come again");
            self.complaints.note(connection.peer, &why);
            return full();
        };
        let reply = self.answer(connection, request).await;
        reply.map(|body| body.in_place(answering))
    }
}

/// Small answers go at once, and who does not take what is sent loses its connection.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_user_timeout(Some(STALL_TIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_that_takes_nothing_loses_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, _peer) = tokio::join!(listener.accept(), peer);
        let (stream, _) = accepted.unwrap();
        tune(&stream).unwrap();
        let timeout = SockRef::from(&stream).tcp_user_timeout().unwrap();
        assert_eq!(timeout, Some(STALL_TIME));
    }
}
