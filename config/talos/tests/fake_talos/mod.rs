//! A Talos node's API as a node shows it: mutual TLS under one Ed25519 authority, six calls.

mod authority;
mod messages;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use crate::limit::within;
pub(crate) use authority::Authority;
use messages::{
    Bootstrap, BootstrapResponse, Data, Empty, EtcdMember, EtcdMemberListResponse, EtcdMembers,
    GetRequest, GetResponse, Metadata, PlatformInfo, ReadRequest, Resource, ServiceHealth,
    ServiceInfo, ServiceList, ServiceListResponse, Spec, Version, VersionInfo, VersionResponse,
};

/// What the node does when it is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// Answers, OK.
    Answers,
    /// Answers with this code.
    Fails(Code),
    /// Answers OK, with an error in the metadata of its reply.
    FailsInside,
    /// Takes the call and never answers.
    Hangs,
    /// Takes the call and breaks the connection.
    Breaks,
}

/// A node that listens on loopback.
pub(crate) struct FakeTalos {
    /// Where.
    pub(crate) address: SocketAddr,
    calls: mpsc::UnboundedReceiver<String>,
}

impl FakeTalos {
    /// A node of this authority.
    pub(crate) async fn start(authority: &Authority, behaviour: Behaviour) -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self::start_named(authority, behaviour, loopback).await
    }

    /// A node whose certificate names another address than it has.
    pub(crate) async fn start_named(
        authority: &Authority,
        behaviour: Behaviour,
        name: IpAddr,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls(authority, name)));
        let (called, calls) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let node = Node {
                    behaviour,
                    called: called.clone(),
                    broken: None,
                };
                tokio::spawn(converse(tcp, acceptor.clone(), node));
            }
        });
        Self { address, calls }
    }

    /// The next call that arrived.
    pub(crate) async fn call(&mut self) -> String {
        let call = within("a call of the node's API", self.calls.recv()).await;
        call.unwrap()
    }

    /// How many calls arrived beside those that were asked for.
    pub(crate) fn further_calls(&mut self) -> usize {
        std::iter::from_fn(|| self.calls.try_recv().ok()).count()
    }
}

fn tls(authority: &Authority, name: IpAddr) -> ServerConfig {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let (certificate, key) = authority.issue(&[name], ExtendedKeyUsagePurpose::ServerAuth);
    let key = key.replace("ED25519 ", "");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap())
        .unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

async fn converse(tcp: tokio::net::TcpStream, acceptor: TlsAcceptor, mut node: Node) {
    let Ok(mut tls) = acceptor.accept(tcp).await else {
        return;
    };
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let (breaks, mut broken) = mpsc::unbounded_channel();
    node.broken = Some(breaks);
    let (sender, connections) = mpsc::channel(1);
    sender.send(Ok::<_, Infallible>(near)).await.unwrap();
    tokio::spawn(
        tonic::transport::Server::builder()
            .serve_with_incoming(node, ReceiverStream::new(connections)),
    );
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut tls, &mut far) => {}
        Some(()) = broken.recv() => {}
    }
    drop(sender);
}

#[derive(Clone)]
struct Node {
    behaviour: Behaviour,
    called: mpsc::UnboundedSender<String>,
    broken: Option<mpsc::UnboundedSender<()>>,
}

impl Node {
    async fn behave(&self, path: &str) -> Result<Option<Metadata>, Status> {
        self.called.send(path.to_owned()).ok();
        match self.behaviour {
            Behaviour::Answers => Ok(None),
            Behaviour::Fails(code) => {
                Err(Status::new(code, "at http://10.0.0.1/c/s3cret\n\u{1b}[31m"))
            }
            Behaviour::FailsInside => Ok(Some(Metadata {
                hostname: "m1".into(),
                error: "rpc error".into(),
            })),
            Behaviour::Hangs => std::future::pending().await,
            Behaviour::Breaks => {
                self.broken.as_ref().unwrap().send(()).ok();
                std::future::pending().await
            }
        }
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let metadata = match self.behave(&path).await {
            Ok(metadata) => metadata,
            Err(status) => return status.into_http(),
        };
        match path.as_str() {
            "/machine.MachineService/Version" => reply(request, version(metadata)).await,
            "/machine.MachineService/ServiceList" => reply(request, services(metadata)).await,
            "/machine.MachineService/EtcdMemberList" => reply(request, members(metadata)).await,
            "/machine.MachineService/Bootstrap" => {
                let messages = vec![Bootstrap { metadata }];
                reply(request, BootstrapResponse { messages }).await
            }
            "/machine.MachineService/Read" => read(request, metadata).await,
            "/cosi.resource.State/Get" => status(request).await,
            _ => Status::unimplemented(path).into_http(),
        }
    }
}

