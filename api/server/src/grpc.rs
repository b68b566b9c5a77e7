//! The gRPC face: translates and calls the use cases, on a Unix socket that only its owner can
//! open.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use api_proto::v1::cluster_service_server::{ClusterService, ClusterServiceServer};
use api_proto::v1::machine_service_server::{MachineService, MachineServiceServer};
use api_proto::v1::{
    AcceptMachineRequest, AcceptMachineResponse, ApplyClusterRequest, ApplyClusterResponse,
    ApplyMachinesRequest, ApplyMachinesResponse, GetClusterRequest, GetClusterResponse,
    GetMachineRequest, GetMachineResponse, ListClustersRequest, ListClustersResponse,
    ListMachinesRequest, ListMachinesResponse, Mutation, PowerOperation, ReleaseHoldRequest,
    ReleaseHoldResponse, RetryMachineRequest, RetryMachineResponse, SetPowerRequest,
    SetPowerResponse, WatchTimelineRequest,
};
use machine_core::power::PowerState;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tonic::transport::Server;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};

use crate::convert;
use crate::effects::PowerRequest;
use crate::operations::release_hold::Choice;
use crate::operations::{Asked, Operations};
use crate::timeline::{Sent, Timeline};

/// Binds the API's socket: mode 0600. A socket that is left of a daemon that is gone is replaced;
/// the caller holds the lock on the state directory.
pub fn bind(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the API until `stop`; timelines that are followed end then.
pub async fn serve(
    listener: UnixListener,
    operations: Operations,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (told, stopping) = watch::channel(false);
    let face = Face {
        operations,
        stopping,
    };
    let stop = async move {
        stop.await;
        told.send_replace(true);
    };
    Server::builder()
        .add_service(MachineServiceServer::new(face.clone()))
        .add_service(ClusterServiceServer::new(face))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop)
        .await
}

/// The use cases as gRPC services.
#[derive(Debug, Clone)]
struct Face {
    operations: Operations,
    stopping: watch::Receiver<bool>,
}

#[tonic::async_trait]
impl MachineService for Face {
    async fn list_machines(
        &self,
        _: Request<ListMachinesRequest>,
    ) -> Result<Response<ListMachinesResponse>, Status> {
        let views = self
            .operations
            .list_machines()
            .await
            .map_err(|error| convert::status(&error))?;
        let machines = views.iter().map(convert::machine).collect();
        Ok(Response::new(ListMachinesResponse { machines }))
    }

    async fn get_machine(
        &self,
        request: Request<GetMachineRequest>,
    ) -> Result<Response<GetMachineResponse>, Status> {
        let name = request.into_inner().name;
        let details = self
            .operations
            .show_machine(&name)
            .await
            .map_err(|error| convert::status(&error))?;
        let bmc = details.view.machine.bmc.as_ref();
        Ok(Response::new(GetMachineResponse {
            machine: Some(convert::machine(&details.view)),
            evidence: details.evidence.iter().map(convert::evidence).collect(),
            boots: details.view.boots.iter().map(convert::boot).collect(),
            attempts: details.attempts.iter().map(convert::attempt).collect(),
            bmc: bmc
                .map(|bmc| format!("{} {}", bmc.protocol, bmc.address))
                .unwrap_or_default(),
            intents: details.intents.iter().map(convert::intent).collect(),
            assurance: details
                .assurance
                .map(|it| it.to_string())
                .unwrap_or_default(),
        }))
    }

