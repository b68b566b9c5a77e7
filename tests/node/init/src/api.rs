//! The Talos API of the node: three calls on port 50000, for clients whose certificate chains to
//! `machine.ca`. Without one the connection is closed after the handshake.

use crate::certificates::Identity;
use crate::driver::Inbox;
use crate::error::InitError;
use node::access::{Call, authorize};
use node::member::BootstrapRefused;
use node::messages::{
    Bootstrap, BootstrapRequest, BootstrapResponse, Empty, ServiceListResponse, VersionResponse,
};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::sync::{mpsc, oneshot};
use tonic::transport::{Certificate, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The calls, generated around the messages of the `node` crate.
mod generated {
    #![expect(
        unreachable_pub,
        unused_qualifications,
        clippy::pedantic,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/machine.MachineService.rs"));
}

use generated::machine_service_server::{MachineService, MachineServiceServer};

const PORT: u16 = 50000;

struct Apid {
    inbox: mpsc::UnboundedSender<Inbox>,
}

impl Apid {
    /// Asks the node itself, and waits for its answer.
    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Inbox,
    ) -> Result<T, Status> {
        let (reply, answer) = oneshot::channel();
        let gone = |()| Status::unavailable("the node is restarting");
        self.inbox.send(question(reply)).map_err(|_| gone(()))?;
        answer.await.map_err(|_| gone(()))
    }
}

#[tonic::async_trait]
impl MachineService for Apid {
    async fn version(&self, request: Request<Empty>) -> Result<Response<VersionResponse>, Status> {
        admit(&request, Call::Version)?;
        self.ask(Inbox::Version).await.map(Response::new)
    }

    async fn service_list(
        &self,
        request: Request<Empty>,
    ) -> Result<Response<ServiceListResponse>, Status> {
        admit(&request, Call::ServiceList)?;
        self.ask(Inbox::ServiceList).await.map(Response::new)
    }

    async fn bootstrap(
        &self,
        request: Request<BootstrapRequest>,
    ) -> Result<Response<BootstrapResponse>, Status> {
        admit(&request, Call::Bootstrap)?;
        match self.ask(Inbox::Bootstrap).await? {
            Ok(()) => Ok(Response::new(BootstrapResponse {
                messages: vec![Bootstrap::default()],
            })),
            Err(refused) => Err(status(refused)),
        }
    }
}

fn status(refused: BootstrapRefused) -> Status {
    let message = refused.to_string();
    match refused {
        BootstrapRefused::NotAControlPlane => Status::unimplemented(message),
        BootstrapRefused::NotAvailableYet => Status::failed_precondition(message),
        BootstrapRefused::AlreadyDone => Status::already_exists(message),
    }
}

fn admit<T>(request: &Request<T>, call: Call) -> Result<(), Status> {
    let chain = request.peer_certs().unwrap_or_default();
    let organizations = chain
        .first()
        .map(|leaf| organizations(leaf))
        .unwrap_or_default();
    authorize(&organizations, call)
        .map_err(|refused| Status::permission_denied(refused.to_string()))
}

/// The organizations (O) in a certificate's subject.
fn organizations(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let attributes = certificate.subject().iter_organization();
    attributes
        .filter_map(|attribute| attribute.as_str().ok())
        .map(str::to_owned)
        .collect()
}

/// Answers for as long as the machine runs.
pub(crate) async fn serve(
    inbox: mpsc::UnboundedSender<Inbox>,
    identity: Identity,
    accepted: &[String],
) -> Result<(), InitError> {
    let identity = tonic::transport::Identity::from_pem(&identity.certificate, &identity.key);
    let clients = Certificate::from_pem(accepted.join("\n"));
    let tls = ServerTlsConfig::new()
        .identity(identity)
        .client_ca_root(clients);
    let server = Server::builder().tls_config(tls)?;
    let place = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
    Ok(server
        .serve(place, MachineServiceServer::new(Apid { inbox }))
        .await?)
}
