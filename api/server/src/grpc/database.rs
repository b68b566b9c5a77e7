//! The gRPC face of the database.

use api_proto::v1::database_service_server::DatabaseService;
use api_proto::v1::{
    ConfirmDatabaseRequest, ConfirmDatabaseResponse, GetDatabaseRequest, GetDatabaseResponse,
};
use tonic::{Request, Response, Status};

use crate::caller::accounted;
use crate::convert;
use crate::operations::Operations;

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
        _: Request<GetDatabaseRequest>,
    ) -> Result<Response<GetDatabaseResponse>, Status> {
        let view = self.operations.show_database();
        Ok(Response::new(convert::database(&view)))
    }

    async fn confirm_database(
        &self,
        request: Request<ConfirmDatabaseRequest>,
    ) -> Result<Response<ConfirmDatabaseResponse>, Status> {
        let (request, asked) = accounted(request)?;
        self.operations
            .confirm_database(&request.found, &asked)
            .await?;
        Ok(Response::new(ConfirmDatabaseResponse {}))
    }
}
