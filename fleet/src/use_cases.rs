//! What the use cases of the API ask of the fleet: `api_server::effects::Effects` on the real parts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api_server::document::cluster::ClusterFault;
use api_server::effects::addresses::{AddressGiver, Addresses};
use api_server::effects::attention::{Attention, SeenCluster, SeenMachine};
use api_server::effects::clock::ClockAndIds;
use api_server::effects::cluster_checks::ClusterChecks;
use api_server::effects::error::EffectError;
use api_server::effects::passwords::PasswordVault;
use api_server::effects::power::{PowerControl, PowerRequest};
use machine_core::cluster::ClusterSpec;
use machine_core::id::{ClusterId, MachineId};
use machine_core::machine::Machine;
use machine_core::network::{ClientKey, DhcpMode};
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use machine_store::change::SecretWrite;
use machine_store::request_code::request_code;
use machine_store::secrets;
use pxe_server::dhcp::DhcpControl;
use tokio::time::timeout;

use crate::boot_plane_view::BootPlaneView;
use crate::clusters::check::check_cluster;
use crate::error::StepError;
use crate::power::{Power, password_place};
use crate::site::Site;
use crate::status::Status;

/// How long whoever lists machines waits until those are looked at that were changed a moment ago:
/// records take milliseconds, and a BMC that does not answer takes longer than anybody likes to wait.
const SETTLING: Duration = Duration::from_secs(2);
/// What is said of a machine until it was looked at: in the answer to the command that changed it,
/// and in a list for which its BMC or node was too slow.
const UNSETTLED: &str = "it was changed a moment ago, and is being looked at";

/// The fleet around the use cases.
#[derive(Debug)]
pub struct UseCaseEffects {
    /// The site.
    pub site: Arc<Site>,
    /// The BMCs.
    pub power: Arc<Power>,
    /// What was last seen.
    pub status: Arc<Status>,
    /// The running DHCP server.
    pub dhcp: DhcpControl,
    /// Those who answer boots.
    pub boots: BootPlaneView,
}

impl ClockAndIds for UseCaseEffects {
    fn now(&self) -> Timestamp {
        self.site.now()
    }

    fn wall(&self) -> Timestamp {
        self.site.clock.wall()
    }

    fn draw(&self) -> Result<[u8; 16], EffectError> {
        self.site
            .draw()
            .map_err(|error| EffectError::Failed(error.to_string()))
    }

    fn request_code(&self, parts: &[&str]) -> [u8; 32] {
        request_code(&self.site.seal, parts)
    }
}

#[async_trait::async_trait]
impl PasswordVault for UseCaseEffects {
    fn seal_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<SecretWrite, EffectError> {
        let place = password_place(machine);
        let sealed = self.site.seal.seal(&place, password.as_bytes());
        let sealed = sealed.map_err(|error| EffectError::Failed(error.to_string()))?;
        Ok(SecretWrite::Replace {
            place,
            sealed,
            at: self.site.now(),
        })
    }

    fn forget_bmc_password(&self, machine: MachineId) -> SecretWrite {
        SecretWrite::Remove {
            place: password_place(machine),
        }
    }

    async fn is_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<bool, EffectError> {
        let place = password_place(machine);
        let sealed = secrets::find(&self.site.db, &place).await;
        let sealed = sealed.map_err(|error| EffectError::Failed(error.to_string()))?;
        // What can't be unsealed is replaced by what the document says.
        let plain = sealed.and_then(|sealed| self.site.seal.unseal(&place, &sealed).ok());
        Ok(plain.is_some_and(|plain| plain.expose() == password.as_bytes()))
    }
}

#[async_trait::async_trait]
impl PowerControl for UseCaseEffects {
    async fn switch_power(
        &self,
        machine: &Machine,
        request: PowerRequest,
    ) -> Result<PowerState, EffectError> {
        let turn = self.power.turn(machine.id);
        let _turn = turn.lock().await;
        let power = self.power.switch(machine, request).await;
        let power = power.map_err(|error| effect(&error))?;
        self.status
            .set_power(machine.id, Some(power), self.site.now());
        self.site.wake.machine(machine.id);
        Ok(power)
    }

