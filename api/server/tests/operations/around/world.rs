//! A daemon without sockets, as the use cases see it: nothing has power, and everything is written
//! down.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use api_server::cluster_vault::{AccessOrder, ClusterVault, SecretsLikeness, VaultError};
use api_server::document::cluster::{ClusterFault, ClusterField};
use api_server::effects::addresses::{AddressGiver, Addresses};
use api_server::effects::attention::{Attention, SeenCluster, SeenMachine};
use api_server::effects::boots::{BootExplaining, Explained, TestedClient};
use api_server::effects::clock::ClockAndIds;
use api_server::effects::cluster_checks::ClusterChecks;
use api_server::effects::error::EffectError;
use api_server::effects::passwords::PasswordVault;
use api_server::effects::power::{PowerControl, PowerRequest};
use machine_core::cluster::{Cluster, ClusterSpec};
use machine_core::hardware::MacAddress;
use machine_core::id::{ClusterId, MachineId};
use machine_core::machine::Machine;
use machine_core::network::ClientKey;
use machine_core::os::OsSpec;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use machine_store::change::SecretWrite;
use machine_store::db::Db;
use machine_store::place::Place;
use machine_store::request_code::request_code;
use machine_store::seal::SealKey;
use machine_store::secrets;
use zeroize::Zeroizing;

use crate::around::{IMAGE, NEW_NOTE, NOW};

/// A daemon without sockets.
pub(crate) struct World {
    db: Db,
    pub(crate) seal: SealKey,
    drawn: AtomicU8,
    /// How far the host's clock is behind.
    pub(crate) lag: Mutex<Duration>,
    pub(crate) is_proxy: Mutex<bool>,
    /// How power was switched.
    pub(crate) switched: Mutex<Vec<PowerRequest>>,
    /// What BMCs say of the machine around them.
    pub(crate) guid: Mutex<Option<String>>,
    /// Whether BMCs do not answer.
    pub(crate) fails: Mutex<bool>,
    pub(crate) reserved: Mutex<BTreeSet<(ClientKey, IpAddr)>>,
    /// Who was woken, and was not looked at since.
    woken: Mutex<BTreeSet<MachineId>>,
    /// Of whom nothing that was said before stands.
    pub(crate) unsettled: Mutex<BTreeSet<MachineId>>,
    /// What machines wait for.
    pub(crate) notes: Mutex<BTreeMap<MachineId, String>>,
}

impl World {
    pub(super) fn new(db: Db) -> Self {
        Self {
            db,
            seal: SealKey::generate().unwrap(),
            drawn: AtomicU8::new(0),
            is_proxy: Mutex::default(),
            switched: Mutex::default(),
            guid: Mutex::default(),
            fails: Mutex::default(),
            reserved: Mutex::default(),
            woken: Mutex::default(),
            unsettled: Mutex::default(),
            notes: Mutex::default(),
            lag: Mutex::default(),
        }
    }
}

/// Secrets are texts here, and access is what was ordered.
#[async_trait::async_trait]
impl ClusterVault for World {
    async fn make_cluster_secrets(
        &self,
        cluster: ClusterId,
        _: &OsSpec,
    ) -> Result<Option<SecretWrite>, VaultError> {
        let place = Place::new("cluster", cluster, "secrets");
        let drawn = self.draw().unwrap();
        Ok(Some(SecretWrite::PutIfAbsent {
            sealed: self.seal.seal(&place, &drawn).unwrap(),
            place,
            at: NOW,
        }))
    }

    fn seal_cluster_secrets(
        &self,
        cluster: ClusterId,
        document: &str,
    ) -> Result<SecretWrite, VaultError> {
        if document.is_empty() {
            return Err(VaultError("cluster.id is missing".to_owned()));
        }
        let place = Place::new("cluster", cluster, "secrets");
        Ok(SecretWrite::Replace {
            sealed: self.seal.seal(&place, document.as_bytes()).unwrap(),
            place,
            at: NOW,
        })
    }

    /// The identity of a text is its first word.
    async fn compare_cluster_secrets(
        &self,
        cluster: ClusterId,
        document: &str,
    ) -> Result<SecretsLikeness, VaultError> {
        if document.is_empty() {
            return Err(VaultError("cluster.id is missing".to_owned()));
        }
        let place = Place::new("cluster", cluster, "secrets");
        let sealed = secrets::find(&self.db, &place).await.unwrap().unwrap();
        let plain = self.seal.unseal(&place, &sealed).unwrap();
        let known = String::from_utf8_lossy(plain.expose()).into_owned();
        Ok(if known == document {
            SecretsLikeness::Same
        } else if known.split(' ').next() == document.split(' ').next() {
            SecretsLikeness::OneIdentity
        } else {
            SecretsLikeness::Other
        })
    }

    async fn open_cluster_secrets(
        &self,
        cluster: ClusterId,
    ) -> Result<Zeroizing<String>, VaultError> {
        Ok(Zeroizing::new(format!("keys of {cluster}")))
    }

    fn drop_cluster_secrets(&self, cluster: ClusterId) -> SecretWrite {
        SecretWrite::Remove {
            place: Place::new("cluster", cluster, "secrets"),
        }
    }

    async fn make_access(
        &self,
        cluster: &Cluster,
        order: &AccessOrder,
    ) -> Result<Zeroizing<String>, VaultError> {
        let (name, role) = (&cluster.spec.name, order.role.as_str());
        Ok(Zeroizing::new(format!(
            "{name} {role} {:?}",
            order.endpoints
        )))
    }
}

impl ClockAndIds for World {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn wall(&self) -> Timestamp {
        NOW.minus(*self.lag.lock().unwrap())
    }

