//! Members that did not say that they are ready are asked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use config_talos::api::{PORT, Version};
use config_talos::api_error::{BootstrapError, CallError, ConnectError};
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use machine_core::bootstrap::ControlPlaneState;
use machine_core::hardware::MacAddress;
use machine_core::id::OperationId;
use machine_core::lifecycle::State;
use machine_core::operation::{Operation, OperationOutcome};
use machine_core::time::Timestamp;
use machine_store::boots;
use machine_store::change::{Change, OperationWrite};

use crate::clock::Clock;
use crate::clusters::tests::scene::{CLUSTER, MACHINE, Scene};
use crate::fixtures::now;
use crate::nodes::{NodeApi, Nodes};

const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0, 0, 7]);
const NODE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

/// A node: where it is, what it says of itself, and how often it was asked there.
#[derive(Debug, Clone)]
struct Said(Arc<Mutex<Node>>);

type Node = (Vec<IpAddr>, Option<bool>, usize);

impl Said {
    fn at(address: IpAddr) -> Self {
        Self(Arc::new(Mutex::new((vec![address], None, 0))))
    }

    fn moves(&self, addresses: &[IpAddr]) {
        self.0.lock().unwrap().0 = addresses.to_vec();
    }

    fn says(&self, ready: Option<bool>) {
        self.0.lock().unwrap().1 = ready;
    }

    fn questions(&self) -> usize {
        self.0.lock().unwrap().2
    }
}

#[async_trait]
impl Nodes for Said {
    async fn connect(
        &self,
        address: IpAddr,
        _: &Credentials,
        patience: Duration,
    ) -> Result<Box<dyn NodeApi>, ConnectError> {
        let ready = {
            let mut said = self.0.lock().unwrap();
            let is_there = said.0.contains(&address);
            said.2 += usize::from(is_there);
            said.1.filter(|_| is_there)
        };
        let address = SocketAddr::new(address, PORT);
        match ready {
            Some(_) => Ok(Box::new(self.clone())),
            None => Err(ConnectError::TimedOut { address, patience }),
        }
    }
}

#[async_trait]
impl NodeApi for Said {
    async fn version(&self) -> Result<Version, CallError> {
        unreachable!("nobody asks for it")
    }

    async fn control_plane(&self) -> Result<Option<ControlPlaneState>, CallError> {
        unreachable!("its cluster has its etcd")
    }

    async fn boot_source(&self) -> Result<BootSource, CallError> {
        unreachable!("nobody asks for it")
    }

    async fn is_ready(&self) -> Result<bool, CallError> {
        self.0.lock().unwrap().1.ok_or(CallError::Empty)
    }

    async fn bootstrap(self: Box<Self>, _: Duration) -> Result<(), BootstrapError> {
        unreachable!("its cluster has its etcd")
    }
}

/// A clock that a test sets.
#[derive(Debug, Clone)]
struct Hand(Arc<Mutex<Timestamp>>);

impl Hand {
    fn pass(&self, time: Duration) {
        let mut at = self.0.lock().unwrap();
        *at = at.plus(time);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn jumped(&self) -> Option<Duration> {
        None
    }
}

/// A member of a cluster whose etcd runs, which has told nothing of itself yet.
async fn member() -> (Scene, Said, Hand) {
    let (said, clock) = (Said::at(NODE), Hand(Arc::new(Mutex::new(now()))));
    let scene = Scene::new(State::Active, NODE).await;
    let called = Operation::bootstrap(OperationId::from_bytes([6; 16]), CLUSTER, MACHINE, now());
    let done = Operation {
        outcome: OperationOutcome::Done,
        ..called
    };
    let operations = vec![OperationWrite::Begin(called), OperationWrite::Record(done)];
    scene
        .change(Change {
            operations,
            ..Change::default()
        })
        .await;
    let scene = scene.with(Arc::new(said.clone()), Arc::new(clock.clone()));
    (scene, said, clock)
}

async fn ready(scene: &Scene) -> Option<bool> {
    let boots = boots::recent(&scene.site.db, MACHINE, 1).await.unwrap();
    boots[0].ready
}

#[tokio::test]
async fn a_member_whose_status_nobody_heard_is_asked_for_it() {
    let (scene, said, clock) = member().await;
    let daemon = scene.daemon();
    said.says(Some(true));
    daemon.look().await;
    assert_eq!(said.questions(), 0, "its own words are awaited first");
    clock.pass(Duration::from_mins(1));
    daemon.look().await;
    assert_eq!(ready(&scene).await, Some(true));
    daemon.look().await;
    assert_eq!(daemon.waiting(), "");
    clock.pass(Duration::from_hours(1));
    daemon.look().await;
    assert_eq!(said.questions(), 1, "who is ready is not asked again");
}

#[tokio::test]
async fn a_member_that_is_silent_or_not_ready_is_asked_seldom_and_again() {
    let (scene, said, clock) = member().await;
    let daemon = scene.daemon();
    for _ in 0..120 {
        daemon.look().await;
        clock.pass(Duration::from_mins(1));
    }
    let asked = said.questions();
    assert!((8..=16).contains(&asked), "in two hours: {asked}");
    assert_eq!(ready(&scene).await, None, "silence says nothing");
    said.says(Some(false));
    clock.pass(Duration::from_mins(10));
    daemon.look().await;
    assert_eq!(ready(&scene).await, Some(false));
    said.says(Some(true));
    clock.pass(Duration::from_mins(10));
    daemon.look().await;
    assert_eq!(ready(&scene).await, Some(true));
}

/// It started anew behind a card that nobody had registered then: nobody could tell whose its words
/// were, and they are not said again.
#[tokio::test]
async fn a_member_that_came_up_behind_another_of_its_cards_is_asked_there() {
    let (scene, said, clock) = member().await;
    let (daemon, there) = (scene.daemon(), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 8)));
    said.moves(&[there]);
    said.says(Some(true));
    daemon.look().await;
    clock.pass(Duration::from_mins(1));
    daemon.look().await;
    assert_eq!(ready(&scene).await, None, "its card is not known");

    scene.has_card(CARD, there).await;
    clock.pass(Duration::from_mins(10));
    daemon.look().await;
    assert_eq!(ready(&scene).await, Some(true));
    let boots = boots::recent(&scene.site.db, MACHINE, 1).await.unwrap();
    assert_eq!(boots[0].address, Some(there));
}

#[tokio::test]
async fn a_member_that_answers_at_several_addresses_stays_where_it_was_heard_of() {
    for beside in [6, 9] {
        let (scene, said, clock) = member().await;
        let (daemon, beside) = (scene.daemon(), IpAddr::from([10, 0, 0, beside]));
        said.moves(&[NODE, beside]);
        said.says(Some(true));
        scene.has_card(CARD, beside).await;
        daemon.look().await;
        clock.pass(Duration::from_mins(1));
        daemon.look().await;
        assert_eq!((ready(&scene).await, said.questions()), (Some(true), 2));
        let boots = boots::recent(&scene.site.db, MACHINE, 1).await.unwrap();
        assert_eq!(boots[0].address, Some(NODE));
    }
}

/// Its lease ran out, and another machine holds the address: who answers there is not the member.
#[tokio::test]
async fn a_member_is_not_asked_at_an_address_that_is_anothers_by_now() {
    let (scene, said, clock) = member().await;
    let daemon = scene.daemon();
    said.says(Some(true));
    scene.is_strangers(NODE).await;
    daemon.look().await;
    clock.pass(Duration::from_mins(1));
    daemon.look().await;
    assert_eq!((ready(&scene).await, said.questions()), (None, 0));
}
