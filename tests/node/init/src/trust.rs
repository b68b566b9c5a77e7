//! trustd: a control plane signs the certificate of a worker that knows the machine token.

use crate::certificates::{self, Authority, Identity};
use crate::error::InitError;
use node::api_messages::{CertificateRequest, CertificateResponse};
use node::config_document::Secret;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

/// The call, generated around the messages of the `node` crate.
mod generated {
    #![expect(
        unreachable_pub,
        unused_qualifications,
        clippy::pedantic,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/securityapi.SecurityService.rs"));
}

use generated::security_service_client::SecurityServiceClient;
use generated::security_service_server::{SecurityService, SecurityServiceServer};

/// trustd's port.
pub(crate) const PORT: u16 = 50001;

struct Trustd {
    authority: Authority,
    token: Secret,
}

#[tonic::async_trait]
impl SecurityService for Trustd {
    async fn certificate(
        &self,
        request: Request<CertificateRequest>,
    ) -> Result<Response<CertificateResponse>, Status> {
        let shown = request
            .metadata()
            .get("token")
            .map(tonic::metadata::AsciiMetadataValue::as_bytes);
        if shown != Some(self.token.expose().as_bytes()) {
            return Err(Status::unauthenticated("invalid token"));
        }
        let csr = String::from_utf8(request.into_inner().csr)
            .map_err(|_| Status::invalid_argument("the request is not PEM"))?;
        let certificate = self
            .authority
            .sign(&csr)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let ca = self.authority.certificate().as_bytes().to_vec();
        Ok(Response::new(CertificateResponse {
            ca,
            crt: certificate.into_bytes(),
        }))
    }
}

/// Answers workers for as long as the machine runs.
pub(crate) async fn serve(
    listener: TcpListener,
    authority: Authority,
    token: Secret,
    identity: &Identity,
) -> Result<(), InitError> {
    let identity = tonic::transport::Identity::from_pem(&identity.certificate, &identity.key);
    let server = Server::builder().tls_config(ServerTlsConfig::new().identity(identity))?;
    let service = SecurityServiceServer::new(Trustd { authority, token });
    Ok(server
        .serve_with_incoming(service, TcpIncoming::from(listener))
        .await?)
}

/// Asks a control plane for a certificate, once.
pub(crate) async fn obtain(
    (host, port): (&str, u16),
    token: &Secret,
    authority: &str,
    names: Vec<String>,
) -> Result<Identity, InitError> {
    let (csr, key) = certificates::request(names)?;
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .domain_name(host.to_owned());
    let endpoint = Endpoint::from_shared(format!("https://{host}:{port}"))?
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(10))
        .tls_config(tls)?;
    let mut client = SecurityServiceClient::new(endpoint.connect().await?);
    let mut request = Request::new(CertificateRequest {
        csr: csr.into_bytes(),
    });
    if let Ok(token) = token.expose().parse() {
        request.metadata_mut().insert("token", token);
    }
    let response = client.certificate(request).await?.into_inner();
    let certificate = String::from_utf8(response.crt)
        .map_err(|_| InitError::Http("trustd's certificate is not PEM".to_owned()))?;
    Ok(Identity { certificate, key })
}
