//! What the use cases ask of the daemon around them: the clock, randomness, sealing, power. What
//! they ask of the secrets of clusters is in [`crate::cluster_vault`].

use async_trait::async_trait;
use machine_core::cluster::ClusterSpec;
use machine_core::id::{ClusterId, MachineId};
use machine_core::machine::Machine;
use machine_core::network::ClientKey;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use machine_store::change::SecretWrite;
use std::net::IpAddr;
use thiserror::Error;

use crate::cluster_vault::ClusterVault;
use crate::document::cluster::ClusterFault;

/// Something outside did not do what it was asked: one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct EffectError(pub String);

/// What to do with a machine's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerRequest {
    /// Bring it on.
    On,
    /// Bring it off.
    Off(PowerOff),
    /// Off, seen off, then on.
    Cycle(PowerOff),
}

/// How a machine is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerOff {
    /// The system that runs is asked to shut down (ACPI); its power is cut if it does not.
    Graceful,
    /// Its power is cut at once.
    Forced,
}

/// Who hands an address out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressGiver {
    /// Our DHCP server.
    Us,
    /// Our DHCP server, which would lease it to anybody if it were not reserved.
    UsFromRange,
    /// Another DHCP server, beside which we are a proxy or silent, or a person.
    Another,
    /// It lies in no network of ours.
    Nobody,
}

/// What is shown of a machine beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenMachine {
    /// What it waits for.
    pub waiting: String,
    /// What its BMC last said.
    pub power: Option<PowerState>,
}

/// What is shown of a cluster beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenCluster {
    /// What it waits for.
    pub waiting: String,
    /// Whether it is ready.
    pub ready: bool,
}

/// The daemon around the use cases.
#[async_trait]
pub trait Effects: ClusterVault {
    /// Now.
    fn now(&self) -> Timestamp;
    /// 16 bytes that nobody can guess.
    fn draw(&self) -> Result<[u8; 16], EffectError>;
    /// The password of a machine's BMC, sealed.
    fn seal_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<SecretWrite, EffectError>;
    /// The removal of the password of a machine's BMC.
    fn forget_bmc_password(&self, machine: MachineId) -> SecretWrite;
    /// Whether this is the password that is kept for a machine's BMC.
    async fn is_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<bool, EffectError>;
    /// Switches a machine's power and says what it is then.
    async fn switch_power(
        &self,
        machine: &Machine,
        request: PowerRequest,
    ) -> Result<PowerState, EffectError>;
    /// The GUID that a machine's BMC says of the machine around it, in hexadecimal digits; none if
    /// it says nothing that could identify a machine.
    async fn bmc_guid(&self, machine: &Machine) -> Result<Option<String>, EffectError>;
    /// The code of a request, which nobody who reads it can try a guess of the request on.
    fn request_code(&self, parts: &[&str]) -> [u8; 32];
    /// Who hands an address out; the sentence if it can be no machine's.
    fn giver_of(&self, address: IpAddr) -> Result<AddressGiver, EffectError>;
    /// Keeps an address that we hand out for a client from now on.
    fn reserve(&self, client: ClientKey, address: IpAddr) -> Result<(), EffectError>;
    /// Keeps an address for a client no longer.
    fn unreserve(&self, client: ClientKey, address: IpAddr);
    /// Whether configs of this cluster can be made; what is wrong with its file if not.
    fn check_cluster(&self, spec: &ClusterSpec) -> Result<(), ClusterFault>;
    /// Whether there is an image of this name, for whichever processor.
    fn has_image(&self, name: &str) -> bool;
    /// Look after this machine at once: it was changed, and what was said of it before is old.
    fn wake(&self, machine: MachineId);
    /// Look after this machine at once: something else was changed that it may wait for. What was
    /// said of it last stands until then.
    fn wake_bystander(&self, machine: MachineId);
    /// Waits, not for long, until those were looked at that were woken.
    async fn settled(&self);
    /// What was last seen of a machine.
    fn seen_machine(&self, machine: MachineId) -> SeenMachine;
    /// What was last seen of a cluster.
    fn seen_cluster(&self, cluster: ClusterId) -> SeenCluster;
}
