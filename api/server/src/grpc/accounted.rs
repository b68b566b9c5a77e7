//! Who calls, as the socket knows them, and what they say of the change that they ask for.

use api_proto::v1;
use api_proto::v1::Mutation;
use tonic::Request;
use tonic::transport::server::UdsConnectInfo;

use crate::caller::{Asked, Caller};
use crate::error::UseCaseError;

/// A request for a change: it says who asks, why, and under which key.
pub(super) trait Accountable {
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
pub(super) fn accounted<T: Accountable>(request: Request<T>) -> Result<(T, Asked), UseCaseError> {
    let uid = uid(&request);
    let mut request = request.into_inner();
    let Mutation {
        actor,
        reason,
        idempotency_key,
    } = request.take_mutation().unwrap_or_default();
    let caller = Caller::at_socket(uid, &actor);
    Ok((request, Asked::new(caller, reason, idempotency_key)?))
}

/// What is asked for, and by whom: how every question begins.
pub(super) fn questioned<T>(request: Request<T>) -> (T, Caller) {
    let caller = Caller::at_socket(uid(&request), "");
    (request.into_inner(), caller)
}

/// The user of the peer, as the kernel says.
fn uid<T>(request: &Request<T>) -> Option<u32> {
    let info = request.extensions().get::<UdsConnectInfo>()?;
    Some(info.peer_cred?.uid())
}
