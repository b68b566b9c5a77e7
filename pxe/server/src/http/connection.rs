//! One connection from its first byte to its last: requests are answered one after the other, until
//! the peer goes, or has to give way, or the server stops.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::http::listened::{Heard, Listened};
use crate::http::reply::Reply;
use crate::http::seat::Seat;

/// How long a peer may take to send its header.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How much of it.
const HEADER_SIZE: usize = 16 << 10;
/// For whoever has begun to ask and has to give way. Seconds: a flood passes in about as many.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\n\
      connection: close\r\ncontent-length: 0\r\n\r\n";

/// Who asks, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) peer: IpAddr,
    pub(crate) local: SocketAddr,
}

/// Answers requests until the connection ends. What is wrong with it is an error of hyper's; what
/// had come of an unfinished request is in `heard`.
pub(crate) async fn converse<S>(
    stream: TcpStream,
    (seat, heard): (Arc<Seat>, Heard),
    service: S,
    stop: &CancellationToken,
) -> Result<(), hyper::Error>
where
    S: Service<Request<Incoming>, Response = Reply, Error = Infallible>,
{
    let stream = Listened {
        stream,
        heard: heard.clone(),
        seat: Some(Arc::clone(&seat)),
    };
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        ended = &mut http => return ended,
        () = seat.gives_way() => {
            // What is being answered is answered to its end.
            if !seat.is_busy() {
                let stream = http.into_parts().io.into_inner().stream;
                give_way(stream, heard.something() || !seat.was_answered()).await;
                return Ok(());
            }
        }
        () = stop.cancelled() => {}
    }
    Pin::new(&mut http).graceful_shutdown();
    http.await
}

/// Whoever was answered and is silent since expects its end (RFC 9112 §9.5); anybody else is told
/// to come again.
async fn give_way(mut stream: TcpStream, is_told: bool) {
    if is_told {
        // What was not read would turn our end into a reset, and the answer would be lost with it.
        let _ = stream.try_read(&mut [0; HEADER_SIZE]);
        let _ = stream.try_write(FULL);
    }
    let _ = stream.shutdown().await;
}
