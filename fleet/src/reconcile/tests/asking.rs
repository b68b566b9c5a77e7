//! A member whose log line was lost, and that lives at another address than its config went to: it
//! is asked there before anything cuts it off.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use config_talos::api::{PORT, Version};
use config_talos::api_error::{BootstrapError, CallError, ConnectError};
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use machine_core::attempt::{Attempt, AttemptEnd, Release};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::bootstrap::ControlPlaneState;
use machine_core::cluster::Role;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId};
use machine_core::intent::Intent;
use machine_core::lifecycle::Origin;
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_store::change::{AttemptWrite, ClusterWrite, IntentWrite, SecretWrite};
use machine_store::commit::claim::ReleaseClaim;
use machine_store::evidence::{Evidence, Fact};
use machine_store::{attempts, boots};
use tokio::sync::mpsc;

use super::*;
use crate::clusters::secrets::{place, seal_file};
use crate::fixtures::{self, assignment, cluster};
use crate::nodes::{NodeApi, Nodes};

const SECRETS: &str = include_str!("../../../../config/render/tests/golden/secrets.yaml");
const CLUSTER: ClusterId = ClusterId::from_bytes([3; 16]);
const INTENT: IntentId = IntentId::from_bytes([5; 16]);
const ATTEMPT: AttemptId = AttemptId::from_bytes([4; 16]);
const INSTALLER: BootId = BootId::from_bytes([2; 16]);
const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const SECOND_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);

/// Where its config went, where its kernel was heard, what its second card leases, and from where
/// it spoke last.
const PEER: IpAddr = ip(50);
const BOOTED: IpAddr = ip(51);
const LEASED: IpAddr = ip(52);
const SPOKE: IpAddr = ip(53);

const fn ip(last: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 0, last))
}

/// Nodes that live at these addresses, started from there; the rest is silent.
#[derive(Debug, Default)]
struct Living {
    at: BTreeMap<IpAddr, BootSource>,
    asked: Mutex<BTreeSet<IpAddr>>,
    panics: bool,
}

#[derive(Debug)]
struct Lives(BootSource);

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
struct Scene {
    site: Arc<Site>,
    reconciler: Arc<Reconciler>,
    nodes: Arc<Living>,
}

