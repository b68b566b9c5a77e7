//! The event sink: what Talos nodes report of themselves, over plaintext gRPC.
//!
//! An event is acknowledged when its receiver has kept it, never before: a node does not repeat
//! what was acknowledged. What is not kept is answered with an error, and the node sends it again,
//! in order. What we do not understand is kept and acknowledged all the same, or the node would
//! never come to its next event.
//!
//! `/events.EventSinkService/Publish`: siderolink's `events.proto`.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::accept::Door;
use crate::event::Publication;
use crate::guarded_stream::{GuardedStream, PeerAddress};
use crate::receiver::EventReceiver;
use crate::wire::events::event_sink_service_server::{EventSinkService, EventSinkServiceServer};
use crate::wire::events::{EventRequest, EventResponse};

/// The event sink ended without being told to.
#[derive(Debug, Error)]
pub enum EventSinkError {
    /// Its server did.
    #[error("the event sink ended")]
    Server(#[source] tonic::transport::Error),
}

/// Receives events on `listener` until `shutdown`; then takes no more connections, and ends when
/// those that are there have finished their calls, or after [`DRAIN`].
pub async fn serve<R: EventReceiver>(
    listener: TcpListener,
    receiver: Arc<R>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), EventSinkError> {
    let sink = EventSinkServiceServer::new(Sink {
        receiver: Arc::clone(&receiver),
    })
    .max_decoding_message_size(MESSAGE_LIMIT);
    let (admitted, connections) = mpsc::channel(1);
    let serving = Server::builder()
        .timeout(CALL)
        .max_concurrent_streams(STREAMS)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .serve_with_incoming_shutdown(sink, ReceiverStream::new(connections), pending());
    let mut serving = pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended.map_err(EventSinkError::Server),
        () = admit(listener, &*receiver, admitted) => {}
        () = shutdown => {}
    }
    // `admitted` is dropped: the server sees the end of its connections, and drains.
    timeout(DRAIN, serving)
        .await
        .unwrap_or(Ok(()))
        .map_err(EventSinkError::Server)
}

async fn admit<R: EventReceiver>(
    listener: TcpListener,
    receiver: &R,
    admitted: mpsc::Sender<Result<GuardedStream, Infallible>>,
) {
    let door = Door::new(listener);
    loop {
        let (stream, peer, seat) = door.next(|peer, why| receiver.dropped(peer, why)).await;
        let guarded = GuardedStream::new(stream, peer, seat, IDLE);
        if admitted.send(Ok(guarded)).await.is_err() {
            return;
        }
    }
}

struct Sink<R> {
    receiver: Arc<R>,
}

#[tonic::async_trait]
impl<R: EventReceiver> EventSinkService for Sink<R> {
    async fn publish(
        &self,
        request: Request<EventRequest>,
    ) -> Result<Response<EventResponse>, Status> {
        let Some(&PeerAddress(peer)) = request.extensions().get() else {
            return Err(Status::internal("the peer of the connection is not known"));
        };
        let EventRequest { data, id, actor_id } = request.into_inner();
        let data = data.unwrap_or_default();
        let publication = Publication::of_parts(&id, &actor_id, &data.type_url, &data.value);
        match self.receiver.receive(peer, publication).await {
            Ok(()) => Ok(Response::new(EventResponse {})),
            Err(error) => {
                tracing::warn!(%peer, %error, "asked a node to repeat its event");
                Err(Status::unavailable("not kept, send it again"))
            }
        }
    }
}

/// For how long calls may go on after shutdown.
pub const DRAIN: Duration = Duration::from_secs(5);

/// For how long one call may take, until the node is told to repeat it.
const CALL: Duration = Duration::from_secs(30);
/// Calls at once on one connection; a node makes one after the other.
const STREAMS: u32 = 2;
/// How often a silent connection is asked whether it lives, and how long it has to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// After how much silence a connection ends. It answers [`KEEP_ALIVE`] if it lives.
const IDLE: Duration = Duration::from_mins(1);
/// Bytes of one event. The longest carry an error text of a few KiB; one that is longer than this
/// would be refused for ever, and the node stuck behind it.
const MESSAGE_LIMIT: usize = 256 * 1024;
