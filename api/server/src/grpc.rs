//! The gRPC face: translates and calls the use cases, on a Unix socket that only its owner can
//! open.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use api_proto::v1;
use api_proto::v1::cluster_service_server::{ClusterService, ClusterServiceServer};
use api_proto::v1::database_service_server::{DatabaseService, DatabaseServiceServer};
use api_proto::v1::machine_service_server::{MachineService, MachineServiceServer};
use api_proto::v1::{
    AcceptMachineRequest, AcceptMachineResponse, ApplyClusterRequest, ApplyClusterResponse,
    ApplyMachinesRequest, ApplyMachinesResponse, CancelMachineRequest, CancelMachineResponse,
    ConfirmDatabaseRequest, ConfirmDatabaseResponse, DeleteClusterRequest, DeleteClusterResponse,
    ExportSecretsRequest, ExportSecretsResponse, GetClusterRequest, GetClusterResponse,
    GetDatabaseRequest, GetDatabaseResponse, GetMachineRequest, GetMachineResponse,
    ImportSecretsRequest, ImportSecretsResponse, KubeConfigRequest, KubeConfigResponse,
    ListClustersRequest, ListClustersResponse, ListMachinesRequest, ListMachinesResponse,
    PowerOperation, ReleaseHoldRequest, ReleaseHoldResponse, ResolveBootstrapRequest,
    ResolveBootstrapResponse, RetryMachineRequest, RetryMachineResponse, SetPowerRequest,
    SetPowerResponse, TalosConfigRequest, TalosConfigResponse, WatchTimelineRequest,
};
use machine_core::power::PowerState;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::caller::{asked, peer};
use crate::convert;
use crate::effects::PowerRequest;
use crate::grpc_access;
use crate::operations::endings::Ending;
use crate::operations::release_hold::Choice;
use crate::operations::{Asked, Operations};
use crate::record;
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
        .add_service(ClusterServiceServer::new(face.clone()))
        .add_service(DatabaseServiceServer::new(face))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop)
        .await
}

/// The use cases as gRPC services.
#[derive(Debug, Clone)]
struct Face {
    operations: Operations,
    stopping: watch::Receiver<bool>,
}

impl Face {
    async fn end(
        &self,
        name: &str,
        ending: Ending<'_>,
        asked: &Asked,
    ) -> Result<(Option<v1::Machine>, Vec<String>), Status> {
        let ended = self
            .operations
            .end(name, ending, asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok((ended.view.as_ref().map(convert::machine), ended.notes))
    }
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
            record: Some(record::record(&details)),
            assurance: details
                .assurance
                .map(|it| it.to_string())
                .unwrap_or_default(),
            advice: details.advice,
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
        let name = request.name.as_str();
        let retried = if request.wipe {
            self.operations
                .retry_with_wipe((name, &request.confirm), &asked)
                .await
        } else {
            self.operations.retry(name, &asked).await
        };
        let view = retried.map_err(|error| convert::status(&error))?;
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
        let switched = self
            .operations
            .power(&request.name, wanted, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(SetPowerResponse {
            power: switched.power.to_string(),
            notes: switched.notes,
        }))
    }

