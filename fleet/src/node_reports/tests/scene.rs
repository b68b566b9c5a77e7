//! One machine that is being installed: it has booted from the network and fetched its config.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use machine_core::attempt::{Attempt, Release};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::cluster::Role;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId};
use machine_core::intent::Intent;
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_store::apply::apply;
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, Outcome,
};
use machine_store::commit::claim::{ClaimOutcome, ReleaseClaim};
use machine_store::commit::{CommitHandle, Committer};
use machine_store::db::Db;
use machine_store::evidence::{Evidence, Fact};
use machine_store::location::Location;
use machine_store::{attempts, boots, events};

use crate::fixtures::{self, assignment, cluster, now, site};
use crate::last_heard::Heard;
use crate::node_reports::NodeReports;
use crate::node_reports::neighbours::Neighbours;
use crate::site::Site;

/// This card is behind all addresses.
#[derive(Debug)]
struct OneCard(MacAddress);

#[async_trait::async_trait]
impl Neighbours for OneCard {
    async fn find(&self, _address: IpAddr) -> Option<MacAddress> {
        Some(self.0)
    }
}

pub(super) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 50));
pub(super) const MACHINE: MachineId = MachineId::from_bytes([1; 16]);
pub(super) const ATTEMPT: AttemptId = AttemptId::from_bytes([4; 16]);
pub(super) const BOOT: BootId = BootId::from_bytes([2; 16]);
pub(super) const MAC: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const INTENT: IntentId = IntentId::from_bytes([5; 16]);
const CLUSTER: ClusterId = ClusterId::from_bytes([3; 16]);

pub(super) struct Scene {
    pub(super) db: Db,
    pub(super) live: CommitHandle,
    pub(super) closed: CommitHandle,
    pub(super) heard: Arc<Heard>,
}

impl Scene {
    /// Its config was released to [`PEER`].
    pub(super) async fn new() -> Self {
        let scene = Self::unreleased().await;
        let claim = ReleaseClaim {
            attempt: ATTEMPT,
            intent: INTENT,
            machine: MACHINE,
            machine_version: 0,
            boot: BOOT,
            release: Release::fetched(now(), PEER, [0; 32]),
            artefact: fixtures::ARTEFACT,
            events: Vec::new(),
        };
        let claimed = scene.live.submit(claim).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::Claimed);
        scene.keep(network_boot(BootStep::Config)).await;
        scene
    }

    /// It has started from the network, and fetched nothing.
    pub(super) async fn unreleased() -> Self {
        let db = Db::open(&Location::SqliteMemory).await.unwrap();
        let (live, _) = Committer::spawn(db.clone());
        let (closed, ended) = Committer::spawn(db.clone());
        closed.close();
        ended.await.unwrap();
        let mut machine = Machine::discovered(MACHINE, "m1", now());
        machine.state = State::Provisioning(Origin::Available);
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            clusters: vec![ClusterWrite::Insert(cluster(CLUSTER))],
            intents: vec![IntentWrite::Open(intent())],
            attempts: vec![AttemptWrite::Open(attempt())],
            evidence: vec![Evidence {
                machine: MACHINE,
                source: EvidenceSource::Registered,
                at: now(),
                facts: vec![Fact::Mac(MAC)],
            }],
            ..Change::default()
        };
        assert_eq!(apply(&db, &change).await.unwrap(), Outcome::Applied);
        let heard = Arc::new(Heard::new(fixtures::clock()));
        let scene = Self {
            db,
            live,
            closed,
            heard,
        };
        scene.keep(network_boot(BootStep::System)).await;
        scene
    }

    pub(super) async fn keep(&self, boot: Boot) {
        self.live.submit(boot).await.unwrap();
    }

    /// The reports of a daemon that starts over these records, and can commit or not.
    pub(super) async fn reports(&self, commit: &CommitHandle) -> NodeReports {
        self.reports_behind(commit, MAC).await
    }

    /// The same, where this card is behind every address.
    pub(super) async fn reports_behind(
        &self,
        commit: &CommitHandle,
        card: MacAddress,
    ) -> NodeReports {
        let neighbours = Arc::new(OneCard(card));
        NodeReports::new(self.site(commit).await, Arc::clone(&self.heard), neighbours)
    }

    pub(super) async fn site(&self, commit: &CommitHandle) -> Arc<Site> {
        Arc::new(Site {
            db: self.db.clone(),
            commit: commit.clone(),
            ..site().await
        })
    }

    /// The kinds of the events on the timeline.
    pub(super) async fn timeline(&self) -> Vec<String> {
        let all = events::of_machine(&self.db, MACHINE, 0, 500).await.unwrap();
        all.into_iter().map(|it| it.event.kind).collect()
    }

    pub(super) async fn attempt(&self) -> Attempt {
        attempts::find(&self.db, ATTEMPT).await.unwrap().unwrap()
    }

    /// Its boots, newest first.
    pub(super) async fn boots(&self) -> Vec<Boot> {
        boots::recent(&self.db, MACHINE, 100).await.unwrap()
    }
}

pub(super) fn network_boot(step: BootStep) -> Boot {
    Boot {
        id: BOOT,
        machine: Some(MACHINE),
        mac: Some(MAC),
        origin: BootOrigin::Network,
        platform: None,
        address: Some(PEER),
        attempt: Some(ATTEMPT),
        opened: now(),
        step,
        step_at: now(),
        sent_to_disk: false,
        ready: None,
    }
}

fn intent() -> Intent {
    fixtures::intent(INTENT, MACHINE, assignment(CLUSTER, Role::Worker))
}

pub(super) fn attempt() -> Attempt {
    fixtures::attempt(ATTEMPT, intent(), BOOT)
}
