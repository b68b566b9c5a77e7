//! The API of a Talos node: `Version`, `ServiceList`, `EtcdMemberList`, the kernel's command line, its
//! machine's status, and the one `Bootstrap` of a cluster.
//!
//! Mutual TLS 1.3 on port 50000. The node's certificate has to chain to the cluster's OS CA and to
//! name the address that was dialled (a node puts its addresses into it). One [`TalosApi`] is one
//! connection: it is never made again behind the caller's back, so no call is ever sent twice.

use std::io::{self, ErrorKind::NotConnected};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{error::Elapsed, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Response, Status};

use crate::api_error::{BootstrapError, CallError, ConnectError};
use crate::command_line::BootSource;
use crate::credentials::Credentials;
use crate::text::cleaned;
use crate::wire::common::Metadata;
use crate::wire::machine::machine_service_client::MachineServiceClient;
use crate::wire::machine::{self, BootstrapRequest, EtcdMemberListRequest, ReadRequest};
use crate::wire::resource::state_client::StateClient;

/// The port of the API.
pub const PORT: u16 = 50_000;

/// A connection to one node's API.
#[derive(Debug)]
pub struct TalosApi {
    client: MachineServiceClient<Channel>,
    pub(crate) state: StateClient<Channel>,
    patience: Duration,
}

/// What a node says it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Talos' version, `v1.13.9`.
    pub tag: String,
    /// The architecture, `amd64`.
    pub arch: String,
    /// The platform, `metal`.
    pub platform: String,
}

/// A service of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name: `etcd`, `kubelet`, `apid` …
    pub id: String,
    /// Its state, in Talos' words: `Running`, `Finished`, `Waiting` …
    pub state: String,
    /// Whether it is healthy, if it is known.
    pub healthy: Option<bool>,
}

impl TalosApi {
    /// Connects to the node at `address`, and grants each step of it, and each later call,
    /// `patience`.
    ///
    /// A node that does not accept our certificate shows it at the first call only (TLS 1.3): call
    /// [`version`](Self::version) before anything that matters.
    pub async fn connect(
        address: SocketAddr,
        credentials: &Credentials,
        patience: Duration,
    ) -> Result<Self, ConnectError> {
        let timed_out = |_: Elapsed| ConnectError::TimedOut { address, patience };
        let stream = timeout(patience, dial(address, credentials))
            .await
            .map_err(timed_out)??;
        let channel = timeout(patience, channel(address, stream))
            .await
            .map_err(timed_out)??;
        let state = StateClient::new(channel.clone()).max_decoding_message_size(REPLY_LIMIT);
        let client = MachineServiceClient::new(channel).max_decoding_message_size(REPLY_LIMIT);
        Ok(Self {
            client,
            state,
            patience,
        })
    }

    /// The same connection, granting each later call `patience`.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What the node runs.
    pub async fn version(&self) -> Result<Version, CallError> {
        let mut client = self.client.clone();
        let reply = self.within_patience(client.version(())).await?;
        let message = reply.messages.into_iter().next().ok_or(CallError::Empty)?;
        check(message.metadata)?;
        let (version, platform) = (
            message.version.unwrap_or_default(),
            message.platform.unwrap_or_default(),
        );
        Ok(Version {
            tag: cleaned(&version.tag, NAME_LIMIT),
            arch: cleaned(&version.arch, NAME_LIMIT),
            platform: cleaned(&platform.name, NAME_LIMIT),
        })
    }

    /// The node's services.
    pub async fn services(&self) -> Result<Vec<Service>, CallError> {
        let mut client = self.client.clone();
        let reply = self.within_patience(client.service_list(())).await?;
        let message = reply.messages.into_iter().next().ok_or(CallError::Empty)?;
        check(message.metadata)?;
        Ok(message
            .services
            .into_iter()
            .take(SERVICES_LIMIT)
            .map(service)
            .collect())
    }

    /// The names of the members that this node's own etcd knows. Before a bootstrap there is no etcd
    /// to ask, and the node answers with an error (`Unknown`).
    pub async fn etcd_members(&self) -> Result<Vec<String>, CallError> {
        let mut client = self.client.clone();
        let request = EtcdMemberListRequest { query_local: true };
        let reply = self
            .within_patience(client.etcd_member_list(request))
            .await?;
        let message = reply.messages.into_iter().next().ok_or(CallError::Empty)?;
        check(message.metadata)?;
        let members = message.members.into_iter().take(MEMBERS_LIMIT);
        Ok(members
            .map(|member| cleaned(&member.hostname, NAME_LIMIT))
            .collect())
    }