impl tower::Service<Request<Body>> for Node {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let node = self.clone();
        Box::pin(async move { Ok(node.answer(request).await) })
    }
}

async fn reply<T: prost::Message + Clone + Default + 'static>(
    request: Request<Body>,
    message: T,
) -> Response<Body> {
    let service = tower::service_fn(move |_: tonic::Request<Empty>| {
        std::future::ready(Ok::<_, Status>(tonic::Response::new(message.clone())))
    });
    Grpc::new(ProstCodec::<T, Empty>::default())
        .unary(service, request)
        .await
}

/// The status of a machine that runs, `stage` 4, and is ready.
async fn status(request: Request<Body>) -> Response<Body> {
    let service = tower::service_fn(|asked: tonic::Request<GetRequest>| {
        let GetRequest {
            namespace,
            kind,
            id,
        } = asked.into_inner();
        let wanted = ("runtime", "MachineStatuses.runtime.talos.dev", "machine");
        assert_eq!((&*namespace, &*kind, &*id), wanted);
        let spec = Some(Spec {
            proto_spec: vec![0x08, 4, 0x12, 2, 0x08, 1],
            yaml_spec: "stage: running\n".into(),
        });
        let reply = GetResponse {
            resource: Some(Resource { spec }),
        };
        std::future::ready(Ok::<_, Status>(tonic::Response::new(reply)))
    });
    Grpc::new(ProstCodec::<GetResponse, GetRequest>::default())
        .unary(service, request)
        .await
}

/// `/proc/cmdline` of an installed system, in two pieces.
async fn read(request: Request<Body>, metadata: Option<Metadata>) -> Response<Body> {
    let service = tower::service_fn(move |asked: tonic::Request<ReadRequest>| {
        assert_eq!(asked.into_inner().path, "/proc/cmdline");
        let piece = |bytes: &[u8]| Data {
            metadata: metadata.clone(),
            bytes: bytes.to_vec(),
        };
        let pieces = [piece(b"talos.plat"), piece(b"form=metal console=ttyS0\n")];
        let stream = tokio_stream::iter(pieces.map(Ok::<_, Status>));
        std::future::ready(Ok::<_, Status>(tonic::Response::new(stream)))
    });
    Grpc::new(ProstCodec::<Data, ReadRequest>::default())
        .server_streaming(service, request)
        .await
}

fn version(metadata: Option<Metadata>) -> VersionResponse {
    VersionResponse {
        messages: vec![Version {
            metadata,
            version: Some(VersionInfo {
                tag: "v1.13.9".into(),
                sha: "abc".into(),
                arch: "amd64".into(),
            }),
            platform: Some(PlatformInfo {
                name: "metal".into(),
            }),
        }],
    }
}

fn members(metadata: Option<Metadata>) -> EtcdMemberListResponse {
    let member = |id, name: &str| EtcdMember {
        id,
        hostname: name.into(),
    };
    EtcdMemberListResponse {
        messages: vec![EtcdMembers {
            metadata,
            members: vec![member(1, "cp-1"), member(2, "cp-2")],
        }],
    }
}

fn services(metadata: Option<Metadata>) -> ServiceListResponse {
    let service = |id: &str, state: &str, health| ServiceInfo {
        id: id.into(),
        state: state.into(),
        health,
    };
    let services = vec![
        service(
            "etcd",
            "Running",
            Some(ServiceHealth {
                unknown: false,
                healthy: true,
            }),
        ),
        service(
            "kubelet",
            "Waiting",
            Some(ServiceHealth {
                unknown: true,
                healthy: false,
            }),
        ),
        service(
            "trustd",
            "Failed",
            Some(ServiceHealth {
                unknown: false,
                healthy: false,
            }),
        ),
        service("udevd", "Starting", None),
    ];
    ServiceListResponse {
        messages: vec![ServiceList { metadata, services }],
    }
}
