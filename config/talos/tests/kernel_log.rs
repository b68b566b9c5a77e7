//! The log receiver over loopback.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod limit;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use config_talos::command_line::BootSource;
use config_talos::dropped::Dropped;
use config_talos::kernel_log::{serve_tcp, serve_udp};
use config_talos::log_line::{LogLine, LogSource};
use config_talos::receiver::{LogReceiver, NotKept};
use machine_core::id::BootId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use limit::within;

#[derive(Debug, PartialEq)]
enum Got {
    Line(LogLine),
    Dropped(Dropped),
}

impl Got {
    fn message(self) -> String {
        match self {
            Self::Line(line) => line.message,
            Self::Dropped(why) => format!("dropped: {why}"),
        }
    }
}

/// Keeps lines, after it has failed to so often.
struct Keeper(mpsc::UnboundedSender<Got>, AtomicU32);

impl LogReceiver for Keeper {
    async fn receive(&self, peer: IpAddr, line: LogLine) -> Result<(), NotKept> {
        assert_eq!(peer, Ipv4Addr::LOCALHOST);
        let left = self.1.load(Ordering::Relaxed);
        if left > 0 {
            self.1.store(left - 1, Ordering::Relaxed);
            let why = "the database is away".to_owned();
            return Err(NotKept { why });
        }
        self.0.send(Got::Line(line)).unwrap();
        Ok(())
    }

    fn dropped(&self, peer: IpAddr, why: Dropped) {
        assert_eq!(peer, Ipv4Addr::LOCALHOST);
        self.0.send(Got::Dropped(why)).unwrap();
    }
}

struct Receiver {
    address: SocketAddr,
    got: mpsc::UnboundedReceiver<Got>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Receiver {
    async fn tcp() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((keeper, got), (stop, stopped)) = channels();
        let serving = tokio::spawn(serve_tcp(listener, keeper, async {
            stopped.await.ok();
        }));
        Self {
            address,
            got,
            stop,
            serving,
        }
    }

    async fn udp() -> (Self, UdpSocket) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let ((keeper, got), (stop, stopped)) = channels();
        let serving = tokio::spawn(serve_udp(socket, keeper, async {
            stopped.await.ok();
        }));
        let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        peer.connect(address).await.unwrap();
        (
            Self {
                address,
                got,
                stop,
                serving,
            },
            peer,
        )
    }

    async fn message(&mut self) -> String {
        next(&mut self.got).await.message()
    }

    /// Stops it, and waits until it has.
    async fn stopped(self) -> mpsc::UnboundedReceiver<Got> {
        self.stop.send(()).unwrap();
        let ended = within("the end of the receiver, which was stopped", self.serving).await;
        ended.unwrap();
        self.got
    }
}

async fn next(got: &mut mpsc::UnboundedReceiver<Got>) -> Got {
    let next = within("a line, or why one was dropped", got.recv()).await;
    next.unwrap()
}

/// How many bytes come from the other end; 0 when it has closed.
async fn read(node: &mut TcpStream) -> usize {
    let read = within("the end of the connection", async {
        node.read(&mut [0]).await
    });
    read.await.unwrap()
}

type Channels = (
    (Arc<Keeper>, mpsc::UnboundedReceiver<Got>),
    (oneshot::Sender<()>, oneshot::Receiver<()>),
);

fn channels() -> Channels {
    let (sender, got) = mpsc::unbounded_channel();
    (
        (Arc::new(Keeper(sender, AtomicU32::new(0))), got),
        oneshot::channel(),
    )
}

#[tokio::test]
async fn lines_arrive_in_order_and_bad_ones_cost_only_themselves() {
    let mut receiver = Receiver::tcp().await;
    let mut node = TcpStream::connect(receiver.address).await.unwrap();
    let long = format!("{{\"msg\":\"{}\"}}\n", "x".repeat(20_000));
    for part in [
        "{\"msg\":\"on",
        "e\\n\"}\n",
        "nonsense\n",
        &long,
        "{\"msg\":\"two\"}\n{\"ms",
    ] {
        node.write_all(part.as_bytes()).await.unwrap();
    }
    drop(node);
    assert_eq!(receiver.message().await, "one");
    assert_eq!(
        receiver.message().await,
        "dropped: wanted a JSON object, got \"nonsense\""
    );
    assert_eq!(
        receiver.message().await,
        "dropped: wanted a line of at most 16384 bytes, got a longer one"
    );
    assert_eq!(receiver.message().await, "two");
    assert_eq!(
        receiver.message().await,
        "dropped: wanted a whole line, got 4 bytes of one"
    );
}

