//! HTTP of the boot plane: scripts, kernels, configs. GET and HEAD only; documents by GET only.
//!
//! | path | what |
//! |---|---|
//! | `/boot/{boot}` | the first script: asks iPXE to say who it is |
//! | `/script/{boot}?…` | the decision for that machine, as a script |
//! | `/assets/{sha256}/{name}?boot=…` | a kernel or initial RAM disk |
//! | `/loader/{file}` | a bootloader |
//! | `/c/{token}/{name}` | a document of an attempt |
//!
//! Whoever asks for anything else, or for something that is not his, gets the same short 404. No
//! header changes who a peer is: it is the address of the socket. Connections are bounded in number
//! in all and per peer, headers in size and time.

mod admission;
mod body;
mod listened;
mod query;
mod range;
mod route;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use machine_core::boot::BootStep;
use machine_core::id::BootId;
use pxe_loader::bootloader::LoaderFile;
use pxe_loader::bootloaders::find;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::asset::Asset;
use crate::assets::{Assets, Found};
use crate::complaint::Complaints;
use crate::directory::{
    Directory, DocumentRefusal, DocumentRequest, ObservedStep, ScriptAnswer, ScriptRefusal,
    StepOwner,
};
use crate::hashing::hex;
use crate::http::admission::Admission;
use crate::http::body::{AssetBody, empty};
use crate::http::listened::{Heard, Listened};
use crate::http::query::script_request;
use crate::http::range::{Range, requested_range};
use crate::http::route::Route;
use crate::loaders::Loaders;
use crate::neighbour::find_neighbour;
use crate::script::{ScriptError, answer_script, first_script};

/// How long a peer may take to send its header.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How much of it.
const HEADER_SIZE: usize = 16 << 10;
/// How long a peer may leave what was sent to it unacknowledged, or unread. A machine whose power is
/// cut in mid-download gives its place back after this; on a slow link, each byte that arrives
/// begins it anew (`TCP_USER_TIMEOUT`, `tcp(7)`).
const STALL_TIME: Duration = Duration::from_mins(1);
/// How long transfers may go on after the daemon was told to stop.
const GRACE: Duration = Duration::from_secs(10);

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
}

/// Who asks, and where.
#[derive(Debug, Clone, Copy)]
struct Connection {
    peer: IpAddr,
    local: SocketAddr,
}

type Reply = Response<AssetBody>;

impl<D: Directory> HttpServer<D> {
    /// Serves until told to stop; then lets transfers finish for a grace period.
    pub async fn run(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let admission = Admission::new();
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer.ip(), &admission, &graceful),
                Err(error) => {
                    warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        if tokio::time::timeout(GRACE, graceful.shutdown())
            .await
            .is_err()
        {
            warn!("transfers were cut off: they took longer than the grace period");
        }
    }

    fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        admission: &Arc<Admission>,
        graceful: &GracefulShutdown,
    ) {
        let Ok(local) = stream.local_addr() else {
            return;
        };
        let peer = peer.to_canonical();
        let Some(permit) = admission.admit(peer) else {
            self.complaints.note(peer, &"too many connections");
            return;
        };
        if let Err(error) = tune(&stream) {
            debug!(%error, "a connection is as the system has it");
        }
        let server = Arc::clone(self);
        let connection = Connection { peer, local };
        let heard = Heard::default();
        let stream = Listened {
            stream,
            heard: heard.clone(),
        };
        let listening = heard.clone();
        let service = service_fn(move |request| {
            listening.understood();
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.respond(connection, request).await) }
        });
        let http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .max_buf_size(HEADER_SIZE)
            .serve_connection(TokioIo::new(stream), service);
        let exchange = graceful.watch(http);
        let complaints = Arc::clone(&self.complaints);
        tokio::spawn(async move {
            if let Err(error) = exchange.await {
                let is_malformed = error.is_parse() || error.is_timeout() && heard.something();
                if is_malformed {
                    complaints.note(peer, &error);
                } else {
                    debug!(%peer, %error, "connection ended");
                }
            }
            drop(permit);
        });
    }

    async fn respond(&self, connection: Connection, request: Request<Incoming>) -> Reply {
        let head_only = request.method() == Method::HEAD;
        if !head_only && request.method() != Method::GET {
            self.complaints
                .note(connection.peer, &"a method other than GET and HEAD");
            return not_allowed("GET, HEAD");
        }
        let Some(route) = Route::of(request.uri()) else {
            self.complaints
                .note(connection.peer, &"a path that is not served");
            return not_found();
        };
        let reply = match route {
            Route::First { boot } => script_text(first_script(base(connection), boot)),
            Route::Script { boot } => self.script(connection, boot, request.uri().query()).await,
            Route::Asset { digest, boot } => {
                // A range is of GET only (RFC 9110 §14.2).
                let range = if head_only {
                    Range::Whole
                } else {
                    requested_range(request.headers())
                };
                self.asset(connection.peer, (&digest, boot), range, head_only)
            }
            Route::Loader { file } => self.loader(&file),
            // It would claim the attempt for an answer that nobody reads.
            Route::Document { .. } if head_only => {
                self.complaints.note(
                    connection.peer,
                    &"HEAD of a document, which is for GET only",
                );
                not_allowed("GET")
            }
            Route::Document { token, name } => self.document(connection, token, name).await,
        };
        if head_only { header_of(reply) } else { reply }
    }

    async fn script(&self, connection: Connection, boot: BootId, query: Option<&str>) -> Reply {
        let request = script_request(boot, connection.peer, query.unwrap_or_default());
        match self.directory.script(request.clone()).await {
            Ok(answer) => script_text(answer_script(&answer, base(connection), &request)),
            Err(ScriptRefusal::NotFound) => {
                self.complaints
                    .note(connection.peer, &"the script of a boot that is not its own");
                // Not a 404: the script that asked would ask for ever, and a stranger whose boot
                // was forgotten over a restart would hang. Its disk is the default answer.
                let because = "there is no such boot here".to_owned();
                let leave = ScriptAnswer::LocalDisk { because };
                script_text(answer_script(&leave, base(connection), &request))
            }
            Err(ScriptRefusal::Unavailable(error)) => {
                self.complaints
                    .note(connection.peer, &format!("no script: {error}"));
                unavailable()
            }
        }
    }

    fn asset(
        &self,
        peer: IpAddr,
        (digest, boot): (&[u8; 32], Option<(BootId, BootStep)>),
        range: Range,
        head_only: bool,
    ) -> Reply {
        let asset = match self.assets.find(digest) {
            Found::Asset(asset) => asset,
            Found::Nothing => return not_found(),
            Found::Altered => {
                self.assets.restore(*digest);
                self.complaints.note(
                    peer,
                    &"an image whose file was altered: it is looked at anew",
                );
                return unavailable();
            }
        };
        let Asset { bytes, seal } = asset;
        if let (Some((boot, step)), false) = (boot, head_only) {
            let detail = format!("{} bytes", bytes.len());
            self.directory.step(ObservedStep {
                whose: StepOwner::Boot(boot),
                step,
                detail,
            });
        }
        let reply = range.reply(bytes).map(|body| body.sealed(seal));
        with_header(reply, ETAG, &format!("\"{}\"", hex(digest)))
    }

    fn loader(&self, file: &[u8]) -> Reply {
        match self.loaders.find(file) {
            Some(content) => {
                let media_type =
                    find(file).map_or("application/octet-stream", LoaderFile::media_type);
                with_header(Range::Whole.reply(content), CONTENT_TYPE, media_type)
            }
            None => not_found(),
        }
    }

    async fn document(&self, connection: Connection, token: String, name: String) -> Reply {
        let peer = connection.peer;
        let hardware = find_neighbour(peer).await;
        match self
            .directory
            .document(DocumentRequest {
                token,
                name,
                peer,
                hardware,
            })
            .await
        {
            Ok(document) => {
                let reply = Response::new(AssetBody::new(document.body));
                with_header(reply, CONTENT_TYPE, document.media_type)
            }
            Err(DocumentRefusal::Refused) => {
                self.complaints.note(peer, &"a document that is not for it");
                not_found()
            }
            Err(DocumentRefusal::Unavailable(error)) => {
                self.complaints.note(peer, &format!("no document: {error}"));
                unavailable()
            }
        }
    }
}

/// Small answers go at once, and who does not take what is sent loses its connection.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_user_timeout(Some(STALL_TIME))
}

/// The URL of this server as the peer reached it.
fn base(connection: Connection) -> SocketAddr {
    SocketAddr::new(
        connection.local.ip().to_canonical(),
        connection.local.port(),
    )
}

fn script_text(script: Result<String, ScriptError>) -> Reply {
    match script {
        Ok(script) => {
            let reply = Response::new(AssetBody::new(Bytes::from(script)));
            with_header(reply, CONTENT_TYPE, "text/plain; charset=utf-8")
        }
        Err(error) => {
            error!(%error, "can't write a script");
            unavailable()
        }
    }
}

/// The answer to HEAD. The length is set here: hyper says none for a body that has ended.
fn header_of(reply: Reply) -> Reply {
    let length = reply.body().size_hint().exact().unwrap_or(0);
    let reply = with_header(reply, CONTENT_LENGTH, &length.to_string());
    reply.map(AssetBody::without_content)
}

fn not_found() -> Reply {
    status(StatusCode::NOT_FOUND)
}

fn not_allowed(allowed: &str) -> Reply {
    with_header(status(StatusCode::METHOD_NOT_ALLOWED), ALLOW, allowed)
}

/// Talos retries whatever is not 200, and prints the first bytes of the body on its console.
fn unavailable() -> Reply {
    with_header(status(StatusCode::SERVICE_UNAVAILABLE), RETRY_AFTER, "5")
}

fn status(status: StatusCode) -> Reply {
    let mut reply = Response::new(empty());
    *reply.status_mut() = status;
    with_header(reply, CONTENT_LENGTH, "0")
}

fn with_header(mut reply: Reply, name: http::HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
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
