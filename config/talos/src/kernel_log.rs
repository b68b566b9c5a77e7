//! The log receiver: what nodes' kernels and services log, as JSON over TCP or UDP.
//!
//! Over TCP a connection carries lines, over UDP a datagram is a line. Nothing is ever answered and
//! nothing repeated, so a line that can't be read is dropped, told, and the next one is read. A line
//! that can't be kept is tried again, for it may be the one that tells of an installed system; what
//! was sent before shutdown is read and kept. A peer that sends faster than its lines are kept waits
//! (TCP) or loses lines (UDP).
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
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::accept::Door;
use crate::dropped::Dropped;
use crate::line_reader::{LINE_LIMIT, LineReader};
use crate::log_line::parse_line;
use crate::receiver::LogReceiver;

/// Receives lines over TCP on `listener` until `shutdown`; then keeps what has arrived, for at most
/// [`DRAIN`], and closes its connections.
pub async fn serve_tcp<R: LogReceiver>(
    listener: TcpListener,
    receiver: Arc<R>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let door = Door::new(listener);
    let mut connections = JoinSet::new();
    let (ending, _) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (stream, peer, seat) = door.next(|peer, why| receiver.dropped(peer, why)) => {
                let (receiver, ended) = (Arc::clone(&receiver), ending.subscribe());
                connections.spawn(async move {
                    receiver.opened(peer);
                    read_lines(stream, peer, &*receiver, ended).await;
                    receiver.closed(peer);
                    drop(seat);
                });
            }
        }
    }
    drop(ending);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("lines that nodes have sent were not kept before the end");
    }
    connections.shutdown().await;
}

/// Reads until the peer ends, or, once `ended` says so, until nothing more has arrived.
async fn read_lines<R: LogReceiver>(
    stream: TcpStream,
    peer: IpAddr,
    receiver: &R,
    mut ended: watch::Receiver<()>,
) {
    // A quiet kernel is no reason to close, for Talos would lose the next line; a dead peer is.
    if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&keep_alive()) {
        tracing::debug!(%peer, %error, "could not set the keep-alive");
    }
    let mut lines = LineReader::new(stream);
    let mut is_ending = false;
    loop {
        let line = tokio::select! {
            biased;
            line = lines.next() => line,
            _ = ended.changed(), if !is_ending => {
                is_ending = true;
                continue;
            }
            () = tokio::time::sleep(LINGER), if is_ending => return,
        };
        match line {
            Some(Ok(line)) => keep(peer, &line, receiver, (PATIENCE, PROOF_PATIENCE)).await,
            Some(Err(why)) => receiver.dropped(peer, why),
            None => return,
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
            Some(line) if length <= LINE_LIMIT => {
                keep(peer, line, receiver, (Duration::ZERO, Duration::ZERO)).await;
            }
            _ => receiver.dropped(peer, Dropped::LineTooLong { limit: LINE_LIMIT }),
        }
    }
}

/// Keeps a line; tries again for as long as it is worth, with growing pauses. The first patience is
/// for any line, the second for one that tells where a system runs from and on which config.
async fn keep<R: LogReceiver>(
    peer: IpAddr,
    line: &[u8],
    receiver: &R,
    (patience, for_proof): (Duration, Duration),
) {
    let line = match parse_line(line) {
        Ok(line) => line,
        Err(why) => return receiver.dropped(peer, why),
    };
    let is_proof = line.command_line.is_some() || line.attempt().is_some();
    let patience = if is_proof { for_proof } else { patience };
    let end = Instant::now() + patience;
    let mut pause = PAUSE;
    while let Err(error) = receiver.receive(peer, line.clone()).await {
        if Instant::now() >= end {
            tracing::warn!(%peer, %error, "a log line is lost");
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn keep_alive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(10))
        .with_retries(3)
}

/// For how long what has arrived is still kept after shutdown.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How long a connection may be silent after shutdown before all that was sent has arrived.
const LINGER: Duration = Duration::from_millis(100);
/// How long to wait after what failed and may fail again at once: a receive, or keeping a line.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two tries to keep a line.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// For how long keeping a line is tried: as long as a database may be away for an upgrade.
const PATIENCE: Duration = Duration::from_mins(10);
/// For how long keeping a line is tried that proves where a system runs from. Nobody says it twice,
/// and meanwhile TCP holds what the node has to say. A day is longer than any outage that nobody
/// looks at, and ends what a peer left behind that is gone.
const PROOF_PATIENCE: Duration = Duration::from_hours(24);
