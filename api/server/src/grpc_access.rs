//! The gRPC face of what people do with a cluster beside describing it: into it, its secrets, its
//! end.

use std::time::Duration;

use api_proto::v1::{
    BootstrapResolution, DeleteClusterRequest, DeleteClusterResponse, ExportSecretsRequest,
    ExportSecretsResponse, ImportSecretsRequest, ImportSecretsResponse, KubeConfigRequest,
    KubeConfigResponse, KubeRole, ResolveBootstrapRequest, ResolveBootstrapResponse,
    TalosConfigRequest, TalosConfigResponse, TalosRole,
};
use machine_core::bootstrap::Resolution;
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use crate::caller::{asked, peer};
use crate::cluster_vault::AccessRole;
use crate::convert;
use crate::error::UseCaseError;
use crate::operations::Operations;

type Answer<T> = Result<Response<T>, Status>;

pub(crate) async fn talos_config(
    operations: &Operations,
    request: Request<TalosConfigRequest>,
) -> Answer<TalosConfigResponse> {
    let peer = peer(&request);
    let request = request.into_inner();
    let role = match request.role() {
        TalosRole::Unspecified | TalosRole::Admin => AccessRole::TalosAdmin,
        TalosRole::Operator => AccessRole::TalosOperator,
        TalosRole::Reader => AccessRole::TalosReader,
    };
    let lifetime = lifetime(request.lifetime)?;
    let asked = asked(request.mutation, &peer)?;
    let access = operations
        .give_access(&request.name, role, lifetime, &asked)
        .await
        .map_err(|error| convert::status(&error))?;
    Ok(Response::new(TalosConfigResponse {
        document: handed_out(access.document),
        until: access.until.as_millis(),
        notes: access.notes,
    }))
}

pub(crate) async fn kube_config(
    operations: &Operations,
    request: Request<KubeConfigRequest>,
) -> Answer<KubeConfigResponse> {
    let peer = peer(&request);
    let request = request.into_inner();
    let role = match request.role() {
        KubeRole::Unspecified | KubeRole::Admin => AccessRole::KubeAdmin,
        KubeRole::Viewer => AccessRole::KubeViewer,
    };
    let lifetime = lifetime(request.lifetime)?;
    let asked = asked(request.mutation, &peer)?;
    let access = operations
        .give_access(&request.name, role, lifetime, &asked)
        .await
        .map_err(|error| convert::status(&error))?;
    Ok(Response::new(KubeConfigResponse {
        document: handed_out(access.document),
        until: access.until.as_millis(),
        notes: access.notes,
    }))
}

pub(crate) async fn export_secrets(
    operations: &Operations,
    request: Request<ExportSecretsRequest>,
) -> Answer<ExportSecretsResponse> {
    let peer = peer(&request);
    let request = request.into_inner();
    let asked = asked(request.mutation, &peer)?;
    let document = operations
        .export_secrets(&request.name, &request.confirm, &asked)
        .await
        .map_err(|error| convert::status(&error))?;
    Ok(Response::new(ExportSecretsResponse {
        document: handed_out(document),
    }))
}

pub(crate) async fn import_secrets(
    operations: &Operations,
    request: Request<ImportSecretsRequest>,
) -> Answer<ImportSecretsResponse> {
    let peer = peer(&request);
    let request = request.into_inner();
    let document = Zeroizing::new(request.document);
    let asked = asked(request.mutation, &peer)?;
    let view = operations
        .import_secrets((&request.name, &request.confirm), &document, &asked)
        .await
        .map_err(|error| convert::status(&error))?;
    Ok(Response::new(ImportSecretsResponse {
        cluster: Some(convert::cluster(&view)),
    }))
}

pub(crate) async fn resolve_bootstrap(
    operations: &Operations,
    request: Request<ResolveBootstrapRequest>,
) -> Answer<ResolveBootstrapResponse> {
    let peer = peer(&request);
    let request = request.into_inner();
    let resolution = match request.resolution() {
        BootstrapResolution::Done => Resolution::Done,
        BootstrapResolution::NotDone => Resolution::NotDone,
        BootstrapResolution::Unspecified => {
            let wanted = "wanted done or not-done, got nothing".to_owned();
            return Err(convert::status(&UseCaseError::Invalid(wanted)));
        }
    };
    let asked = asked(request.mutation, &peer)?;
    let view = operations
        .resolve_bootstrap(&request.name, resolution, &asked)
        .await
        .map_err(|error| convert::status(&error))?;
    Ok(Response::new(ResolveBootstrapResponse {
        cluster: Some(convert::cluster(&view)),
    }))
}

pub(crate) async fn delete_cluster(
    operations: &Operations,
    request: Request<DeleteClusterRequest>,
) -> Answer<DeleteClusterResponse> {
    let peer = peer(&request);
    let request = request.into_inner();
    let asked = asked(request.mutation, &peer)?;
    let released = operations
        .delete_cluster(&request.name, &request.confirm, &asked)
        .await
        .map_err(|error| convert::status(&error))?;
    Ok(Response::new(DeleteClusterResponse { released }))
}

/// Out of the text that is wiped when dropped, into the one that is sent.
fn handed_out(mut document: Zeroizing<String>) -> String {
    std::mem::take(&mut document)
}

fn lifetime(seconds: i64) -> Result<Duration, Status> {
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| {
            let wanted = format!("wanted a lifetime in seconds, got {seconds}");
            convert::status(&UseCaseError::Invalid(wanted))
        })
}
