//! One cluster with one control plane machine that runs from its disk, and a daemon over its records
//! that may be started again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use config_render::talos::key;
use config_render::talos::secrets::{CertificateAndKey, SecretsBundle};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::cluster::{Cluster, Role};
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{BootId, ClusterId, IntentId, MachineId};
use machine_core::intent::Intent;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::operation::{OperationOutcome, Resolved};
use machine_store::apply::apply;
use machine_store::change::{
    Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite, Outcome, SecretWrite,
};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::evidence::{Evidence, Fact};
use machine_store::location::Location;
use machine_store::{clusters, events};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

use crate::clock::SharedClock;
use crate::clusters::Clusters;
use crate::clusters::secrets::{place, seal_file};
use crate::fixtures::{self, assignment, cluster, now, site};
use crate::nodes::Nodes;
use crate::site::Site;
use crate::status::Status;

pub(super) const CLUSTER: ClusterId = ClusterId::from_bytes([3; 16]);
pub(super) const MACHINE: MachineId = MachineId::from_bytes([1; 16]);
const SECRETS: &str = include_str!("../../../../config/render/tests/golden/secrets.yaml");

pub(super) struct Scene {
    pub(super) site: Arc<Site>,
}

/// A daemon that has just started.
pub(super) struct Daemon {
    pub(super) clusters: Arc<Clusters>,
    status: Arc<Status>,
}

impl Scene {
    /// Its control plane is in this state, and answers at this address.
    pub(super) async fn new(state: State, address: IpAddr) -> Self {
        let db = Db::open(&Location::SqliteMemory).await.unwrap();
        let (commit, _) = Committer::spawn(db.clone());
        let mut machine = Machine::discovered(MACHINE, "cp-1", now());
        machine.state = state;
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            clusters: vec![ClusterWrite::Insert(cluster(CLUSTER))],
            intents: vec![IntentWrite::Open(intent())],
            ..Change::default()
        };
        assert_eq!(apply(&db, &change).await.unwrap(), Outcome::Applied);
        commit.submit(disk_boot(address)).await.unwrap();
        let site = Arc::new(Site {
            db,
            commit,
            ..site().await
        });
        let scene = Self { site };
        scene.import(&secrets()).await;
        scene
    }

    /// The same with these nodes, by this clock.
    pub(super) fn with(self, nodes: Arc<dyn Nodes>, clock: SharedClock) -> Self {
        let site = Arc::into_inner(self.site).unwrap();
        let site = Arc::new(Site {
            clock,
            nodes,
            ..site
        });
        Self { site }
    }

    /// These are the cluster's secrets from now on.
    pub(super) async fn import(&self, secrets: &SecretsBundle) {
        let sealed = seal_file(&self.site.seal, CLUSTER, &secrets.to_yaml()).unwrap();
        let write = SecretWrite::Replace {
            place: place(CLUSTER),
            sealed,
            at: now(),
        };
        self.change(Change {
            secrets: vec![write],
            ..Change::default()
        })
        .await;
    }

    /// A person has said what is known of the Bootstrap.
    pub(super) async fn resolve(&self, resolved: Resolved) {
        let write = match resolved {
            Resolved::Done(done) => OperationWrite::Record(done),
            Resolved::Withdrawn(id) => OperationWrite::Withdraw { id, at: now() },
        };
        self.change(Change {
            clusters: vec![ClusterWrite::Update(self.cluster().await)],
            operations: vec![write],
            ..Change::default()
        })
        .await;
    }

    /// The member has this card on record, which was leased this address.
    pub(super) async fn has_card(&self, card: MacAddress, address: IpAddr) {
        let evidence = vec![Evidence {
            machine: MACHINE,
            source: EvidenceSource::Registered,
            at: now(),
            facts: vec![Fact::Mac(card)],
        }];
        self.change(Change {
            evidence,
            ..Change::default()
        })
        .await;
        self.site.commit.submit(lease(card, address)).await.unwrap();
    }

    /// This address was leased to a card that is no machine's.
    pub(super) async fn is_strangers(&self, address: IpAddr) {
        let card = MacAddress::new([0x52, 0x54, 0, 0, 0, 0x99]);
        self.site.commit.submit(lease(card, address)).await.unwrap();
    }

    pub(super) async fn change(&self, change: Change) {
        let outcome = apply(&self.site.db, &change).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
    }

    /// A daemon that starts over these records.
    pub(super) fn daemon(&self) -> Daemon {
        let status = Arc::<Status>::default();
        let clusters = Clusters::new(Arc::clone(&self.site), Arc::clone(&status));
        Daemon {
            clusters: Arc::new(clusters),
            status,
        }
    }

    pub(super) async fn cluster(&self) -> Cluster {
        let found = clusters::find(&self.site.db, CLUSTER).await.unwrap();
        found.unwrap()
    }

    pub(super) async fn outcome(&self) -> Option<OperationOutcome> {
        self.cluster().await.bootstrap.map(|it| it.outcome)
    }

    /// What the cluster's timeline says of its Bootstrap.
    pub(super) async fn told(&self) -> Vec<String> {
        let all = events::of_cluster(&self.site.db, CLUSTER, 0, 500)
            .await
            .unwrap();
        let of_bootstrap = all.into_iter().filter(|it| it.event.kind == "bootstrap");
        of_bootstrap.map(|it| it.event.detail).collect()
    }
}

impl Daemon {
    /// One look at the clusters.
    pub(super) async fn look(&self) {
        self.clusters.look().await.unwrap();
    }

    /// What the cluster waits for since the last look.
    pub(super) fn waiting(&self) -> String {
        self.status.cluster(CLUSTER).waiting
    }
}

/// The cluster's first secrets.
pub(super) fn secrets() -> SecretsBundle {
    SecretsBundle::from_yaml(SECRETS).unwrap()
}

/// Secrets with another authority for the nodes' API.
pub(super) fn other_secrets() -> SecretsBundle {
    let key = key::ed25519_pem(&key::ed25519(&mut UnwrapErr(SysRng))).unwrap();
    let pair = KeyPair::from_pem(&key.expose().replace("ED25519 ", "")).unwrap();
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = &mut parameters.distinguished_name;
    name.push(DnType::OrganizationName, "talos");
    let certificate = parameters.self_signed(&pair).unwrap().pem();
    SecretsBundle {
        os: CertificateAndKey { certificate, key },
        ..secrets()
    }
}

fn disk_boot(address: IpAddr) -> Boot {
    Boot {
        id: BootId::from_bytes([2; 16]),
        machine: Some(MACHINE),
        mac: None,
        origin: BootOrigin::Disk,
        platform: None,
        address: Some(address),
        attempt: None,
        opened: now(),
        step: BootStep::Disk,
        step_at: now(),
        sent_to_disk: false,
        ready: None,
    }
}

fn lease(card: MacAddress, address: IpAddr) -> Lease {
    Lease {
        subnet: SubnetName::new("lan"),
        client: ClientKey::Hardware(card),
        address,
        client_identifier: None,
        granted: now(),
        expires: now().plus(Duration::from_hours(24)),
    }
}

fn intent() -> Intent {
    let id = IntentId::from_bytes([5; 16]);
    fixtures::intent(id, MACHINE, assignment(CLUSTER, Role::ControlPlane))
}
