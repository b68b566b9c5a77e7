//! Who calls, as the socket knows them, and what they say of the change that they ask for.

use api_proto::v1::Mutation;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Status};

use crate::convert;
use crate::operations::Asked;

/// What the socket knows of the peer: its user.
pub(crate) fn peer<T>(request: &Request<T>) -> String {
    let credentials = request
        .extensions()
        .get::<UdsConnectInfo>()
        .and_then(|info| info.peer_cred);
    credentials.map_or_else(String::new, |it| format!("uid {}", it.uid()))
}

/// Who asks, why, and under which key.
pub(crate) fn asked(mutation: Option<Mutation>, peer: &str) -> Result<Asked, Status> {
    let Mutation {
        actor,
        reason,
        idempotency_key,
    } = mutation.unwrap_or_default();
    let who = match (actor.is_empty(), peer.is_empty()) {
        (true, _) => peer.to_owned(),
        (false, true) => actor,
        (false, false) => format!("{actor} ({peer})"),
    };
    Asked::new(who, reason, idempotency_key).map_err(|error| convert::status(&error))
}
