//! A machine whose config was released, the places where it may live, and the nodes that answer
//! there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use config_talos::api::{PORT, Version};
use config_talos::api_error::{BootstrapError, CallError, ConnectError};
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use machine_core::attempt::{Attempt, Release};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::bootstrap::ControlPlaneState;
use machine_core::cluster::Role;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId};
use machine_core::intent::Intent;
use machine_core::lifecycle::Origin;
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_store::attempts;
use machine_store::change::{AttemptWrite, ClusterWrite, IntentWrite, SecretWrite};
use machine_store::commit::claim::ReleaseClaim;
use machine_store::evidence::{Evidence, Fact};

use super::super::*;
use crate::clusters::secrets::{place, seal_file};
use crate::fixtures::{self, assignment, cluster};
use crate::nodes::{NodeApi, Nodes};

pub(super) const SECRETS: &str =
    include_str!("../../../../../config/render/tests/golden/secrets.yaml");
pub(super) const CLUSTER: ClusterId = ClusterId::from_bytes([3; 16]);
pub(super) const INTENT: IntentId = IntentId::from_bytes([5; 16]);
pub(super) const ATTEMPT: AttemptId = AttemptId::from_bytes([4; 16]);
pub(super) const INSTALLER: BootId = BootId::from_bytes([2; 16]);
pub(super) const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
pub(super) const SECOND_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);

/// Where its config went, where its kernel was heard, what its second card leases, and from where
/// it spoke last.
pub(super) const PEER: IpAddr = ip(50);
pub(super) const BOOTED: IpAddr = ip(51);
pub(super) const LEASED: IpAddr = ip(52);
pub(super) const SPOKE: IpAddr = ip(53);

pub(super) const fn ip(last: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 0, last))
}

/// Nodes that live at these addresses, started from there; the rest is silent.
#[derive(Debug, Default)]
pub(super) struct Living {
    pub(super) at: BTreeMap<IpAddr, BootSource>,
    pub(super) asked: Mutex<BTreeSet<IpAddr>>,
    pub(super) panics: bool,
}

#[derive(Debug)]
pub(super) struct Lives(BootSource);

#[async_trait]
impl Nodes for Living {
    async fn connect(
        &self,
        address: IpAddr,
        _: &Credentials,
        patience: Duration,
    ) -> Result<Box<dyn NodeApi>, ConnectError> {
        let is_first = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.insert(address)
        };
        assert!(!self.panics || !is_first, "a fault of the program's");
        match self.at.get(&address) {
            Some(source) => Ok(Box::new(Lives(*source))),
            None => Err(ConnectError::TimedOut {
                address: SocketAddr::new(address, PORT),
                patience,
            }),
        }
    }
}

#[async_trait]
impl NodeApi for Lives {
    async fn version(&self) -> Result<Version, CallError> {
        Ok(Version {
            tag: "v1.13.9".to_owned(),
            arch: "amd64".to_owned(),
            platform: "metal".to_owned(),
        })
    }

    async fn control_plane(&self) -> Result<Option<ControlPlaneState>, CallError> {
        Ok(None)
    }

    async fn boot_source(&self) -> Result<BootSource, CallError> {
        Ok(self.0)
    }

    async fn is_ready(&self) -> Result<bool, CallError> {
        Ok(true)
    }

    async fn bootstrap(self: Box<Self>, _: Duration) -> Result<(), BootstrapError> {
        Ok(())
    }
}

/// A machine whose config was released to [`PEER`], and whose attempt has taken too long.
pub(super) struct Scene {
    pub(super) site: Arc<Site>,
    pub(super) reconciler: Arc<Reconciler>,
    pub(super) nodes: Arc<Living>,
}

impl Scene {
    pub(super) async fn new(nodes: Living) -> Self {
        let nodes = Arc::new(nodes);
        let site = Arc::new(Site {
            nodes: Arc::clone(&nodes) as Arc<dyn Nodes>,
            ..site().await
        });
        let power = Arc::new(Power::new(Arc::clone(&site)));
        let reconciler = Reconciler::new(Arc::clone(&site), power, Arc::default());
        let it = Self {
            site,
            reconciler: Arc::new(reconciler),
            nodes,
        };
        it.fill().await;
        it
    }

