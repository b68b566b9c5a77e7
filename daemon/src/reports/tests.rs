//! What nodes send again stands once on the timeline, and nothing is taken for kept that is not.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use config_talos::event::{MachineStage, Publication, StepAction, TalosEvent};
use config_talos::receiver::{EventReceiver, NotKept};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::{BootId, MachineId};
use machine_core::machine::Machine;
use machine_store::commit::sighting::NewMachine;
use machine_store::commit::{CommitHandle, Committer};
use machine_store::db::Db;
use machine_store::events;
use machine_store::location::Location;
use machine_store::seal::SealKey;
use machine_store::token::TokenKey;

use crate::clock::now;
use crate::records::{Ports, Records};
use crate::reports::Reports;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 50));
const MACHINE: MachineId = MachineId::from_bytes([1; 16]);

/// One machine that has booted from the network, and what its node is told to.
struct Site {
    db: Db,
    live: CommitHandle,
    closed: CommitHandle,
}

impl Site {
    async fn new() -> Self {
        let db = Db::open(&Location::SqliteMemory).await.unwrap();
        let (live, _) = Committer::spawn(db.clone());
        let (closed, ended) = Committer::spawn(db.clone());
        closed.close();
        ended.await.unwrap();
        let site = Self { db, live, closed };
        let seen = NewMachine {
            machine: Machine::discovered(MACHINE, "m1".to_owned(), now()),
            facts: Vec::new(),
            candidates: [].into(),
            boot: Some(network_boot()),
            events: Vec::new(),
        };
        site.live.submit(seen).await.unwrap();
        site
    }

    /// The reports of a daemon that starts over these records, and can commit or not.
    async fn reports(&self, commit: &CommitHandle) -> Reports {
        Reports::new(self.records(commit).await)
    }

    async fn records(&self, commit: &CommitHandle) -> Arc<Records> {
        let seal = SealKey::generate().unwrap();
        let db = Db::open(&Location::SqliteMemory).await.unwrap();
        Arc::new(Records {
            db: self.db.clone(),
            commit: commit.clone(),
            tokens: TokenKey::load_or_make(&db, &seal, now()).await.unwrap(),
            seal,
            subnets: Vec::new(),
            images: Vec::new(),
            ports: Ports {
                http: 80,
                event_sink: 81,
                log: 82,
            },
            readers: Arc::default(),
            wake: Arc::default(),
        })
    }

    /// The kinds of the events on the timeline.
    async fn timeline(&self) -> Vec<String> {
        let all = events::of_machine(&self.db, MACHINE, 0, 100).await.unwrap();
        all.into_iter().map(|it| it.event.kind).collect()
    }
}

fn network_boot() -> Boot {
    Boot {
        id: BootId::from_bytes([2; 16]),
        machine: Some(MACHINE),
        mac: None,
        origin: BootOrigin::Network,
        platform: None,
        address: Some(PEER),
        attempt: None,
        opened: now(),
        step: BootStep::Config,
        step_at: now(),
        sent_to_disk: false,
        ready: None,
    }
}

async fn publish(reports: &Reports, id: &str, event: TalosEvent) -> Result<(), NotKept> {
    let publication = Publication {
        id: id.to_owned(),
        actor: String::new(),
        event,
    };
    EventReceiver::receive(reports, PEER, publication).await
}

fn installing() -> TalosEvent {
    TalosEvent::Phase {
        name: "install".to_owned(),
        action: StepAction::Start,
    }
}

fn status() -> TalosEvent {
    TalosEvent::MachineStatus {
        stage: MachineStage::Installing,
        ready: false,
        unmet: Vec::new(),
    }
}

#[tokio::test]
async fn what_could_not_be_committed_is_kept_when_it_comes_again() {
    let site = Site::new().await;
    let mut reports = site.reports(&site.closed).await;
    for event in [status(), installing()] {
        publish(&reports, "a", event).await.unwrap_err();
    }
    assert_eq!(site.timeline().await, [""; 0]);
    reports.records = site.records(&site.live).await;
    publish(&reports, "a", status()).await.unwrap();
    publish(&reports, "b", installing()).await.unwrap();
    assert_eq!(site.timeline().await, ["status", "installing"]);
}

#[tokio::test]
async fn what_is_sent_again_stands_once() {
    let site = Site::new().await;
    let reports = site.reports(&site.live).await;
    publish(&reports, "a", status()).await.unwrap();
    for _ in 0..2 {
        publish(&reports, "b", installing()).await.unwrap();
    }
    publish(&reports, "c", status()).await.unwrap();
    // The daemon was killed after the commit, and the node has no answer.
    let reports = site.reports(&site.live).await;
    publish(&reports, "b", installing()).await.unwrap();
    publish(&reports, "c", status()).await.unwrap();
    assert_eq!(site.timeline().await, ["status", "installing"]);
}

#[tokio::test]
async fn the_same_trouble_as_a_new_event_is_told_again() {
    let site = Site::new().await;
    let reports = site.reports(&site.live).await;
    let trouble = || TalosEvent::ConfigLoadError {
        error: "no route".to_owned(),
    };
    for id in ["a", "b", "b"] {
        publish(&reports, id, trouble()).await.unwrap();
    }
    assert_eq!(site.timeline().await, ["trouble", "trouble"]);
}
