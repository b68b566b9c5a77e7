//! The gRPC face of clusters: what they are, the way into them, their secrets, their end.

use api_proto::time::from_millis;
use api_proto::v1::cluster_service_server::ClusterService;
use api_proto::v1::{
    ApplyClusterRequest, ApplyClusterResponse, BootstrapResolution, DeleteClusterRequest,
    DeleteClusterResponse, ExportSecretsRequest, ExportSecretsResponse, GetClusterRequest,
    GetClusterResponse, ImportSecretsRequest, ImportSecretsResponse, KubeConfigRequest,
    KubeConfigResponse, ListClustersRequest, ListClustersResponse, ResolveBootstrapRequest,
    ResolveBootstrapResponse, TalosConfigRequest, TalosConfigResponse,
};
use machine_core::operation::Resolution;
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use crate::error::UseCaseError;
use crate::grpc::access::{handed_out, kube_role, lifetime, talos_role};
use crate::grpc::accounted::{accounted, questioned};
use crate::grpc::paging::page;
use crate::operations::Operations;
use crate::view::cluster::{applied, cluster, detailed};

/// The use cases of clusters as a gRPC service.
#[derive(Debug)]
pub(super) struct ClusterFace {
    operations: Operations,
}

impl ClusterFace {
    pub(super) const fn new(operations: Operations) -> Self {
        Self { operations }
    }
}

#[tonic::async_trait]
impl ClusterService for ClusterFace {
    async fn list_clusters(
        &self,
        request: Request<ListClustersRequest>,
    ) -> Result<Response<ListClustersResponse>, Status> {
        let (request, caller) = questioned(request);
        let page = page(request.page_size, request.page_token)?;
        let listed = self.operations.list_clusters(&caller, &page).await?;
        Ok(Response::new(ListClustersResponse {
            clusters: listed.items.iter().map(cluster).collect(),
            next_page_token: listed.next,
        }))
    }

    async fn get_cluster(
        &self,
        request: Request<GetClusterRequest>,
    ) -> Result<Response<GetClusterResponse>, Status> {
        let (request, caller) = questioned(request);
        let name = &request.name;
        let (view, members) = self.operations.show_cluster(&caller, name).await?;
        let events = self.operations.cluster_events(&caller, name).await?;
        Ok(Response::new(GetClusterResponse {
            cluster: Some(detailed(&view, &members, &events)),
        }))
    }

    async fn apply_cluster(
        &self,
        request: Request<ApplyClusterRequest>,
    ) -> Result<Response<ApplyClusterResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (file, document) = (&request.file, &request.document);
        let done = self
            .operations
            .apply_cluster(file, document, &asked)
            .await?;
        Ok(Response::new(ApplyClusterResponse {
            cluster: Some(applied(&done.view, done.result)),
            notes: done.notes,
        }))
    }

    async fn talos_config(
        &self,
        request: Request<TalosConfigRequest>,
    ) -> Result<Response<TalosConfigResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (role, lifetime) = (talos_role(request.role()), lifetime(request.lifetime)?);
        let access = self
            .operations
            .give_access(&request.name, role, lifetime, &asked)
            .await?;
        Ok(Response::new(TalosConfigResponse {
            document: handed_out(access.document),
            until: Some(from_millis(access.until.as_millis())),
            notes: access.notes,
        }))
    }

    async fn kube_config(
        &self,
        request: Request<KubeConfigRequest>,
    ) -> Result<Response<KubeConfigResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (role, lifetime) = (kube_role(request.role()), lifetime(request.lifetime)?);
        let access = self
            .operations
            .give_access(&request.name, role, lifetime, &asked)
            .await?;
        Ok(Response::new(KubeConfigResponse {
            document: handed_out(access.document),
            until: Some(from_millis(access.until.as_millis())),
            notes: access.notes,
        }))
    }

    async fn export_secrets(
        &self,
        request: Request<ExportSecretsRequest>,
    ) -> Result<Response<ExportSecretsResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (name, confirm) = (&request.name, &request.confirm);
        let document = self
            .operations
            .export_secrets(name, confirm, &asked)
            .await?;
        Ok(Response::new(ExportSecretsResponse {
            document: handed_out(document),
        }))
    }

    async fn import_secrets(
        &self,
        request: Request<ImportSecretsRequest>,
    ) -> Result<Response<ImportSecretsResponse>, Status> {
        let (mut request, asked) = accounted(request)?;
        let document = Zeroizing::new(std::mem::take(&mut request.document));
        let cluster = (request.name.as_str(), request.confirm.as_str());
        let imported = self
            .operations
            .import_secrets(cluster, &document, &asked)
            .await?;
        Ok(Response::new(ImportSecretsResponse {
            cluster: Some(applied(&imported.view, imported.result)),
        }))
    }

    async fn resolve_bootstrap(
        &self,
        request: Request<ResolveBootstrapRequest>,
    ) -> Result<Response<ResolveBootstrapResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let resolution = resolution(request.resolution())?;
        let view = self
            .operations
            .resolve_bootstrap(&request.name, resolution, &asked)
            .await?;
        Ok(Response::new(ResolveBootstrapResponse {
            cluster: Some(cluster(&view)),
        }))
    }

    async fn delete_cluster(
        &self,
        request: Request<DeleteClusterRequest>,
    ) -> Result<Response<DeleteClusterResponse>, Status> {
        let (request, asked) = accounted(request)?;
        let (name, confirm) = (&request.name, &request.confirm);
        let released = self
            .operations
            .delete_cluster(name, confirm, &asked)
            .await?;
        Ok(Response::new(DeleteClusterResponse {
            released,
            name: request.name,
        }))
    }
}

fn resolution(said: BootstrapResolution) -> Result<Resolution, UseCaseError> {
    match said {
        BootstrapResolution::Done => Ok(Resolution::Done),
        BootstrapResolution::NotDone => Ok(Resolution::NotDone),
        BootstrapResolution::Unspecified => {
            let wanted = "wanted done or not-done, got nothing".to_owned();
            Err(UseCaseError::Invalid(wanted))
        }
    }
}
