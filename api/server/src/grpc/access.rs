//! How a way into a cluster is asked for, and handed out.

use std::time::Duration;

use api_proto::v1::{KubeRole, TalosRole};
use zeroize::Zeroizing;

use crate::cluster_vault::AccessRole;
use crate::error::UseCaseError;

/// The role that is asked for; whoever names none gets the one that may do everything.
pub(super) const fn talos_role(role: TalosRole) -> AccessRole {
    match role {
        TalosRole::Unspecified | TalosRole::Admin => AccessRole::TalosAdmin,
        TalosRole::Operator => AccessRole::TalosOperator,
        TalosRole::Reader => AccessRole::TalosReader,
    }
}

/// The role that is asked for; whoever names none gets the one that may do everything.
pub(super) const fn kube_role(role: KubeRole) -> AccessRole {
    match role {
        KubeRole::Unspecified | KubeRole::Admin => AccessRole::KubeAdmin,
        KubeRole::Viewer => AccessRole::KubeViewer,
    }
}

/// How long it is to last.
pub(super) fn lifetime(seconds: i64) -> Result<Duration, UseCaseError> {
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| UseCaseError::Invalid(format!("wanted a lifetime in seconds, got {seconds}")))
}

/// Out of the text that is wiped when dropped, into the one that is sent.
pub(super) fn handed_out(mut document: Zeroizing<String>) -> String {
    std::mem::take(&mut document)
}