    async fn bmc_guid(&self, machine: &Machine) -> Result<Option<String>, EffectError> {
        let guid = self.power.guid(machine).await;
        guid.map_err(|error| effect(&error))
    }
}

impl Addresses for UseCaseEffects {
    fn giver_of(&self, address: IpAddr) -> Result<AddressGiver, EffectError> {
        let Some(subnet) = self.site.subnet_of(address) else {
            return Ok(AddressGiver::Nobody);
        };
        let own = [
            Some(subnet.server),
            subnet.router,
            subnet.network.broadcast(),
        ];
        let network = subnet.network;
        if own.contains(&Some(address)) || network.address() == address {
            return Err(EffectError::Failed(format!(
                "one that the network {network} does not use itself (its own address, broadcast, \
                 router or Drover's)"
            )));
        }
        Ok(match &subnet.mode {
            DhcpMode::Authoritative { ranges } if ranges.iter().any(|it| it.contains(address)) => {
                AddressGiver::UsFromRange
            }
            DhcpMode::Authoritative { .. } => AddressGiver::Us,
            DhcpMode::Proxy | DhcpMode::Off => AddressGiver::Another,
        })
    }

    fn reserve(&self, client: ClientKey, address: IpAddr) -> Result<(), EffectError> {
        self.dhcp
            .reserve(&client, address)
            .map_err(|error| EffectError::Failed(error.to_string()))
    }

    fn unreserve(&self, client: ClientKey, address: IpAddr) {
        self.dhcp.unreserve(&client, address);
    }
}

impl ClusterChecks for UseCaseEffects {
    fn check_cluster(&self, spec: &ClusterSpec) -> Result<(), ClusterFault> {
        check_cluster(spec, &self.site.images, &self.site.subnets)
    }

    fn has_image(&self, name: &str) -> bool {
        self.site.images.iter().any(|image| image.name == name)
    }
}

#[async_trait::async_trait]
impl Attention for UseCaseEffects {
    fn wake(&self, machine: MachineId) {
        self.status.ask_anew(machine);
        self.site.wake.machine(machine);
    }

    fn wake_bystander(&self, machine: MachineId) {
        self.status.ask_again(machine);
        self.site.wake.machine(machine);
    }

    async fn settled(&self) {
        // Whoever asks is told then that it is not known yet.
        let _ = timeout(SETTLING, self.status.settled()).await;
    }

    fn seen_machine(&self, machine: MachineId) -> SeenMachine {
        let status = self.status.machine(machine);
        let waiting = if status.is_changed() && status.waiting.is_empty() {
            UNSETTLED.to_owned()
        } else {
            status.waiting
        };
        SeenMachine {
            waiting,
            power: status.power,
        }
    }

    fn seen_cluster(&self, cluster: ClusterId) -> SeenCluster {
        let status = self.status.cluster(cluster);
        SeenCluster {
            waiting: status.waiting,
            ready: status.ready,
        }
    }
}

fn effect(error: &StepError) -> EffectError {
    match error {
        StepError::Refused(_) | StepError::SafeMode(_) => EffectError::Refused(error.chain()),
        StepError::Store(_) | StepError::Random(_) | StepError::Lifecycle(_) => {
            EffectError::Failed(error.chain())
        }
        StepError::Sealed { .. } | StepError::Render { .. } | StepError::Gone { .. } => {
            EffectError::Failed(error.chain())
        }
        StepError::Outside(_) => EffectError::Failed(error.chain()),
    }
}

#[cfg(test)]
mod tests {
    use machine_core::safe_mode::SafeMode;

    use super::*;

    #[test]
    fn what_no_repetition_brings_about_is_refused_and_anything_else_failed() {
        let no_bmc = "cp-1 has no BMC: register one".to_owned();
        for (error, refused) in [
            (StepError::Refused(no_bmc), true),
            (StepError::SafeMode(SafeMode::NotAlone), true),
            (
                StepError::Outside("the BMC does not answer".to_owned()),
                false,
            ),
        ] {
            let told = effect(&error);
            assert_eq!(matches!(told, EffectError::Refused(_)), refused, "{told:?}");
        }
    }
}
