//! The gRPC face of boots.

use api_proto::v1::boot_service_server::BootService;
use api_proto::v1::{
    ExplainBootRequest, ExplainBootResponse, ExportPacketsRequest, ExportPacketsResponse,
    TestBootRequest, TestBootResponse,
};
use tonic::{Request, Response, Status};

use crate::grpc::accounted::questioned;
use crate::operations::Operations;
use crate::operations::boots::TestedWords;
use crate::view::boot::explanation;

/// The use cases of boots as a gRPC service.
#[derive(Debug)]
pub(super) struct BootFace {
    operations: Operations,
}

impl BootFace {
    pub(super) const fn new(operations: Operations) -> Self {
        Self { operations }
    }
}

#[tonic::async_trait]
impl BootService for BootFace {
    async fn explain_boot(
        &self,
        request: Request<ExplainBootRequest>,
    ) -> Result<Response<ExplainBootResponse>, Status> {
        let (request, caller) = questioned(request);
        let explained = self.operations.explain_boot(&caller, &request.who).await?;
        Ok(Response::new(ExplainBootResponse {
            explanations: explained.into_iter().map(explanation).collect(),
        }))
    }

    async fn export_packets(
        &self,
        request: Request<ExportPacketsRequest>,
    ) -> Result<Response<ExportPacketsResponse>, Status> {
        let (request, caller) = questioned(request);
        let exported = self
            .operations
            .export_packets(&caller, &request.who)
            .await?;
        let (packets, count) = exported;
        Ok(Response::new(ExportPacketsResponse { packets, count }))
    }

    async fn test_boot(
        &self,
        request: Request<TestBootRequest>,
    ) -> Result<Response<TestBootResponse>, Status> {
        let (request, caller) = questioned(request);
        let words = TestedWords {
            mac: &request.mac,
            uuid: &request.uuid,
            arch: &request.arch,
            firmware: &request.firmware,
            over_http: request.over_http,
            is_ipxe: request.is_ipxe,
            via: &request.via,
        };
        let explained = self.operations.test_boot(&caller, words).await?;
        Ok(Response::new(TestBootResponse {
            explanation: Some(explanation(explained)),
        }))
    }
}