#[tokio::test]
async fn the_kernels_command_line_shows_where_the_node_runs_from() {
    let mut receiver = Receiver::tcp().await;
    let mut node = TcpStream::connect(receiver.address).await.unwrap();
    let boot = BootId::from_bytes([5; 16]);
    let line = format!(
        "{{\"msg\":\"Command line: talos.config=http://h/c/s3cret drover.boot={boot}\",\
         \"facility\":\"kern\",\"seq\":1}}\n"
    );
    node.write_all(line.as_bytes()).await.unwrap();
    let Got::Line(line) = next(&mut receiver.got).await else {
        panic!("a line")
    };
    assert_eq!(line.source, LogSource::Kernel);
    assert_eq!(line.command_line.unwrap().source, BootSource::Network(boot));
    assert!(!line.message.contains("s3cret"));
}

#[tokio::test]
async fn a_datagram_is_a_line() {
    let (mut receiver, node) = Receiver::udp().await;
    node.send(b"{\"msg\":\"one\",\"talos-service\":\"etcd\"}")
        .await
        .unwrap();
    node.send(b"nonsense").await.unwrap();
    node.send(&vec![b' '; 20_000]).await.unwrap();
    node.send(b"").await.unwrap();
    node.send(b"{\"msg\":\"two\"}\n").await.unwrap();
    let Got::Line(line) = next(&mut receiver.got).await else {
        panic!("a line")
    };
    assert_eq!(line.source, LogSource::Service("etcd".into()));
    assert_eq!(
        receiver.message().await,
        "dropped: wanted a JSON object, got \"nonsense\""
    );
    assert_eq!(
        receiver.message().await,
        "dropped: wanted a line of at most 16384 bytes, got a longer one"
    );
    assert_eq!(
        receiver.message().await,
        "dropped: wanted a JSON object, got \"\""
    );
    assert_eq!(receiver.message().await, "two");
    receiver.stopped().await;
}

#[tokio::test]
async fn a_peer_holds_eight_connections_at_most() {
    let mut receiver = Receiver::tcp().await;
    let mut nodes = Vec::new();
    for _ in 0..8 {
        let mut node = TcpStream::connect(receiver.address).await.unwrap();
        node.write_all(b"{\"msg\":\"hello\"}\n").await.unwrap();
        assert_eq!(receiver.message().await, "hello");
        nodes.push(node);
    }
    let mut ninth = TcpStream::connect(receiver.address).await.unwrap();
    assert_eq!(
        receiver.message().await,
        "dropped: wanted at most 8 connections of one peer, got another"
    );
    assert_eq!(read(&mut ninth).await, 0, "it was closed");
}

#[tokio::test]
async fn shutdown_closes_what_is_open() {
    let mut receiver = Receiver::tcp().await;
    let mut node = TcpStream::connect(receiver.address).await.unwrap();
    node.write_all(b"{\"msg\":\"hello\"}\n").await.unwrap();
    assert_eq!(receiver.message().await, "hello");
    receiver.stopped().await;
    assert_eq!(read(&mut node).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_could_not_be_kept_is_tried_again_until_it_is() {
    let (_, mut got) = {
        let (sender, got) = mpsc::unbounded_channel();
        let keeper = Arc::new(Keeper(sender, AtomicU32::new(20)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut node = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        tokio::spawn(serve_tcp(listener, keeper, std::future::pending()));
        node.write_all(b"{\"msg\":\"the proof\"}\n{\"msg\":\"two\"}\n")
            .await
            .unwrap();
        (node, got)
    };
    assert_eq!(next(&mut got).await.message(), "the proof");
    assert_eq!(next(&mut got).await.message(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_proves_a_start_from_disk_outlives_an_outage_of_half_an_hour() {
    let (sender, mut got) = mpsc::unbounded_channel();
    // With pauses of five seconds the database is away for more than half an hour.
    let keeper = Arc::new(Keeper(sender, AtomicU32::new(400)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut node = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    tokio::spawn(serve_tcp(listener, keeper, std::future::pending()));
    let proof = "Command line: talos.platform=metal";
    let line = format!("{{\"msg\":\"{proof}\",\"facility\":\"kern\"}}\n");
    node.write_all(line.as_bytes()).await.unwrap();
    node.write_all(b"{\"msg\":\"two\"}\n").await.unwrap();
    assert_eq!(next(&mut got).await.message(), proof);
    assert_eq!(next(&mut got).await.message(), "two");
}

#[tokio::test]
async fn what_was_sent_before_shutdown_is_kept() {
    let mut receiver = Receiver::tcp().await;
    let mut node = TcpStream::connect(receiver.address).await.unwrap();
    node.write_all(b"{\"msg\":\"first\"}\n").await.unwrap();
    assert_eq!(receiver.message().await, "first");
    let lines: Vec<String> = (0..200)
        .map(|it| format!("{{\"msg\":\"{it}\"}}\n"))
        .collect();
    node.write_all(lines.concat().as_bytes()).await.unwrap();
    let mut got = receiver.stopped().await;
    for it in 0..200 {
        assert_eq!(next(&mut got).await.message(), it.to_string());
    }
}
