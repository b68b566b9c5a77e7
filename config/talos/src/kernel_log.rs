//! The log receiver: what nodes' kernels and services log, as JSON over TCP or UDP.
//!
//! Over TCP a connection carries lines, over UDP a datagram is a line. Nothing is ever answered and
//! nothing repeated, so a line that can't be read is dropped, told, and the next one is read. A
//! peer that sends faster than its lines are kept waits (TCP) or loses lines (UDP).
//!
//! `talos.logging.kernel=tcp://…|udp://…`, and `machine.logging.destinations` of a config with the
//! format `json_lines`. Anyone can send a datagram in another's name: use TCP where a line counts
//! as evidence.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::accept::Door;
use crate::dropped::Dropped;
use crate::line_reader::{LINE_LIMIT, LineReader};
use crate::log_line::parse_line;
use crate::receiver::LogReceiver;

/// Receives lines over TCP on `listener` until `shutdown`; then closes its connections.
pub async fn serve_tcp<R: LogReceiver>(
    listener: TcpListener,
    receiver: Arc<R>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let door = Door::new(listener);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (stream, peer, seat) = door.next(|peer, why| receiver.dropped(peer, why)) => {
                let receiver = Arc::clone(&receiver);
                connections.spawn(async move {
                    read_lines(stream, peer, &*receiver).await;
                    drop(seat);
                });
            }
        }
    }
    connections.shutdown().await;
}

async fn read_lines<R: LogReceiver>(stream: TcpStream, peer: IpAddr, receiver: &R) {
    // A quiet kernel is no reason to close, for Talos would lose the next line; a dead peer is.
    if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&keep_alive()) {
        tracing::debug!(%peer, %error, "could not set the keep-alive");
    }
    let mut lines = LineReader::new(stream);
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => keep(peer, &line, receiver).await,
            Err(why) => receiver.dropped(peer, why),
        }
    }
}

/// Receives lines over UDP on `socket` until `shutdown`.
pub async fn serve_udp<R: LogReceiver>(
    socket: UdpSocket,
    receiver: Arc<R>,
    shutdown: impl Future<Output = ()> + Send,
) {
    tokio::select! {
        () = shutdown => {}
        () = read_datagrams(&socket, &*receiver) => {}
    }
}

async fn read_datagrams<R: LogReceiver>(socket: &UdpSocket, receiver: &R) {
    // One byte more than a line may have: a longer datagram is cut to it, and shows.
    let mut buffer = vec![0; LINE_LIMIT + 1];
    loop {
        let (length, peer) = match socket.recv_from(&mut buffer).await {
            Ok((length, peer)) => (length, peer.ip().to_canonical()),
            Err(error) => {
                tracing::warn!(%error, "could not receive a log line");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        match buffer.get(..length) {
            Some(line) if length <= LINE_LIMIT => keep(peer, line, receiver).await,
            _ => receiver.dropped(peer, Dropped::LineTooLong { limit: LINE_LIMIT }),
        }
    }
}

async fn keep<R: LogReceiver>(peer: IpAddr, line: &[u8], receiver: &R) {
    match parse_line(line) {
        Ok(line) => receiver.receive(peer, line).await,
        Err(why) => receiver.dropped(peer, why),
    }
}

fn keep_alive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(10))
        .with_retries(3)
}

/// How long to wait after a failed receive, which may fail again at once.
const PAUSE: Duration = Duration::from_millis(100);
