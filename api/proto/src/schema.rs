//! The JSON of the views, as OpenAPI describes it.

use utoipa::OpenApi;

use crate::v1;

/// Every view: what the commands print with `-o json`.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Drover",
        version = "v1",
        description = "The views of the API as JSON"
    ),
    components(schemas(
        v1::BootExplanation,
        v1::Machine,
        v1::Cluster,
        v1::Event,
        v1::Database,
        v1::Error
    ))
)]
pub struct Views;