    async fn apply_machines(
        &self,
        request: Request<ApplyMachinesRequest>,
    ) -> Result<Response<ApplyMachinesResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer)?;
        let applied = self
            .operations
            .apply_machines(&request.file, &request.document, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(ApplyMachinesResponse {
            machines: applied.views.iter().map(convert::machine).collect(),
            notes: applied.notes,
        }))
    }

    async fn accept_machine(
        &self,
        request: Request<AcceptMachineRequest>,
    ) -> Result<Response<AcceptMachineResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer)?;
        let view = self
            .operations
            .accept(&request.name, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(AcceptMachineResponse {
            machine: Some(convert::machine(&view)),
        }))
    }

    async fn retry_machine(
        &self,
        request: Request<RetryMachineRequest>,
    ) -> Result<Response<RetryMachineResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer)?;
        let view = self
            .operations
            .retry(&request.name, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(RetryMachineResponse {
            machine: Some(convert::machine(&view)),
        }))
    }

    async fn set_power(
        &self,
        request: Request<SetPowerRequest>,
    ) -> Result<Response<SetPowerResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let wanted = match request.operation() {
            PowerOperation::On => PowerRequest::Level(PowerState::On),
            PowerOperation::Off => PowerRequest::Level(PowerState::Off),
            PowerOperation::Cycle => PowerRequest::Cycle,
            PowerOperation::Unspecified => {
                return Err(Status::invalid_argument(
                    "wanted on, off or cycle, got nothing",
                ));
            }
        };
        let asked = asked(request.mutation, &peer)?;
        let power = self
            .operations
            .power(&request.name, wanted, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(SetPowerResponse {
            power: power.to_string(),
        }))
    }

    async fn release_hold(
        &self,
        request: Request<ReleaseHoldRequest>,
    ) -> Result<Response<ReleaseHoldResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer)?;
        let card = match request.card.as_str() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|error| Status::invalid_argument(format!("the card: {error}")))?,
            ),
        };
        let choice = Choice {
            card,
            boot: request.boot,
        };
        let view = self
            .operations
            .release_hold(&request.name, &choice, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(ReleaseHoldResponse {
            machine: Some(convert::machine(&view)),
        }))
    }

    type WatchTimelineStream = ReceiverStream<Sent>;

    async fn watch_timeline(
        &self,
        request: Request<WatchTimelineRequest>,
    ) -> Result<Response<ReceiverStream<Sent>>, Status> {
        let WatchTimelineRequest { name, follow } = request.into_inner();
        // Whether there is such a machine is answered at once, not within the stream.
        self.operations
            .events(&name, 0)
            .await
            .map_err(|error| convert::status(&error))?;
        let timeline = Timeline {
            operations: self.operations.clone(),
            name,
            follow,
            stopping: self.stopping.clone(),
        };
        Ok(Response::new(ReceiverStream::new(timeline.spawn())))
    }
}

#[tonic::async_trait]
impl ClusterService for Face {
    async fn list_clusters(
        &self,
        _: Request<ListClustersRequest>,
    ) -> Result<Response<ListClustersResponse>, Status> {
        let views = self
            .operations
            .list_clusters()
            .await
            .map_err(|error| convert::status(&error))?;
        let clusters = views.iter().map(convert::cluster).collect();
        Ok(Response::new(ListClustersResponse { clusters }))
    }

    async fn get_cluster(
        &self,
        request: Request<GetClusterRequest>,
    ) -> Result<Response<GetClusterResponse>, Status> {
        let name = request.into_inner().name;
        let (view, members) = self
            .operations
            .show_cluster(&name)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(GetClusterResponse {
            cluster: Some(convert::cluster(&view)),
            members: members.iter().map(convert::machine).collect(),
        }))
    }

    async fn apply_cluster(
        &self,
        request: Request<ApplyClusterRequest>,
    ) -> Result<Response<ApplyClusterResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer)?;
        let applied = self
            .operations
            .apply_cluster(&request.file, &request.document, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(ApplyClusterResponse {
            cluster: Some(convert::cluster(&applied.view)),
            created: applied.created,
            notes: applied.notes,
        }))
    }
}

/// What the socket knows of the peer: its user.
fn peer<T>(request: &Request<T>) -> String {
    let credentials = request
        .extensions()
        .get::<UdsConnectInfo>()
        .and_then(|info| info.peer_cred);
    credentials.map_or_else(String::new, |it| format!("uid {}", it.uid()))
}

fn asked(mutation: Option<Mutation>, peer: &str) -> Result<Asked, Status> {
    let Mutation {
        actor,
        reason,
        idempotency_key,
    } = mutation.unwrap_or_default();
    let who = match (actor.is_empty(), peer.is_empty()) {
        (true, _) => peer.to_owned(),
        (false, true) => actor,
        (false, false) => format!("{actor} ({peer})"),
    };
    Asked::new(who, reason, idempotency_key).map_err(|error| convert::status(&error))
}
