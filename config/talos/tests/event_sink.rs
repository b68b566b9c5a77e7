//! The event sink over loopback, with a node's side that was written without it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod limit;
mod sink_client;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use config_talos::dropped::Dropped;
use config_talos::event::{Publication, StepAction, TalosEvent};
use config_talos::event_sink::{EventSinkError, serve};
use config_talos::receiver::{EventReceiver, NotKept};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tonic::Code;

use limit::within;
use sink_client::Node;

/// Keeps everything, but waits at `gate` with what is called `held`, and refuses, once, what is
/// called `refused`.
struct Keeper {
    kept: Mutex<Vec<(IpAddr, Publication)>>,
    refused: Mutex<bool>,
    gate: Semaphore,
    arrived: mpsc::UnboundedSender<()>,
    dropped: mpsc::UnboundedSender<Dropped>,
}

impl EventReceiver for Keeper {
    async fn receive(&self, peer: IpAddr, publication: Publication) -> Result<(), NotKept> {
        if publication.id == "held" {
            self.arrived.send(()).unwrap();
            self.gate.acquire().await.unwrap().forget();
        }
        if publication.id == "refused"
            && !std::mem::replace(&mut *self.refused.lock().unwrap(), true)
        {
            return Err(NotKept {
                why: "the disk is full".into(),
            });
        }
        self.kept.lock().unwrap().push((peer, publication));
        Ok(())
    }

    fn dropped(&self, _: IpAddr, why: Dropped) {
        self.dropped.send(why).unwrap();
    }
}

struct Sink {
    address: SocketAddr,
    keeper: Arc<Keeper>,
    arrived: mpsc::UnboundedReceiver<()>,
    dropped: mpsc::UnboundedReceiver<Dropped>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), EventSinkError>>,
}

impl Sink {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrived_sender, arrived) = mpsc::unbounded_channel();
        let (dropped_sender, dropped) = mpsc::unbounded_channel();
        let keeper = Arc::new(Keeper {
            kept: Mutex::default(),
            refused: Mutex::default(),
            gate: Semaphore::new(0),
            arrived: arrived_sender,
            dropped: dropped_sender,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, Arc::clone(&keeper), async {
            stopped.await.ok();
        }));
        Self {
            address,
            keeper,
            arrived,
            dropped,
            stop,
            serving,
        }
    }

    async fn node(&self) -> Node {
        Node::dial(self.address).await.unwrap()
    }

    /// Waits for the event that is held at the gate.
    async fn holds(&mut self) {
        let arrived = within("the event that is held", self.arrived.recv()).await;
        arrived.unwrap();
    }

    fn kept(&self) -> Vec<(IpAddr, Publication)> {
        self.keeper.kept.lock().unwrap().clone()
    }

    fn kept_ids(&self) -> Vec<String> {
        self.kept()
            .into_iter()
            .map(|(_, publication)| publication.id)
            .collect()
    }
}

#[tokio::test]
async fn an_event_arrives_with_its_peer() {
    let sink = Sink::start().await;
    sink.node()
        .await
        .publish_task("1", "runningMaintenance")
        .await
        .unwrap();
    assert_eq!(
        sink.kept(),
        [(
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            Publication {
                id: "1".into(),
                actor: "actor".into(),
                event: TalosEvent::Task {
                    name: "runningMaintenance".into(),
                    action: StepAction::Start
                },
            }
        )]
    );
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_kept() {
    let mut sink = Sink::start().await;
    let (holding, other) = (sink.node().await, sink.node().await);
    let held = tokio::spawn(async move { holding.publish_task("held", "x").await });
    sink.holds().await;
    // A whole exchange of another node later, the first has no answer yet.
    other.publish_task("other", "x").await.unwrap();
    assert!(!held.is_finished());
    assert_eq!(sink.kept_ids(), ["other"]);
    sink.keeper.gate.add_permits(1);
    let answer = within("the answer to the call that was held", held).await;
    answer.unwrap().unwrap();
    assert_eq!(sink.kept_ids(), ["other", "held"]);
}

#[tokio::test]
async fn what_is_not_kept_is_refused_and_can_be_sent_again() {
    let sink = Sink::start().await;
    let node = sink.node().await;
    let status = node.publish_task("refused", "x").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        !status.message().contains("disk"),
        "our troubles are not told to the network"
    );
    assert!(sink.kept().is_empty());
    node.publish_task("refused", "x").await.unwrap();
    assert_eq!(sink.kept_ids(), ["refused"]);
}

