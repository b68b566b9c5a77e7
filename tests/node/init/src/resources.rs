//! The node's resource store, of which one resource can be read: the status of its machine.

use node::access::Call;
use node::messages::{GetRequest, GetResponse, MachineStatusEvent, Resource, Spec};
use prost::Message as _;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::api::admit;

/// The call, generated around the messages of the `node` crate.
mod generated {
    #![expect(
        unreachable_pub,
        unused_qualifications,
        clippy::pedantic,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/cosi.resource.State.rs"));
}

#[cfg(test)]
pub(crate) use generated::state_client::StateClient;
pub(crate) use generated::state_server::StateServer;

/// The store. The status is the one that was published last.
pub(crate) struct Resources(pub(crate) watch::Receiver<Option<MachineStatusEvent>>);

#[tonic::async_trait]
impl generated::state_server::State for Resources {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        admit(&request, Call::Get)?;
        let GetRequest {
            namespace,
            kind,
            id,
        } = request.into_inner();
        let path = (namespace.as_str(), kind.as_str(), id.as_str());
        let status = match path {
            ("runtime", "MachineStatuses.runtime.talos.dev", "machine") => self.0.borrow().clone(),
            _ => None,
        };
        let status = status
            .ok_or_else(|| Status::not_found(format!("resource {kind}({namespace}/{id})")))?;
        // The resource has the fields of the event, under the same numbers.
        let proto_spec = status.encode_to_vec();
        let spec = Some(Spec { proto_spec });
        Ok(Response::new(GetResponse {
            resource: Some(Resource { spec }),
        }))
    }
}