    pub(super) async fn fill(&self) {
        let sealed = seal_file(&self.site.seal, CLUSTER, SECRETS).unwrap();
        let change = Change {
            machines: vec![MachineWrite::Insert(machine())],
            clusters: vec![ClusterWrite::Insert(cluster(CLUSTER))],
            intents: vec![IntentWrite::Open(intent())],
            attempts: vec![AttemptWrite::Open(attempt())],
            secrets: vec![SecretWrite::Replace {
                place: place(CLUSTER),
                sealed,
                at: now(),
            }],
            evidence: vec![Evidence {
                machine: MACHINE,
                source: EvidenceSource::Registered,
                at: now(),
                facts: vec![Fact::Mac(CARD), Fact::Mac(SECOND_CARD)],
            }],
            ..Change::default()
        };
        let outcome = apply(&self.site.db, &change).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
        let commit = &self.site.commit;
        commit.submit(installer()).await.unwrap();
        commit.submit(release()).await.unwrap();
        commit.submit(untagged()).await.unwrap();
        commit.submit(lease()).await.unwrap();
        self.reconciler.heard.spoke(MACHINE, SPOKE);
    }

    pub(super) async fn state(&self) -> State {
        let machine = machines::find(&self.site.db, MACHINE).await.unwrap();
        machine.unwrap().state
    }

    pub(super) async fn attempt(&self) -> Attempt {
        let attempt = attempts::find(&self.site.db, ATTEMPT).await.unwrap();
        attempt.unwrap()
    }

    pub(super) fn asked(&self) -> BTreeSet<IpAddr> {
        self.nodes.asked.lock().unwrap().clone()
    }
}

pub(super) fn machine() -> Machine {
    let mut machine = Machine::discovered(MACHINE, "w-1", now());
    machine.state = State::Provisioning(Origin::Available);
    machine.deadline = Some(now().plus(Duration::from_hours(3)));
    machine
}

pub(super) fn intent() -> Intent {
    fixtures::intent(INTENT, MACHINE, assignment(CLUSTER, Role::Worker))
}

/// Its time is over.
pub(super) fn attempt() -> Attempt {
    Attempt {
        deadline: now(),
        ..fixtures::attempt(ATTEMPT, intent(), INSTALLER)
    }
}

pub(super) fn release() -> ReleaseClaim {
    ReleaseClaim {
        attempt: ATTEMPT,
        intent: INTENT,
        machine: MACHINE,
        machine_version: 0,
        boot: INSTALLER,
        release: Release::fetched(now().minus(Attempt::LIFETIME), PEER, [0; 32]),
        artefact: fixtures::ARTEFACT,
        events: Vec::new(),
    }
}

pub(super) fn installer() -> Boot {
    Boot {
        id: INSTALLER,
        machine: Some(MACHINE),
        mac: Some(CARD),
        origin: BootOrigin::Network,
        platform: None,
        address: Some(PEER),
        attempt: Some(ATTEMPT),
        opened: now(),
        step: BootStep::Config,
        step_at: now(),
        sent_to_disk: false,
        ready: None,
    }
}

/// The line that names its config was lost.
pub(super) fn untagged() -> Boot {
    Boot {
        id: BootId::from_bytes([7; 16]),
        origin: BootOrigin::Disk,
        address: Some(BOOTED),
        attempt: None,
        step: BootStep::Disk,
        opened: now().plus(Duration::from_millis(5)),
        ..installer()
    }
}

pub(super) fn lease() -> Lease {
    Lease {
        subnet: SubnetName::new("lan"),
        client: ClientKey::Hardware(SECOND_CARD),
        address: LEASED,
        client_identifier: None,
        granted: now(),
        expires: now().plus(Duration::from_hours(1)),
    }
}
