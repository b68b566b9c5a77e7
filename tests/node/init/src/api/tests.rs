//! The API and trustd over TLS: who is let in, and what each caller hears.

use super::generated::machine_service_client::MachineServiceClient;
use super::*;
use crate::certificates::Authority;
use crate::resources::StateClient;
use crate::trust;
use node::api_messages::GetRequest;
use node::config_document::Secret;
use node::messages::{MachineStage, MachineStatus, MachineStatusEvent};
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tokio::sync::watch;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

struct Pki {
    ca: String,
    ca_key: String,
}

impl Pki {
    fn new() -> Self {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        let ca_key = key
            .serialize_pem()
            .replace("PRIVATE KEY", "ED25519 PRIVATE KEY");
        Self {
            ca: certificate.pem(),
            ca_key,
        }
    }

    fn authority(&self) -> Authority {
        Authority::new(&self.ca, &self.ca_key).unwrap()
    }

    fn client(&self, role: &str) -> tonic::transport::Identity {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut parameters = CertificateParams::default();
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, role);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let ca_key = self.ca_key.replace("ED25519 PRIVATE KEY", "PRIVATE KEY");
        let ca_key = KeyPair::from_pem(&ca_key).unwrap();
        let issuer = rcgen::Issuer::from_ca_cert_pem(&self.ca, ca_key).unwrap();
        let certificate = parameters.signed_by(&key, &issuer).unwrap();
        tonic::transport::Identity::from_pem(certificate.pem(), key.serialize_pem())
    }
}

/// The status of a node that runs, and misses nothing.
fn running() -> MachineStatusEvent {
    let status = Some(MachineStatus {
        ready: true,
        ..MachineStatus::default()
    });
    let stage = MachineStage::Running.into();
    MachineStatusEvent { stage, status }
}

/// Serves an API whose node answers Bootstrap with OK; returns its port.
async fn api(pki: &Pki) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let identity = pki.authority().issue(vec!["127.0.0.1".into()]).unwrap();
    let (inbox, mut outbox) = mpsc::unbounded_channel();
    let accepted = vec![pki.ca.clone()];
    let resources = Resources(watch::channel(Some(running())).1);
    tokio::spawn(async move { serve(listener, inbox, resources, identity, &accepted).await });
    tokio::spawn(async move {
        while let Some(message) = outbox.recv().await {
            match message {
                Inbox::Bootstrap(reply) => drop(reply.send(Ok(()))),
                Inbox::EtcdMembers(reply) => drop(reply.send(Err(NoEtcd))),
                Inbox::EtcdStatus(reply) => drop(reply.send(Ok(node::etcd::status()))),
                Inbox::Version(reply) => drop(reply.send(VersionResponse::default())),
                _ => {}
            }
        }
    });
    port
}

fn client(pki: &Pki, port: u16, role: Option<&str>) -> MachineServiceClient<Channel> {
    MachineServiceClient::new(channel(pki, port, role))
}

fn channel(pki: &Pki, port: u16, role: Option<&str>) -> Channel {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&pki.ca));
    if let Some(role) = role {
        tls = tls.identity(pki.client(role));
    }
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
    endpoint.tls_config(tls).unwrap().connect_lazy()
}

#[tokio::test]
async fn the_role_in_the_certificate_decides() {
    let pki = Pki::new();
    let port = api(&pki).await;
    let mut reader = client(&pki, port, Some("os:reader"));
    assert!(reader.version(Empty {}).await.is_ok());
    let refused = reader
        .bootstrap(BootstrapRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let mut admin = client(&pki, port, Some("os:admin"));
    assert!(admin.bootstrap(BootstrapRequest::default()).await.is_ok());
}

#[tokio::test]
async fn readers_ask_for_etcd_and_hear_that_there_is_none() {
    let pki = Pki::new();
    let port = api(&pki).await;
    let mut reader = client(&pki, port, Some("os:reader"));
    let asked = EtcdMemberListRequest { query_local: true };
    let none = reader.etcd_member_list(asked).await.unwrap_err();
    assert_eq!(none.code(), tonic::Code::Unknown);
    assert_eq!(none.message(), "error building etcd client TLS config");
    let status = reader.etcd_status(Empty {}).await.unwrap().into_inner();
    assert_eq!(status, node::etcd::status());
    let mut stranger = client(&pki, port, Some("os:etcd:backup"));
    let refused = stranger.etcd_status(Empty {}).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn readers_read_the_status_of_the_machine() {
    let pki = Pki::new();
    let port = api(&pki).await;
    let asked = |id: &str| GetRequest {
        namespace: "runtime".to_owned(),
        kind: "MachineStatuses.runtime.talos.dev".to_owned(),
        id: id.to_owned(),
    };
    let mut reader = StateClient::new(channel(&pki, port, Some("os:reader")));
    let found = reader.get(asked("machine")).await.unwrap().into_inner();
    let spec = found.resource.and_then(|resource| resource.spec).unwrap();
    let status = MachineStatusEvent::decode(spec.proto_spec.as_slice());
    assert_eq!(status.unwrap(), running());
    let none = reader.get(asked("another")).await.unwrap_err();
    assert_eq!(none.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn administrators_read_files_in_pieces() {
    let pki = Pki::new();
    let port = api(&pki).await;
    let file = || ReadRequest {
        path: "/proc/cmdline".to_owned(),
    };
    let refused = client(&pki, port, Some("os:reader")).read(file()).await;
    let refused = refused.unwrap_err().code();
    assert_eq!(refused, tonic::Code::PermissionDenied);
    let mut admin = client(&pki, port, Some("os:admin"));
    let mut stream = admin.read(file()).await.unwrap().into_inner();
    let mut whole = Vec::new();
    while let Some(data) = stream.message().await.unwrap() {
        assert!(data.bytes.len() <= PIECE);
        whole.extend(data.bytes);
    }
    assert_eq!(whole, std::fs::read("/proc/cmdline").unwrap());
}

#[tokio::test]
async fn without_a_certificate_of_this_cluster_there_is_no_answer() {
    let pki = Pki::new();
    let port = api(&pki).await;
    let none = client(&pki, port, None)
        .version(Empty {})
        .await
        .unwrap_err();
    assert_ne!(
        none.code(),
        tonic::Code::PermissionDenied,
        "refused before any call"
    );
    let other = Pki {
        ca: pki.ca.clone(),
        ca_key: Pki::new().ca_key,
    };
    let foreign = client(&other, port, Some("os:admin"))
        .version(Empty {})
        .await;
    assert!(foreign.is_err());
}

#[tokio::test]
async fn trustd_signs_for_the_machine_token_only() {
    let pki = Pki::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let identity = pki.authority().issue(vec!["127.0.0.1".into()]).unwrap();
    let (authority, token) = (pki.authority(), secret("right"));
    tokio::spawn(async move { trust::serve(listener, authority, token, &identity).await });
    let names = || vec!["worker".to_owned(), "10.0.0.8".to_owned()];
    let place = ("127.0.0.1", port);
    let refused = trust::obtain(place, &secret("wrong"), &pki.ca, names()).await;
    assert!(matches!(refused, Err(InitError::Trust(_))));
    let identity = trust::obtain(place, &secret("right"), &pki.ca, names())
        .await
        .unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(identity.certificate.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 2);
}

fn secret(text: &str) -> Secret {
    Some(text.to_owned()).into()
}