#[tokio::test]
async fn what_is_not_understood_is_acknowledged() {
    let sink = Sink::start().await;
    let node = sink.node().await;
    node.publish("1", "machine.NovelEvent", vec![1, 2, 3])
        .await
        .unwrap();
    node.publish("2", "machine.TaskEvent", vec![0x0a, 0xff])
        .await
        .unwrap();
    node.publish("3", "", vec![]).await.unwrap();
    let type_url = |name: &str| format!("type.googleapis.com/{name}");
    let events: Vec<TalosEvent> = sink.kept().into_iter().map(|(_, it)| it.event).collect();
    assert_eq!(
        events,
        [
            TalosEvent::Unknown {
                type_url: type_url("machine.NovelEvent")
            },
            TalosEvent::Unreadable {
                type_url: type_url("machine.TaskEvent")
            },
            TalosEvent::Unknown {
                type_url: type_url("")
            },
        ]
    );
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused() {
    let sink = Sink::start().await;
    let node = sink.node().await;
    let status = node
        .publish("1", "machine.TaskEvent", vec![0; 300 * 1024])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    node.publish("2", "machine.TaskEvent", vec![0; 200 * 1024])
        .await
        .unwrap();
    assert_eq!(sink.kept_ids(), ["2"]);
}

#[tokio::test]
async fn a_peer_holds_eight_connections_at_most() {
    let mut sink = Sink::start().await;
    let mut nodes = Vec::new();
    for number in 0..8 {
        let node = sink.node().await;
        node.publish_task(&number.to_string(), "x").await.unwrap();
        nodes.push(node);
    }
    let mut ninth = TcpStream::connect(sink.address).await.unwrap();
    assert_eq!(
        within("why the ninth was dropped", sink.dropped.recv()).await,
        Some(Dropped::TooManyOfPeer { limit: 8 })
    );
    let mut first = [0];
    let end = within("the end of the ninth", ninth.read(&mut first)).await;
    assert_eq!(end.unwrap(), 0, "it was closed");
    nodes[0].publish_task("still", "x").await.unwrap();
    assert_eq!(sink.kept_ids().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_speaks_is_let_go() {
    let sink = Sink::start().await;
    let mut silent = TcpStream::connect(sink.address).await.unwrap();
    let begun = tokio::time::Instant::now();
    // The server's own greeting may come first; then the end, or a reset.
    let mut rest = Vec::new();
    let end = within("the end of the silent one", silent.read_to_end(&mut rest));
    end.await.ok();
    assert_eq!(begun.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let sink = Sink::start().await;
    let node = sink.node().await;
    let mut garbage = TcpStream::connect(sink.address).await.unwrap();
    garbage
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let end = within("the end of the garbage", garbage.read_to_end(&mut rest));
    end.await.ok();
    node.publish_task("1", "x").await.unwrap();
    assert_eq!(sink.kept_ids(), ["1"]);
}

#[tokio::test]
async fn shutdown_lets_a_call_finish() {
    let mut sink = Sink::start().await;
    let node = sink.node().await;
    let held = tokio::spawn({
        let node = node.clone();
        async move { node.publish_task("held", "x").await }
    });
    sink.holds().await;
    sink.stop.send(()).unwrap();
    sink.keeper.gate.add_permits(1);
    let answer = within("the answer to the call that was held", held).await;
    answer.unwrap().unwrap();
    let end = within("the end of the sink, which was stopped", sink.serving).await;
    end.unwrap().unwrap();
    assert!(
        TcpStream::connect(sink.address).await.is_err(),
        "nobody listens any more"
    );
}
