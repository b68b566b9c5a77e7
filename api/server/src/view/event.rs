//! What happened.

use api_proto::v1;
use machine_store::events::RecordedEvent;

use crate::view::{text, time};

/// One event.
pub(crate) fn event(recorded: &RecordedEvent) -> v1::Event {
    let event = &recorded.event;
    v1::Event {
        sequence: recorded.seq,
        at: Some(time(event.at)),
        actor: event.actor.to_string(),
        kind: event.kind.clone(),
        detail: event.detail.clone(),
        boot: text(event.boot),
        machine: text(event.machine),
        cluster: text(event.cluster),
    }
}
