//! Who calls, as the socket knows them, and what they say of the change that they ask for.

use api_proto::v1;
use api_proto::v1::Mutation;
use tonic::Request;
use tonic::transport::server::UdsConnectInfo;

use crate::error::UseCaseError;
use crate::operations::Asked;

/// A request for a change: it says who asks, why, and under which key.
pub(crate) trait Accountable {
    /// Takes that out of it.
    fn take_mutation(&mut self) -> Option<Mutation>;
}

macro_rules! accountable {
    ($($request:ident),* $(,)?) => {$(
        impl Accountable for v1::$request {
            fn take_mutation(&mut self) -> Option<Mutation> {
                self.mutation.take()
            }
        }
    )*};
}

accountable!(
    AcceptBmcRequest,
    AcceptMachineRequest,
    ApplyClusterRequest,
    ApplyMachinesRequest,
    CancelMachineRequest,
    ConfirmDatabaseRequest,
    DeleteClusterRequest,
    ExportSecretsRequest,
    ForgetMachineRequest,
    IgnoreUuidRequest,
    ImportSecretsRequest,
    KubeConfigRequest,
    MergeMachineRequest,
    ReleaseHoldRequest,
    ReplaceBoardRequest,
    ResolveBootstrapRequest,
    RetireMachineRequest,
    RetryMachineRequest,
    SetPowerRequest,
    TalosConfigRequest,
);

/// What is asked for, and by whom: how every change begins.
pub(crate) fn accounted<T: Accountable>(request: Request<T>) -> Result<(T, Asked), UseCaseError> {
    let peer = peer(&request);
    let mut request = request.into_inner();
    let asked = asked(request.take_mutation(), &peer)?;
    Ok((request, asked))
}

/// What the socket knows of the peer: its user.
fn peer<T>(request: &Request<T>) -> String {
    let credentials = request
        .extensions()
        .get::<UdsConnectInfo>()
        .and_then(|info| info.peer_cred);
    credentials.map_or_else(String::new, |it| format!("uid {}", it.uid()))
}

/// Who asks, why, and under which key.
fn asked(mutation: Option<Mutation>, peer: &str) -> Result<Asked, UseCaseError> {
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
    Asked::new(who, reason, idempotency_key)
}
