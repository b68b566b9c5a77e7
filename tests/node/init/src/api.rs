//! The Talos API of the node: seven calls on port 50000, for clients whose certificate chains to
//! `machine.ca`. Without one the connection is closed after the handshake.

use crate::admission::admit;
use crate::certificates::Identity;
use crate::error::InitError;
use crate::inbox::Inbox;
use crate::resources::{Resources, StateServer};
use node::access::Call;
use node::api_messages::{Data, Empty, ReadRequest, ServiceListResponse, VersionResponse};
use node::etcd::NoEtcd;
use node::etcd_messages::{
    Bootstrap, BootstrapRequest, BootstrapResponse, EtcdMemberListRequest, EtcdMemberListResponse,
    EtcdStatusResponse,
};
use node::member::BootstrapRefused;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tonic::codegen::tokio_stream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

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

/// How much of a file goes into one message (`streamer.NewChunker` of Talos reads 1 KiB at a time).
const PIECE: usize = 1024;

fn piece(bytes: &[u8]) -> Data {
    Data {
        metadata: None,
        bytes: bytes.to_vec(),
    }
}

/// apid's port.
pub(crate) const PORT: u16 = 50000;

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

    async fn etcd_member_list(
        &self,
        request: Request<EtcdMemberListRequest>,
    ) -> Result<Response<EtcdMemberListResponse>, Status> {
        admit(&request, Call::EtcdMemberList)?;
        let members = self.ask(Inbox::EtcdMembers).await?;
        members.map(Response::new).map_err(no_etcd)
    }

    async fn etcd_status(
        &self,
        request: Request<Empty>,
    ) -> Result<Response<EtcdStatusResponse>, Status> {
        admit(&request, Call::EtcdStatus)?;
        let status = self.ask(Inbox::EtcdStatus).await?;
        status.map(Response::new).map_err(no_etcd)
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

    type ReadStream = tokio_stream::Iter<std::vec::IntoIter<Result<Data, Status>>>;

    async fn read(
        &self,
        request: Request<ReadRequest>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        admit(&request, Call::Read)?;
        let path = request.into_inner().path;
        let bytes = tokio::fs::read(&path)
            .await
            .map_err(|error| Status::unknown(format!("{path}: {error}")))?;
        let pieces: Vec<_> = bytes.chunks(PIECE).map(|it| Ok(piece(it))).collect();
        Ok(Response::new(tokio_stream::iter(pieces)))
    }
}

fn no_etcd(error: NoEtcd) -> Status {
    Status::unknown(error.to_string())
}

fn status(refused: BootstrapRefused) -> Status {
    let message = refused.to_string();
    match refused {
        BootstrapRefused::NotAControlPlane => Status::unimplemented(message),
        BootstrapRefused::NotAvailableYet | BootstrapRefused::TimeNotInSync => {
            Status::failed_precondition(message)
        }
        BootstrapRefused::AlreadyDone => Status::already_exists(message),
    }
}

/// Answers for as long as the machine runs.
pub(crate) async fn serve(
    listener: TcpListener,
    inbox: mpsc::UnboundedSender<Inbox>,
    resources: Resources,
    identity: Identity,
    accepted: &[String],
) -> Result<(), InitError> {
    let identity = tonic::transport::Identity::from_pem(&identity.certificate, &identity.key);
    let clients = Certificate::from_pem(accepted.join(
        "
",
    ));
    let tls = ServerTlsConfig::new()
        .identity(identity)
        .client_ca_root(clients);
    let server = Server::builder()
        .tls_config(tls)?
        .add_service(MachineServiceServer::new(Apid { inbox }))
        .add_service(StateServer::new(resources));
    Ok(server
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?)
}

#[cfg(test)]
mod tests;