    async fn cancel_machine(
        &self,
        request: Request<CancelMachineRequest>,
    ) -> Result<Response<CancelMachineResponse>, Status> {
        let peer = peer(&request);
        let CancelMachineRequest { mutation, name } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let (machine, notes) = self.end(&name, Ending::Cancel, &asked).await?;
        Ok(Response::new(CancelMachineResponse { machine, notes }))
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

    async fn retire_machine(
        &self,
        request: Request<v1::RetireMachineRequest>,
    ) -> Result<Response<v1::RetireMachineResponse>, Status> {
        let peer = peer(&request);
        let v1::RetireMachineRequest { mutation, name } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let (machine, notes) = self.end(&name, Ending::Retire, &asked).await?;
        Ok(Response::new(v1::RetireMachineResponse { machine, notes }))
    }

    async fn replace_board(
        &self,
        request: Request<v1::ReplaceBoardRequest>,
    ) -> Result<Response<v1::ReplaceBoardResponse>, Status> {
        let peer = peer(&request);
        let v1::ReplaceBoardRequest { mutation, name } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let (machine, notes) = self.end(&name, Ending::ReplaceBoard, &asked).await?;
        Ok(Response::new(v1::ReplaceBoardResponse { machine, notes }))
    }

    async fn ignore_uuid(
        &self,
        request: Request<v1::IgnoreUuidRequest>,
    ) -> Result<Response<v1::IgnoreUuidResponse>, Status> {
        let peer = peer(&request);
        let v1::IgnoreUuidRequest { mutation, name } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let (machine, notes) = self.end(&name, Ending::IgnoreUuid, &asked).await?;
        Ok(Response::new(v1::IgnoreUuidResponse { machine, notes }))
    }

    async fn accept_bmc(
        &self,
        request: Request<v1::AcceptBmcRequest>,
    ) -> Result<Response<v1::AcceptBmcResponse>, Status> {
        let peer = peer(&request);
        let v1::AcceptBmcRequest { mutation, name } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let (machine, notes) = self.end(&name, Ending::AcceptBmc, &asked).await?;
        Ok(Response::new(v1::AcceptBmcResponse { machine, notes }))
    }

    async fn forget_machine(
        &self,
        request: Request<v1::ForgetMachineRequest>,
    ) -> Result<Response<v1::ForgetMachineResponse>, Status> {
        let peer = peer(&request);
        let v1::ForgetMachineRequest { mutation, name } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let (_, notes) = self.end(&name, Ending::Forget, &asked).await?;
        Ok(Response::new(v1::ForgetMachineResponse { notes }))
    }

    async fn merge_machine(
        &self,
        request: Request<v1::MergeMachineRequest>,
    ) -> Result<Response<v1::MergeMachineResponse>, Status> {
        let peer = peer(&request);
        let v1::MergeMachineRequest {
            mutation,
            claimant,
            into,
            board,
        } = request.into_inner();
        let asked = asked(mutation, &peer)?;
        let ending = Ending::Merge { into: &into, board };
        let (machine, notes) = self.end(&claimant, ending, &asked).await?;
        Ok(Response::new(v1::MergeMachineResponse { machine, notes }))
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
        let events = self.operations.cluster_events(&name).await;
        let events = events.map_err(|error| convert::status(&error))?;
        Ok(Response::new(GetClusterResponse {
            cluster: Some(convert::cluster(&view)),
            members: members.iter().map(convert::machine).collect(),
            events: events.iter().map(convert::event).collect(),
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

    async fn talos_config(
        &self,
        request: Request<TalosConfigRequest>,
    ) -> Result<Response<TalosConfigResponse>, Status> {
        grpc_access::talos_config(&self.operations, request).await
    }
    async fn kube_config(
        &self,
        request: Request<KubeConfigRequest>,
    ) -> Result<Response<KubeConfigResponse>, Status> {
        grpc_access::kube_config(&self.operations, request).await
    }

    async fn export_secrets(
        &self,
        request: Request<ExportSecretsRequest>,
    ) -> Result<Response<ExportSecretsResponse>, Status> {
        grpc_access::export_secrets(&self.operations, request).await
    }

    async fn import_secrets(
        &self,
        request: Request<ImportSecretsRequest>,
    ) -> Result<Response<ImportSecretsResponse>, Status> {
        grpc_access::import_secrets(&self.operations, request).await
    }

    async fn resolve_bootstrap(
        &self,
        request: Request<ResolveBootstrapRequest>,
    ) -> Result<Response<ResolveBootstrapResponse>, Status> {
        grpc_access::resolve_bootstrap(&self.operations, request).await
    }

    async fn delete_cluster(
        &self,
        request: Request<DeleteClusterRequest>,
    ) -> Result<Response<DeleteClusterResponse>, Status> {
        grpc_access::delete_cluster(&self.operations, request).await
    }
}

#[tonic::async_trait]
impl DatabaseService for Face {
    async fn get_database(
        &self,
        _: Request<GetDatabaseRequest>,
    ) -> Result<Response<GetDatabaseResponse>, Status> {
        let view = self.operations.show_database();
        Ok(Response::new(convert::database(&view)))
    }

    async fn confirm_database(
        &self,
        request: Request<ConfirmDatabaseRequest>,
    ) -> Result<Response<ConfirmDatabaseResponse>, Status> {
        let peer = peer(&request);
        let request = request.into_inner();
        let asked = asked(request.mutation, &peer)?;
        self.operations
            .confirm_database(&request.found, &asked)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(ConfirmDatabaseResponse {}))
    }
}
