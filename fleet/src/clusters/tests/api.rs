//! A control plane's API on a loopback address of its own: the stand-in node behind mutual TLS under
//! the cluster's authority. A test sees each Bootstrap arrive, and says what becomes of it.

mod pipe;

use std::convert::Infallible;
use std::future::ready;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use config_render::talos::secrets::SecretsBundle;
use config_talos::api::PORT;
use http::{Request, Response};
use machine_core::time::Timestamp;
use node::access::{Call, authorize};
use node::api_messages::{Empty, ServiceListResponse};
use node::config::MachineType;
use node::etcd;
use node::etcd_messages::{Bootstrap, BootstrapRequest, BootstrapResponse, EtcdMemberListRequest};
use node::member::{BootstrapRefused, Member};
use rcgen::{CertificateParams, Issuer, KeyPair, PKCS_ED25519};
use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use pipe::Pipe;

/// What becomes of a Bootstrap that has arrived.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// The node does what it does.
    Taken,
    /// The node carries it out, and the connection breaks before it says so.
    TakenAndCut,
    /// The connection breaks, and nothing was carried out.
    Cut,
    /// The node answers with this code instead of carrying it out.
    Answered(Code),
}

/// A Bootstrap that has arrived and waits for its fate.
pub(super) struct Arrived(oneshot::Sender<Fate>);

impl Arrived {
    /// Lets this become of it.
    pub(super) fn end(self, fate: Fate) {
        self.0.send(fate).unwrap();
    }
}

/// A control plane that answers.
pub(super) struct ControlPlane {
    /// Where.
    pub(super) address: IpAddr,
    node: Arc<Node>,
    arrivals: mpsc::UnboundedReceiver<Arrived>,
}

struct Node {
    member: Mutex<Member>,
    is_unhealthy: Mutex<bool>,
    arrived: mpsc::UnboundedSender<Arrived>,
    cut: Notify,
}

impl ControlPlane {
    /// One of this cluster. It has started a second ago, its container runtime runs, and its etcd
    /// waits for Bootstrap, or starts by itself if it has data.
    pub(super) async fn start(secrets: &SecretsBundle, etcd_has_data: bool) -> Self {
        let running = Self::starting(secrets, etcd_has_data).await;
        running.advance(1);
        running
    }

    /// One that has just started: its container runtime does not run yet.
    pub(super) async fn starting(secrets: &SecretsBundle, etcd_has_data: bool) -> Self {
        let (listener, address) = own_address().await;
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let (member, _) = Member::start(
            MachineType::ControlPlane,
            etcd_has_data,
            Duration::ZERO,
            at(0),
        );
        let node = Arc::new(Node {
            member: Mutex::new(member),
            is_unhealthy: Mutex::new(false),
            arrived,
            cut: Notify::new(),
        });
        let tls = tls(secrets, address);
        let (connections, incoming) = mpsc::channel(8);
        tokio::spawn(accept(listener, connections, Arc::clone(&node)));
        let face = Face(Arc::clone(&node));
        tokio::spawn(
            Server::builder()
                .tls_config(tls)
                .unwrap()
                .serve_with_incoming(face, ReceiverStream::new(incoming)),
        );
        Self {
            address,
            node,
            arrivals,
        }
    }

    /// The node does what is due this many seconds after its start.
    pub(super) fn advance(&self, seconds: i64) {
        self.node.member.lock().unwrap().advance(at(seconds));
    }

    /// Its etcd runs and is not healthy.
    pub(super) fn make_unhealthy(&self) {
        *self.node.is_unhealthy.lock().unwrap() = true;
    }

    /// The next Bootstrap that arrives.
    pub(super) async fn bootstrap(&mut self) -> Arrived {
        self.arrivals.recv().await.unwrap()
    }

    /// Whether one has arrived that nobody has waited for.
    pub(super) fn was_called(&mut self) -> bool {
        self.arrivals.try_recv().is_ok()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + seconds * 1000)
}

/// The port is Talos's, so each node has an address of its own: the process and a number in it, for
/// tests that run beside each other.
async fn own_address() -> (TcpListener, IpAddr) {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::new(127, 64 | (high & 0x3f), low, number);
        if let Ok(listener) = TcpListener::bind((address, PORT)).await {
            return (listener, address.into());
        }
    }
}

fn tls(secrets: &SecretsBundle, address: IpAddr) -> ServerTlsConfig {
    let authority = &secrets.os;
    let key = authority.key.expose().replace("ED25519 ", "");
    let issuer =
        Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(&key).unwrap()).unwrap();
    let own = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let certificate = CertificateParams::new([address.to_string()])
        .unwrap()
        .signed_by(&own, &issuer)
        .unwrap();
    ServerTlsConfig::new()
        .identity(Identity::from_pem(certificate.pem(), own.serialize_pem()))
        .client_ca_root(Certificate::from_pem(&authority.certificate))
}