impl Scene {
    async fn new(nodes: Living) -> Self {
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

    async fn fill(&self) {
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

    async fn state(&self) -> State {
        let machine = machines::find(&self.site.db, MACHINE).await.unwrap();
        machine.unwrap().state
    }

    async fn attempt(&self) -> Attempt {
        let attempt = attempts::find(&self.site.db, ATTEMPT).await.unwrap();
        attempt.unwrap()
    }

    fn asked(&self) -> BTreeSet<IpAddr> {
        self.nodes.asked.lock().unwrap().clone()
    }
}

fn machine() -> Machine {
    let mut machine = Machine::discovered(MACHINE, "w-1", now());
    machine.state = State::Provisioning(Origin::Available);
    machine.deadline = Some(now().plus(Duration::from_hours(3)));
    machine
}

fn intent() -> Intent {
    fixtures::intent(INTENT, MACHINE, assignment(CLUSTER, Role::Worker))
}

/// Its time is over.
fn attempt() -> Attempt {
    Attempt {
        deadline: now(),
        ..fixtures::attempt(ATTEMPT, intent(), INSTALLER)
    }
}

fn release() -> ReleaseClaim {
    ReleaseClaim {
        attempt: ATTEMPT,
        intent: INTENT,
        machine: MACHINE,
        machine_version: 0,
        boot: INSTALLER,
        release: Release::fetched(now(), PEER, [0; 32]),
        artefact: fixtures::ARTEFACT,
        events: Vec::new(),
    }
}

fn installer() -> Boot {
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
fn untagged() -> Boot {
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

fn lease() -> Lease {
    Lease {
        subnet: SubnetName::new("lan"),
        client: ClientKey::Hardware(SECOND_CARD),
        address: LEASED,
        client_identifier: None,
        granted: now(),
        expires: now().plus(Duration::from_hours(1)),
    }
}

#[tokio::test]
async fn a_member_at_another_address_than_its_config_went_to_is_found_and_becomes_active() {
    for lives_at in [PEER, BOOTED, LEASED, SPOKE] {
        let scene = Scene::new(Living {
            at: BTreeMap::from([(lives_at, BootSource::Disk)]),
            ..Living::default()
        })
        .await;
        scene.reconciler.take_steps(MACHINE).await;
        assert_eq!(scene.state().await, State::Active, "{lives_at}");
        let closed = scene.attempt().await.closed.map(|(_, end)| end);
        assert_eq!(closed, Some(AttemptEnd::Installed), "{lives_at}");
    }
}

#[tokio::test]
async fn a_member_that_came_up_again_and_was_not_heard_is_found_over_its_api() {
    let scene = Scene::new(Living {
        at: BTreeMap::from([(BOOTED, BootSource::Disk)]),
        ..Living::default()
    })
    .await;
    scene.reconciler.take_steps(MACHINE).await;
    assert_eq!(scene.state().await, State::Active);
    let sent = Boot {
        id: BootId::from_bytes([8; 16]),
        step: BootStep::Script,
        sent_to_disk: true,
        attempt: None,
        opened: now().plus(Duration::from_millis(10)),
        step_at: now().minus(Duration::from_mins(11)),
        ..installer()
    };
    scene.site.commit.submit(sent).await.unwrap();
    let power = Arc::new(Power::new(Arc::clone(&scene.site)));
    let restarted = Reconciler::new(Arc::clone(&scene.site), power, Arc::default());
    Arc::new(restarted).take_steps(MACHINE).await;
    let boots = boots::recent(&scene.site.db, MACHINE, 9).await.unwrap();
    let joined = boots.iter().filter(|boot| {
        let is_of_attempt = boot.attempt == Some(ATTEMPT) && boot.origin == BootOrigin::Disk;
        is_of_attempt && boot.step == BootStep::Joined
    });
    assert_eq!(joined.count(), 2, "of its install, and of now: {boots:?}");
}

#[tokio::test]
async fn an_attempt_is_cut_off_after_silence_at_every_address() {
    let scene = Scene::new(Living::default()).await;
    scene.reconciler.take_steps(MACHINE).await;
    assert_eq!(scene.asked(), BTreeSet::from([PEER, BOOTED, LEASED, SPOKE]));
    let closed = scene.attempt().await.closed.map(|(_, end)| end);
    assert_eq!(closed, Some(AttemptEnd::TimedOut));
}

#[tokio::test]
async fn who_answers_at_an_address_that_is_anothers_by_now_is_not_the_machine() {
    let scene = Scene::new(Living {
        at: BTreeMap::from([(SPOKE, BootSource::Disk)]),
        ..Living::default()
    })
    .await;
    let other = Lease {
        client: ClientKey::Hardware(MacAddress::new([2, 0, 0, 0, 0, 9])),
        address: SPOKE,
        ..lease()
    };
    scene.site.commit.submit(other).await.unwrap();
    scene.reconciler.take_steps(MACHINE).await;
    assert!(!scene.asked().contains(&SPOKE));
    assert!(matches!(scene.state().await, State::Provisioning(_)));
}

#[tokio::test]
async fn a_machine_is_looked_at_again_after_a_step_that_panicked() {
    let scene = Scene::new(Living {
        at: BTreeMap::from([(PEER, BootSource::Disk)]),
        panics: true,
        ..Living::default()
    })
    .await;
    let (ends, mut ended) = mpsc::unbounded_channel();
    for _ in 0..4 {
        scene.reconciler.start(MACHINE);
        let (reconciler, ends) = (Arc::clone(&scene.reconciler), ends.clone());
        tokio::spawn(async move {
            reconciler.status.settled().await;
            let turn = reconciler.power.turn(MACHINE);
            drop(turn.lock().await);
            ends.send(()).unwrap();
        });
        ended.recv().await.unwrap();
    }
    assert_eq!(scene.state().await, State::Active);
}

#[tokio::test]
async fn a_machine_that_is_given_up_for_another_reason_than_time_does_not_say_that_it_timed_out() {
    let scene = Scene::new(Living::default()).await;
    let expired = |id| IntentWrite::Close {
        id,
        at: now(),
        end: machine_core::intent::IntentEnd::Withdrawn,
    };
    let change = Change {
        intents: vec![expired(INTENT)],
        ..Change::default()
    };
    apply(&scene.site.db, &change).await.unwrap();
    scene.reconciler.take_steps(MACHINE).await;
    assert!(matches!(scene.state().await, State::Failed(_)));
    let closed = scene.attempt().await.closed.map(|(_, end)| end);
    assert_eq!(closed, Some(AttemptEnd::GivenUp));
}
