//! Whether the etcd of a control plane waits for its one Bootstrap, by what its node says of it.

use machine_core::bootstrap::ControlPlaneState;

use crate::api::{Service, TalosApi};
use crate::api_error::CallError;

impl TalosApi {
    /// What this node says of its etcd; `None` if it has none.
    pub async fn control_plane(&self) -> Result<Option<ControlPlaneState>, CallError> {
        let services = self.services().await?;
        let Some(etcd) = services.iter().find(|service| service.id == "etcd") else {
            return Ok(None);
        };
        let state = state_of(etcd);
        if state == ControlPlaneState::Other {
            // One that is not healthy yet may know its members, which settles an open question.
            let members = self.etcd_members().await.unwrap_or_default();
            if !members.is_empty() {
                return Ok(Some(ControlPlaneState::Running));
            }
        }
        Ok(Some(state))
    }
}

/// Talos shows an etcd that waits for Bootstrap as `Preparing`; `Waiting` is what it does before,
/// for the time, the network and the container runtime (seen on Talos 1.13.9).
fn state_of(etcd: &Service) -> ControlPlaneState {
    match (etcd.state.as_str(), etcd.healthy) {
        ("Running", Some(true)) => ControlPlaneState::Running,
        ("Preparing", _) => ControlPlaneState::Waiting,
        ("Waiting", _) => ControlPlaneState::Held,
        _ => ControlPlaneState::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_etcd_that_prepares_waits_for_bootstrap() {
        for (state, healthy, wanted) in [
            ("Preparing", None, ControlPlaneState::Waiting),
            ("Waiting", None, ControlPlaneState::Held),
            ("Running", Some(true), ControlPlaneState::Running),
            ("Running", Some(false), ControlPlaneState::Other),
            ("Running", None, ControlPlaneState::Other),
            ("Starting", None, ControlPlaneState::Other),
            ("Failed", None, ControlPlaneState::Other),
        ] {
            let etcd = Service {
                id: "etcd".to_owned(),
                state: state.to_owned(),
                healthy,
            };
            assert_eq!(state_of(&etcd), wanted, "{state}");
        }
    }
}
