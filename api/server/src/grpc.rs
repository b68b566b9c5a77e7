//! The gRPC face: translates and calls the use cases, on a Unix socket that only its owner can
//! open.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use api_proto::v1::cluster_service_server::{ClusterService, ClusterServiceServer};
use api_proto::v1::machine_service_server::{MachineService, MachineServiceServer};
use api_proto::v1::{
    AcceptMachineRequest, AcceptMachineResponse, ApplyClusterRequest, ApplyClusterResponse,
    ApplyMachinesRequest, ApplyMachinesResponse, GetClusterRequest, GetClusterResponse,
    GetMachineRequest, GetMachineResponse, ListClustersRequest, ListClustersResponse,
    ListMachinesRequest, ListMachinesResponse, Mutation, PowerOperation, SetPowerRequest,
    SetPowerResponse, WatchTimelineRequest, WatchTimelineResponse,
};
use machine_core::intent::Actor;
use machine_core::power::PowerState;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tonic::transport::Server;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status};

use crate::convert;
use crate::effects::PowerRequest;
use crate::error::UseCaseError;
use crate::operations::{Asked, Operations};

/// How often a timeline that is followed is read.
const FOLLOW: Duration = Duration::from_millis(300);

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

/// Serves the API until `stop`.
pub async fn serve(
    listener: UnixListener,
    operations: Operations,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let face = Face { operations };
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
}

/// A timeline.
type Timeline = Pin<Box<dyn Stream<Item = Result<WatchTimelineResponse, Status>> + Send>>;

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
            .map_err(|error| status(&error))?;
        let machines = views.iter().map(convert::machine).collect();
        Ok(Response::new(ListMachinesResponse { machines }))
    }

    async fn get_machine(
        &self,
        request: Request<GetMachineRequest>,
    ) -> Result<Response<GetMachineResponse>, Status> {
        let name = request.into_inner().name;
        let (view, attempts) = self
            .operations
            .show_machine(&name)
            .await
            .map_err(|error| status(&error))?;
        let bmc = view.machine.bmc.as_ref();
        Ok(Response::new(GetMachineResponse {
            machine: Some(convert::machine(&view)),
            evidence: view
                .identity
                .as_ref()
                .map(convert::evidence)
                .unwrap_or_default(),
            boots: view.boots.iter().map(convert::boot).collect(),
            attempts: attempts.iter().map(convert::attempt).collect(),
            bmc: bmc
                .map(|bmc| format!("{} {}", bmc.protocol, bmc.address))
                .unwrap_or_default(),
        }))
    }

    async fn apply_machines(
        &self,
        request: Request<ApplyMachinesRequest>,
    ) -> Result<Response<ApplyMachinesResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer);
        let views = self
            .operations
            .apply_machines(&request.file, &request.document, &asked)
            .await
            .map_err(|error| status(&error))?;
        let machines = views.iter().map(convert::machine).collect();
        Ok(Response::new(ApplyMachinesResponse { machines }))
    }

    async fn accept_machine(
        &self,
        request: Request<AcceptMachineRequest>,
    ) -> Result<Response<AcceptMachineResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer);
        let view = self
            .operations
            .accept(&request.name, &asked)
            .await
            .map_err(|error| status(&error))?;
        Ok(Response::new(AcceptMachineResponse {
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
        let asked = asked(request.mutation, &peer);
        let power = self
            .operations
            .power(&request.name, wanted, &asked)
            .await
            .map_err(|error| status(&error))?;
        Ok(Response::new(SetPowerResponse {
            power: power.to_string(),
        }))
    }

    type WatchTimelineStream = Timeline;

    async fn watch_timeline(
        &self,
        request: Request<WatchTimelineRequest>,
    ) -> Result<Response<Timeline>, Status> {
        let WatchTimelineRequest { name, follow } = request.into_inner();
        // Whether there is such a machine is answered at once, not within the stream.
        self.operations
            .events(&name, 0)
            .await
            .map_err(|error| status(&error))?;
        let (sender, events) = mpsc::channel(64);
        tokio::spawn(send_events(self.operations.clone(), name, follow, sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(events))))
    }
}

/// Sends events until there are no more, or, when it follows, until nobody listens.
async fn send_events(
    operations: Operations,
    name: String,
    follow: bool,
    sender: mpsc::Sender<Result<WatchTimelineResponse, Status>>,
) {
    let mut after = 0;
    loop {
        let events = match operations.events(&name, after).await {
            Ok(events) => events,
            Err(error) => {
                let _ = sender.send(Err(status(&error))).await;
                return;
            }
        };
        for event in &events {
            after = event.seq;
            let response = WatchTimelineResponse {
                event: Some(convert::event(event)),
            };
            if sender.send(Ok(response)).await.is_err() {
                return;
            }
        }
        if events.is_empty() {
            if !follow {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(FOLLOW) => {}
                () = sender.closed() => return,
            }
        }
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
            .map_err(|error| status(&error))?;
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
            .map_err(|error| status(&error))?;
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
        let asked = asked(request.mutation, &peer);
        let (view, created) = self
            .operations
            .apply_cluster(&request.file, &request.document, &asked)
            .await
            .map_err(|error| status(&error))?;
        Ok(Response::new(ApplyClusterResponse {
            cluster: Some(convert::cluster(&view)),
            created,
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

fn asked(mutation: Option<Mutation>, peer: &str) -> Asked {
    let Mutation {
        actor,
        reason,
        idempotency_key,
    } = mutation.unwrap_or_default();
    let name = match (actor.is_empty(), peer.is_empty()) {
        (true, _) => peer.to_owned(),
        (false, true) => actor,
        (false, false) => format!("{actor} ({peer})"),
    };
    Asked {
        actor: Actor::Person(name),
        reason,
        key: idempotency_key,
    }
}

fn status(error: &UseCaseError) -> Status {
    let text = error.to_string();
    match error {
        UseCaseError::NotFound { .. } => Status::not_found(text),
        UseCaseError::Document(_) => Status::invalid_argument(text),
        UseCaseError::Lifecycle { .. } | UseCaseError::Contradiction(_) => {
            Status::failed_precondition(text)
        }
        UseCaseError::Effect(_) => Status::failed_precondition(text),
        UseCaseError::Overtaken => Status::aborted(text),
        UseCaseError::Store(_) => Status::unavailable(text),
    }
}
