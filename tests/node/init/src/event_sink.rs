//! The event stream's way to the sink: plain gRPC, one call an event.

use crate::error::InitError;
use crate::hardware;
use node::event::Event;
use node::event_id::EventIds;
use node::event_stream::EventStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tonic::transport::Endpoint;

/// The calls, generated around the messages of the `node` crate.
mod generated {
    #![expect(
        unreachable_pub,
        unused_qualifications,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/events.EventSinkService.rs"));
}

use generated::event_sink_service_client::EventSinkServiceClient;

/// The stream and the task that sends it.
#[derive(Debug, Clone)]
pub(crate) struct EventSink {
    stream: Arc<Mutex<EventStream>>,
    changed: Arc<Notify>,
    endpoint: watch::Sender<Option<String>>,
}

impl EventSink {
    /// An empty stream; it is sent once there is a sink.
    pub(crate) fn start() -> Self {
        let sink = Self {
            stream: Arc::new(Mutex::new(EventStream::new(EventIds::new(
                hardware::random(),
            )))),
            changed: Arc::default(),
            endpoint: watch::Sender::new(None),
        };
        tokio::spawn(sink.clone().run());
        sink
    }

    pub(crate) fn publish(&self, event: &Event) {
        self.stream().push(event, hardware::now());
        self.changed.notify_waiters();
    }

    pub(crate) fn connect(&self, endpoint: String) {
        self.endpoint.send_if_modified(|current| {
            let differs = current.as_ref() != Some(&endpoint);
            *current = Some(endpoint);
            differs
        });
    }

    /// Sends what is left, as long as the sink takes it.
    pub(crate) async fn drain(&self) {
        self.stream().close();
        if self.endpoint.borrow().is_none() {
            return;
        }
        let drained = async {
            loop {
                let changed = self.changed.notified();
                if self.stream().is_drained() {
                    return;
                }
                changed.await;
            }
        };
        let _late = tokio::time::timeout(DRAIN, drained).await;
    }

    fn stream(&self) -> MutexGuard<'_, EventStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self) {
        let mut endpoint = self.endpoint.subscribe();
        loop {
            let Some(place) = endpoint.borrow_and_update().clone() else {
                if endpoint.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let ended = tokio::select! {
                sent = self.send_to(&place) => sent.err(),
                _moved = endpoint.changed() => None,
            };
            if ended.is_some() {
                let pause = self.stream().refused(hardware::random_permille());
                self.changed.notify_waiters();
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Sends one event after the other until something fails.
    async fn send_to(&self, place: &str) -> Result<(), InitError> {
        let endpoint = Endpoint::from_shared(format!("http://{place}"))?.connect_timeout(CONNECT);
        let mut client = EventSinkServiceClient::new(endpoint.connect().await?);
        loop {
            let changed = self.changed.notified();
            let next = self.stream().next().cloned();
            if let Some(event) = next {
                let id = event.id.clone();
                client.publish(event).await?;
                self.stream().acknowledged(&id);
                self.changed.notify_waiters();
            } else {
                changed.await;
            }
        }
    }
}

const CONNECT: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(10);
