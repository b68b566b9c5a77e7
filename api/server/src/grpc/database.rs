//! The gRPC face of the database.

use api_proto::v1::database_service_server::DatabaseService;
use api_proto::v1::{
    ConfirmDatabaseRequest, ConfirmDatabaseResponse, GetDatabaseRequest, GetDatabaseResponse,
};
use tonic::{Request, Response, Status};

use crate::grpc::accounted::{accounted, questioned};
use crate::operations::Operations;
use crate::view::database::database;

/// The use cases of the database as a gRPC service.
#[derive(Debug)]
pub(super) struct DatabaseFace {
    operations: Operations,
}

impl DatabaseFace {
    pub(super) const fn new(operations: Operations) -> Self {
        Self { operations }
    }
}

#[tonic::async_trait]
impl DatabaseService for DatabaseFace {
    async fn get_database(
        &self,
        request: Request<GetDatabaseRequest>,
    ) -> Result<Response<GetDatabaseResponse>, Status> {
        let (_, caller) = questioned(request);
        let view = self.operations.show_database(&caller)?;
        Ok(Response::new(GetDatabaseResponse {
            database: Some(database(&view)),
        }))
    }

    async fn confirm_database(
        &self,
        request: Request<ConfirmDatabaseRequest>,
    ) -> Result<Response<ConfirmDatabaseResponse>, Status> {
        let (request, asked) = accounted(request)?;
        self.operations
            .confirm_database(&request.found, &asked)
            .await?;
        let view = self.operations.show_database(&asked.caller)?;
        Ok(Response::new(ConfirmDatabaseResponse {
            database: Some(database(&view)),
        }))
    }
}