/// Each connection passes through a pipe that can be cut.
async fn accept(
    listener: TcpListener,
    connections: mpsc::Sender<Result<Pipe, Infallible>>,
    node: Arc<Node>,
) {
    while let Ok((tcp, _)) = listener.accept().await {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(pass(tcp, far, Arc::clone(&node)));
        if connections.send(Ok(Pipe(near))).await.is_err() {
            return;
        }
    }
}

async fn pass(mut tcp: TcpStream, mut far: DuplexStream, node: Arc<Node>) {
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut tcp, &mut far) => {}
        () = node.cut.notified() => {}
    }
}

#[derive(Clone)]
struct Face(Arc<Node>);

impl tower::Service<Request<Body>> for Face {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let node = Arc::clone(&self.0);
        Box::pin(async move { Ok(node.answer(request).await) })
    }
}

impl Node {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let method = path.strip_prefix("/machine.MachineService/");
        let call = match method {
            Some("Version") => Call::Version,
            Some("ServiceList") => Call::ServiceList,
            Some("EtcdMemberList") => Call::EtcdMemberList,
            Some("Bootstrap") => Call::Bootstrap,
            _ => return Status::unimplemented(path).into_http(),
        };
        if let Err(refused) = authorize(&[role(&request)], call) {
            return Status::permission_denied(refused.to_string()).into_http();
        }
        match call {
            Call::ServiceList => reply::<Empty, _>(request, Ok(self.services())).await,
            Call::EtcdMemberList => {
                let has_etcd = self.member.lock().unwrap().has_etcd();
                let members = has_etcd.then(|| etcd::member_list("cp-1", &[]));
                let members = members.ok_or_else(|| Status::unknown(etcd::NoEtcd.to_string()));
                reply::<EtcdMemberListRequest, _>(request, members).await
            }
            Call::Bootstrap => {
                let outcome = self.bootstrap().await;
                reply::<BootstrapRequest, _>(request, outcome).await
            }
            _ => reply::<Empty, _>(request, Ok(node::version::response())).await,
        }
    }

    fn services(&self) -> ServiceListResponse {
        let mut list = self.member.lock().unwrap().service_list();
        if *self.is_unhealthy.lock().unwrap() {
            let services = list.messages.iter_mut().flat_map(|it| &mut it.services);
            for health in services.filter_map(|it| it.health.as_mut()) {
                health.healthy = false;
            }
        }
        list
    }

    async fn bootstrap(&self) -> Result<BootstrapResponse, Status> {
        let (end, ended) = oneshot::channel();
        self.arrived.send(Arrived(end)).ok();
        let fate = ended.await.unwrap_or(Fate::Cut);
        match fate {
            Fate::Answered(code) => return Err(Status::new(code, "said by the node")),
            Fate::Cut => self.break_off().await,
            Fate::Taken | Fate::TakenAndCut => {}
        }
        let taken = self.member.lock().unwrap().bootstrap(at(1));
        if matches!(fate, Fate::TakenAndCut) {
            self.break_off().await;
        }
        let messages = vec![Bootstrap::default()];
        taken
            .map(|_| BootstrapResponse { messages })
            .map_err(status)
    }

    /// Cuts the connections, and never answers.
    async fn break_off(&self) {
        self.cut.notify_waiters();
        std::future::pending::<()>().await;
    }
}

fn status(refused: BootstrapRefused) -> Status {
    let code = match refused {
        BootstrapRefused::NotAControlPlane => Code::Unimplemented,
        BootstrapRefused::NotAvailableYet | BootstrapRefused::TimeNotInSync => {
            Code::FailedPrecondition
        }
        BootstrapRefused::AlreadyDone => Code::AlreadyExists,
    };
    Status::new(code, refused.to_string())
}

/// The role in the client's certificate, by its letters.
fn role(request: &Request<Body>) -> String {
    let info = request
        .extensions()
        .get::<TlsConnectInfo<TcpConnectInfo>>()
        .unwrap();
    let chain = info.peer_certs().unwrap();
    let leaf: &[u8] = &chain[0];
    let roles = ["os:admin", "os:operator", "os:reader"];
    let has = |role: &&str| leaf.windows(role.len()).any(|part| part == role.as_bytes());
    roles.into_iter().find(has).unwrap_or_default().to_owned()
}

async fn reply<In, Out>(request: Request<Body>, answer: Result<Out, Status>) -> Response<Body>
where
    In: prost::Message + Default + 'static,
    Out: prost::Message + Clone + Default + 'static,
{
    let service = tower::service_fn(move |_: tonic::Request<In>| {
        ready(answer.clone().map(tonic::Response::new))
    });
    Grpc::new(ProstCodec::<Out, In>::default())
        .unary(service, request)
        .await
}
