//! The gRPC face of events.

use api_proto::v1::event_service_server::EventService;
use api_proto::v1::{ListEventsRequest, ListEventsResponse};
use tonic::{Request, Response, Status};

use crate::error::UseCaseError;
use crate::grpc::accounted::questioned;
use crate::operations::Operations;
use crate::operations::events::{EventsOf, MOST};
use crate::view::event::event;

/// The use cases of events as a gRPC service.
#[derive(Debug)]
pub(super) struct EventFace {
    operations: Operations,
}

impl EventFace {
    pub(super) const fn new(operations: Operations) -> Self {
        Self { operations }
    }
}

#[tonic::async_trait]
impl EventService for EventFace {
    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let (request, caller) = questioned(request);
        let limit = match request.page_size {
            0 => MOST,
            size => size.min(MOST),
        };
        let found = self
            .operations
            .list_events(&caller, whose(&request)?, (request.after, limit))
            .await?;
        let is_full = u32::try_from(found.len()).is_ok_and(|count| count >= limit);
        let last = found.last().map(|it| it.seq);
        Ok(Response::new(ListEventsResponse {
            events: found.iter().map(event).collect(),
            next: last.filter(|_| is_full),
        }))
    }
}

fn whose(request: &ListEventsRequest) -> Result<EventsOf<'_>, UseCaseError> {
    match (request.machine.as_str(), request.cluster.as_str()) {
        ("", "") => Ok(EventsOf::All),
        (machine, "") => Ok(EventsOf::Machine(machine)),
        ("", cluster) => Ok(EventsOf::Cluster(cluster)),
        (machine, cluster) => Err(UseCaseError::Invalid(format!(
            "wanted a machine or a cluster, got both: {machine} and {cluster}"
        ))),
    }
}