    fn draw(&self) -> Result<[u8; 16], EffectError> {
        Ok([self.drawn.fetch_add(1, Ordering::Relaxed); 16])
    }

    fn request_code(&self, parts: &[&str]) -> [u8; 32] {
        request_code(&self.seal, parts)
    }
}

#[async_trait::async_trait]
impl PasswordVault for World {
    fn seal_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<SecretWrite, EffectError> {
        let place = Place::new("machine", machine, "bmc_password");
        Ok(SecretWrite::Replace {
            sealed: self.seal.seal(&place, password.as_bytes()).unwrap(),
            place,
            at: NOW,
        })
    }

    fn forget_bmc_password(&self, machine: MachineId) -> SecretWrite {
        let place = Place::new("machine", machine, "bmc_password");
        SecretWrite::Remove { place }
    }

    async fn is_bmc_password(
        &self,
        machine: MachineId,
        password: &str,
    ) -> Result<bool, EffectError> {
        let place = Place::new("machine", machine, "bmc_password");
        let db = self.db.clone();
        let sealed = secrets::find(&db, &place).await.unwrap();
        Ok(sealed.is_some_and(|sealed| {
            let plain = self.seal.unseal(&place, &sealed).unwrap();
            plain.expose() == password.as_bytes()
        }))
    }
}

#[async_trait::async_trait]
impl PowerControl for World {
    async fn switch_power(
        &self,
        _: &Machine,
        request: PowerRequest,
    ) -> Result<PowerState, EffectError> {
        self.switched.lock().unwrap().push(request);
        if *self.fails.lock().unwrap() {
            return Err(EffectError::Failed("the BMC does not answer".to_owned()));
        }
        Ok(match request {
            PowerRequest::Off(_) => PowerState::Off,
            PowerRequest::On | PowerRequest::Cycle(_) => PowerState::On,
        })
    }

    async fn bmc_guid(&self, _: &Machine) -> Result<Option<String>, EffectError> {
        Ok(self.guid.lock().unwrap().clone())
    }
}

impl Addresses for World {
    fn giver_of(&self, address: IpAddr) -> Result<AddressGiver, EffectError> {
        if address == IpAddr::from([10, 77, 0, 1]) {
            return Err(EffectError::Failed("not the server's".to_owned()));
        }
        match address {
            IpAddr::V4(it) if !matches!(it.octets(), [10, 77 | 88, 0, _]) => {
                return Ok(AddressGiver::Nobody);
            }
            IpAddr::V4(it) if it.octets()[3] == 255 => {
                return Err(EffectError::Failed("not the broadcast".to_owned()));
            }
            IpAddr::V4(it) if it.octets()[3] >= 100 => return Ok(AddressGiver::UsFromRange),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        let is_proxy = *self.is_proxy.lock().unwrap();
        Ok(if is_proxy {
            AddressGiver::Another
        } else {
            AddressGiver::Us
        })
    }

    fn reserve(&self, client: ClientKey, address: IpAddr) -> Result<(), EffectError> {
        self.reserved.lock().unwrap().insert((client, address));
        Ok(())
    }

    fn unreserve(&self, client: ClientKey, address: IpAddr) {
        self.reserved.lock().unwrap().remove(&(client, address));
    }
}

impl ClusterChecks for World {
    fn check_cluster(&self, spec: &ClusterSpec) -> Result<(), ClusterFault> {
        let networks = spec.os.networks();
        if networks.is_some_and(|it| it.to_string().contains("pods 10.66.")) {
            return Err(ClusterFault {
                field: ClusterField::Networks,
                why: "wanted networks apart".to_owned(),
            });
        }
        let kubernetes = spec.os.kubernetes().map(ToString::to_string);
        if kubernetes.as_deref() != Some("1.10.0") {
            return Ok(());
        }
        Err(ClusterFault {
            field: ClusterField::Kubernetes,
            why: "wanted a newer one, got 1.10.0".to_owned(),
        })
    }

    fn has_image(&self, name: &str) -> bool {
        name == IMAGE
    }
}

#[async_trait::async_trait]
impl Attention for World {
    fn wake(&self, machine: MachineId) {
        self.unsettled.lock().unwrap().insert(machine);
        self.woken.lock().unwrap().insert(machine);
    }

    fn wake_bystander(&self, machine: MachineId) {
        self.woken.lock().unwrap().insert(machine);
    }

    /// Whoever was woken has a new note from here on.
    async fn settled(&self) {
        let mut woken = self.woken.lock().unwrap();
        let mut notes = self.notes.lock().unwrap();
        for machine in std::mem::take(&mut *woken) {
            notes.insert(machine, NEW_NOTE.to_owned());
        }
    }

    fn seen_machine(&self, machine: MachineId) -> SeenMachine {
        let notes = self.notes.lock().unwrap();
        SeenMachine {
            waiting: notes.get(&machine).cloned().unwrap_or_default(),
            power: None,
        }
    }

    fn seen_cluster(&self, _: ClusterId) -> SeenCluster {
        SeenCluster::default()
    }
}

/// Nobody boots here.
#[async_trait::async_trait]
impl BootExplaining for World {
    async fn explain(&self, card: MacAddress) -> Result<Explained, EffectError> {
        Ok(explained(format!("nothing was heard from {card}")))
    }

    fn packets(&self, _: &[MacAddress]) -> (Vec<u8>, u32) {
        (Vec::new(), 0)
    }

    async fn test(&self, client: &TestedClient) -> Result<Explained, EffectError> {
        Ok(explained(format!("{client:?}")))
    }
}

fn explained(missing: String) -> Explained {
    Explained {
        rules: Vec::new(),
        packets: Vec::new(),
        steps: Vec::new(),
        missing: Some(missing),
        told: None,
    }
}