    /// Where the running system came from, by its kernel's whole command line. The log may have
    /// lost that line: the kernel keeps its last 128 or 256 KiB.
    pub async fn boot_source(&self) -> Result<BootSource, CallError> {
        let mut client = self.client.clone();
        let request = ReadRequest {
            path: COMMAND_LINE.to_owned(),
        };
        let mut stream = self.within_patience(client.read(request)).await?;
        let mut line = Vec::new();
        let timed_out = |_: Elapsed| CallError::TimedOut {
            patience: self.patience,
        };
        while let Some(data) = timeout(self.patience, stream.message())
            .await
            .map_err(timed_out)?
            .map_err(|status| CallError::of_status(&status))?
        {
            check(data.metadata)?;
            line.extend_from_slice(&data.bytes);
            if line.len() > COMMAND_LINE_LIMIT {
                return Ok(BootSource::Unclear);
            }
        }
        if line.is_empty() {
            return Err(CallError::Empty);
        }
        Ok(BootSource::of_whole_line(&String::from_utf8_lossy(&line)))
    }

    /// Bootstraps the cluster: makes this node's etcd its first member.
    ///
    /// To be called once in the life of a cluster, and recorded before. `Ok` does not prove that it
    /// was the first call: a node answers a second one with OK until its etcd has data.
    pub async fn bootstrap(&self) -> Result<(), BootstrapError> {
        let mut client = self.client.clone();
        let reply = self
            .within_patience(client.bootstrap(BootstrapRequest {}))
            .await?;
        match reply.messages.into_iter().next() {
            Some(message) => check(message.metadata).map_err(BootstrapError::from),
            None => Ok(()),
        }
    }

    pub(crate) async fn within_patience<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, CallError> {
        match timeout(self.patience, call).await {
            Ok(Ok(reply)) => Ok(reply.into_inner()),
            Ok(Err(status)) => Err(CallError::of_status(&status)),
            Err(_) => Err(CallError::TimedOut {
                patience: self.patience,
            }),
        }
    }
}

async fn dial(
    address: SocketAddr,
    credentials: &Credentials,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    let tcp = TcpStream::connect(address)
        .await
        .map_err(|source| ConnectError::Unreachable { address, source })?;
    let name = ServerName::from(address.ip().to_canonical());
    TlsConnector::from(credentials.tls())
        .connect(name, tcp)
        .await
        .map_err(|source| ConnectError::NotTrusted { address, source })
}

/// HTTP/2 over this one connection. The connector has it once to give.
async fn channel(
    address: SocketAddr,
    stream: TlsStream<TcpStream>,
) -> Result<Channel, ConnectError> {
    let not_grpc = |source| ConnectError::NotGrpc { address, source };
    let only = Mutex::new(Some(stream));
    let connector = tower::service_fn(move |_: Uri| {
        let stream = only.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            stream
                .map(TokioIo::new)
                .ok_or_else(|| io::Error::from(NotConnected))
        }
    });
    // The endpoint must not add TLS of its own: the stream has it. The requests say `https`.
    let origin = Uri::try_from(format!("https://{address}")).unwrap_or_default();
    Endpoint::from_shared(format!("http://{address}"))
        .map_err(not_grpc)?
        .origin(origin)
        .connect_with_connector(connector)
        .await
        .map_err(not_grpc)
}

/// A call that failed behind the node's own proxy comes as a reply with the error in its metadata.
fn check(metadata: Option<Metadata>) -> Result<(), CallError> {
    let Metadata { error, status } = metadata.unwrap_or_default();
    if let Some(status) = status.filter(|status| status.code != i32::from(Code::Ok)) {
        return Err(CallError::of_code(
            Code::from_i32(status.code),
            &status.message,
        ));
    }
    if error.is_empty() {
        return Ok(());
    }
    Err(CallError::of_code(Code::Unknown, &error))
}

fn service(service: machine::ServiceInfo) -> Service {
    let health = service.health.filter(|health| !health.unknown);
    Service {
        id: cleaned(&service.id, NAME_LIMIT),
        state: cleaned(&service.state, NAME_LIMIT),
        healthy: health.map(|health| health.healthy),
    }
}

/// Where Linux shows its command line.
const COMMAND_LINE: &str = "/proc/cmdline";
/// Bytes of a command line; x86 takes 2 KiB, arm64 as much.
const COMMAND_LINE_LIMIT: usize = 64 * 1024;
/// Bytes of a reply.
const REPLY_LIMIT: usize = 1024 * 1024;
/// Characters of a name that are kept.
const NAME_LIMIT: usize = 128;
/// Members of an etcd that are kept; more than nine are advised against.
const MEMBERS_LIMIT: usize = 64;
/// Services that are kept; a node has about a dozen.
const SERVICES_LIMIT: usize = 256;
