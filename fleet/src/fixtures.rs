//! What tests of the fleet's parts work on, and what they need in place of a daemon: the
//! system's clock and its random bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bmc_control::connect::Connector;
use bmc_control::limits::Limits;
use machine_core::artefact::{NamedDigest, Sha256Digest};
use machine_core::attempt::Attempt;
use machine_core::cluster::{Cluster, ClusterSpec, Role};
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId};
use machine_core::intent::{Actor, Assignment, Intent, IntentKind};
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, Subnet, SubnetName, UnknownPolicy};
use machine_core::os::OsSpec;
use machine_core::plan::work::CONFIG_REQUEST_TIMEOUT;
use machine_core::time::Timestamp;
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::location::Location;
use machine_store::seal::SealKey;
use machine_store::token::TokenKey;

use crate::bmcs::Bmcs;
use crate::clock::{Clock, SharedClock};
use crate::expiry::retention::Retention;
use crate::nodes::TalosNodes;
use crate::random::{NoRandomness, Randomness};
use crate::site::{Ports, Site};

/// The system's clock, but each moment is later than the one before: what happens after something
/// else in a test is not at the same time.
#[derive(Debug)]
struct TestClock;

/// What it said last.
static LAST: AtomicI64 = AtomicI64::new(0);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = i64::try_from(since.as_millis()).unwrap();
        let later = |last: i64| Some(at.max(last + 1));
        let last = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
        Timestamp::from_millis(at.max(last.unwrap() + 1))
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn jumped(&self) -> Option<Duration> {
        None
    }
}

#[derive(Debug)]
struct SystemBytes;

impl Randomness for SystemBytes {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|error| NoRandomness {
            why: error.to_string(),
        })
    }
}

/// The one document of an attempt.
pub(crate) const ARTEFACT: NamedDigest = NamedDigest {
    name: "config",
    sha256: Sha256Digest([0; 32]),
};

/// The clock of tests.
pub(crate) fn clock() -> SharedClock {
    Arc::new(TestClock)
}

/// What it says.
pub(crate) fn now() -> Timestamp {
    TestClock.now()
}

/// The random bytes of tests.
pub(crate) fn randomness() -> Arc<dyn Randomness> {
    Arc::new(SystemBytes)
}

/// BMCs on the wire.
pub(crate) fn bmcs() -> Arc<dyn Bmcs> {
    Arc::new(Connector::new(Limits::DEFAULT))
}

/// Records over an empty database in memory, without subnets and images.
pub(crate) async fn site() -> Site {
    let db = Db::open(&Location::SqliteMemory).await.unwrap();
    let (commit, _) = Committer::spawn(db.clone());
    let seal = SealKey::generate().unwrap();
    Site {
        tokens: TokenKey::load_or_make(&db, &seal, now()).await.unwrap(),
        db,
        commit,
        seal,
        subnets: Vec::new(),
        images: Vec::new(),
        ports: Ports {
            http: 8080,
            event_sink: 8081,
            log: 8082,
        },
        config_request_timeout: CONFIG_REQUEST_TIMEOUT,
        retention: Retention::DEFAULT,
        readers: Arc::default(),
        wake: Arc::default(),
        clock: clock(),
        bmcs: bmcs(),
        nodes: Arc::new(TalosNodes),
        randomness: randomness(),
    }
}

/// The same with one subnet.
pub(crate) async fn site_of(subnet: Subnet) -> Site {
    Site {
        subnets: vec![subnet],
        ..site().await
    }
}

/// A subnet on a link, whose addresses we lease.
pub(crate) fn subnet() -> Subnet {
    Subnet {
        name: SubnetName::new("lab"),
        interface: "eth1".to_owned(),
        reach: Reach::Direct,
        network: "10.77.0.0/24".parse().unwrap(),
        server: "10.77.0.1".parse().unwrap(),
        mode: DhcpMode::Authoritative {
            ranges: vec!["10.77.0.50-10.77.0.60".parse().unwrap()],
        },
        unknown: UnknownPolicy::Ignore,
        router: None,
        dns: Vec::new(),
        lease_time: Duration::from_hours(1),
        options: LeaseOptions::default(),
    }
}

/// A cluster without members.
pub(crate) fn cluster(id: ClusterId) -> Cluster {
    Cluster {
        id,
        spec: ClusterSpec {
            name: "lab".to_owned(),
            endpoint: "https://10.77.0.10:6443".parse().unwrap(),
            os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: Vec::new(),
        },
        bootstrap: None,
        version: 0,
    }
}

/// What a machine is to become, on a disk that is named by its serial number.
pub(crate) fn assignment(cluster: ClusterId, role: Role) -> Assignment {
    Assignment {
        cluster,
        role,
        disk: "serial:D1".parse().unwrap(),
    }
}

/// An open permission to install that.
pub(crate) fn intent(id: IntentId, machine: MachineId, assignment: Assignment) -> Intent {
    Intent {
        id,
        machine,
        assignment,
        actor: Actor::Drover,
        reason: String::new(),
        opened: now(),
        expires: now().plus(Intent::LIFETIME),
        kind: IntentKind::Install,
        claims: 0,
        closed: None,
    }
}

/// The first attempt under it, which this boot serves.
pub(crate) fn attempt(id: AttemptId, intent: Intent, boot: BootId) -> Attempt {
    Attempt {
        id,
        machine: intent.machine,
        intent: intent.id,
        number: 1,
        assignment: intent.assignment,
        opened: now(),
        deadline: now().plus(Attempt::LIFETIME),
        boot: Some(boot),
        power_actions: 0,
        power_at: None,
        release: None,
        closed: None,
        basis: None,
        wipe: None,
        verdict: None,
        accepted_boot: None,
    }
}
