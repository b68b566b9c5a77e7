//! Whether a node is ready, by the status of its machine, which its own store keeps. A node says it
//! by an event, too; but an event may be lost, and nobody says it twice.

use crate::api::TalosApi;
use crate::api_error::CallError;
use crate::event::TalosEvent;
use crate::wire::resource::GetRequest;

/// Where Talos keeps it (`pkg/machinery/resources/runtime/machine_status.go`): namespace, type, id.
const MACHINE_STATUS: [&str; 3] = ["runtime", "MachineStatuses.runtime.talos.dev", "machine"];
/// The event that has the same fields under the same numbers: `stage` 1, `status` 2.
const EVENT: &str = "machine.MachineStatusEvent";

impl TalosApi {
    /// Whether the node is ready: it runs, and misses nothing. A reader may ask that.
    pub async fn is_ready(&self) -> Result<bool, CallError> {
        let [namespace, kind, id] = MACHINE_STATUS.map(str::to_owned);
        let request = GetRequest {
            namespace,
            r#type: kind,
            id,
        };
        let mut client = self.state.clone();
        let reply = self.within_patience(client.get(request)).await?;
        let spec = reply.resource.and_then(|resource| resource.spec);
        let spec = spec.ok_or(CallError::Empty)?;
        let status = TalosEvent::decode(EVENT, &spec.proto_spec);
        status.evidence().ready.ok_or(CallError::Empty)
    }
}
