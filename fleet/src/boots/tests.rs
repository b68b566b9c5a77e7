//! What the records have of a boot after its questions, on a database in memory.

use std::net::{IpAddr, Ipv4Addr};

use machine_core::boot::{Asker, Boot, BootOrigin, BootStep};
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::network::{DhcpMode, Subnet};
use machine_store::events::Event;
use machine_store::{boots, events, machines};
use pxe_server::directory::StepOwner;

use super::*;
use crate::fixtures::{site, subnet};
use crate::node_reports::neighbours::Neighbours;
use crate::power::Power;
use crate::site::Image;
use crate::status::Status;

const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 50));

mod alarms_told;
mod artefacts;
mod clones;
mod flatcar;
mod full_disk;
mod guesses;
mod held;
mod impostors;
mod kernels;
mod log;
mod rack;
mod recorded;
mod teaching;
mod waiting;
mod who;
mod wiping;
mod withdrawn;

/// A directory over an empty database, with one subnet.
pub(super) async fn directory(unknown: UnknownPolicy) -> BootAnswers {
    let mode = DhcpMode::Authoritative {
        ranges: vec!["10.77.0.50-10.77.0.60".parse().unwrap()],
    };
    directory_of(unknown, mode).await
}

async fn directory_of(unknown: UnknownPolicy, mode: DhcpMode) -> BootAnswers {
    let subnet = Subnet {
        mode,
        unknown,
        ..subnet()
    };
    let site = Arc::new(Site {
        subnets: vec![subnet],
        images: vec![Image {
            name: "talos".to_owned(),
            arch: Arch::X86_64,
            kernel: [1; 32],
            initrd: [2; 32],
            arguments: Vec::new(),
            installer: None,
        }],
        ..site().await
    });
    let power = Arc::new(Power::new(Arc::clone(&site)));
    let reconciler = Reconciler::new(Arc::clone(&site), power, Arc::new(Status::default()));
    let reports = NodeReports::new(Arc::clone(&site), reconciler.heard(), Arc::new(Wire));
    BootAnswers::new(site, Arc::new(reconciler), Arc::new(reports))
}

/// The machine and a stranger, each behind its address.
#[derive(Debug)]
struct Wire;

#[async_trait::async_trait]
impl Neighbours for Wire {
    async fn find(&self, address: IpAddr) -> Option<MacAddress> {
        let all = [who::machine(), who::stranger()];
        let found = all.into_iter().find(|who| who.address == address);
        found.map(|who| who.card)
    }
}

impl BootAnswers {
    async fn asks(&self, asker: Asker) -> BootId {
        self.answer(asker).await.boot.unwrap()
    }

    async fn answer(&self, asker: Asker) -> BootAnswer {
        let question = BootQuestion {
            subnet: SubnetName::new("lab"),
            mac: CARD,
            uuid: None,
            platform: Some((Arch::X86_64, Firmware::Bios)),
            asker,
            is_discover: true,
        };
        self.boot(question).await.unwrap()
    }

    async fn does(&self, boot: BootId, step: BootStep) {
        let detail = "as the test says".to_owned();
        let whose = StepOwner::Boot(boot);
        let step = ObservedStep {
            whose,
            step,
            detail,
        };
        self.record_step(step).await.unwrap();
    }

    /// From the first DISCOVER to the loader, each step twice.
    async fn loads(&self) -> BootId {
        let boot = self.asks(Asker::Firmware).await;
        for step in [BootStep::Offer, BootStep::Lease, BootStep::Loader] {
            self.does(boot, step).await;
            self.does(boot, step).await;
        }
        boot
    }

    async fn asks_for_its_script(&self, boot: BootId) -> ScriptAnswer {
        let request = ScriptRequest {
            boot,
            peer: ADDRESS,
            hardware: Some(CARD),
            mac: Some(CARD),
            macs: [CARD].into(),
            uuid: None,
            serial: None,
            manufacturer: None,
            product: None,
            platform: None,
            version: None,
        };
        self.script(request).await.unwrap()
    }

    /// The kinds of all events, once everything that was queued before is committed.
    async fn kinds(&self) -> Vec<String> {
        let barrier: Vec<Event> = Vec::new();
        self.site.commit.submit(barrier).await.unwrap();
        let events = events::since(&self.site.db, 0, 1000).await.unwrap();
        events.into_iter().map(|it| it.event.kind).collect()
    }
}

#[tokio::test]
async fn a_stranger_costs_no_disk() {
    let directory = directory(UnknownPolicy::Ignore).await;
    let boot = directory.loads().await;
    directory.asks_for_its_script(boot).await;
    assert_eq!(directory.kinds().await, Vec::<String>::new());
    let kept = boots::find(&directory.site.db, boot).await.unwrap();
    assert_eq!(kept, None);
}

#[tokio::test]
async fn whoever_asks_to_boot_is_registered_once_it_has_a_record() {
    let directory = directory(UnknownPolicy::Inspect).await;
    let answer = directory.answer(Asker::Firmware).await;
    assert!(!answer.is_registered);
    assert!(!directory.is_registered(CARD).await.unwrap());
    directory.asks_for_its_script(answer.boot.unwrap()).await;
    assert!(directory.is_registered(CARD).await.unwrap());
    assert!(directory.answer(Asker::Firmware).await.is_registered);
    let other = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);
    assert!(!directory.is_registered(other).await.unwrap());
}

#[tokio::test]
async fn a_machine_that_was_found_has_its_steps_so_far_each_once() {
    let directory = directory(UnknownPolicy::Inspect).await;
    let boot = directory.loads().await;
    assert_eq!(directory.asks(Asker::Ipxe).await, boot);
    directory.does(boot, BootStep::Offer).await;
    assert_eq!(directory.kinds().await, Vec::<String>::new());
    directory.asks_for_its_script(boot).await;
    let machine = machines::list(&directory.site.db).await.unwrap();
    let [machine] = machine.as_slice() else {
        panic!("{machine:?}")
    };
    directory.kinds().await;
    let events = events::of_machine(&directory.site.db, machine.id, 0, 100);
    let events: Vec<_> = events.await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|it| it.event.kind.as_str()).collect();
    let found = [
        "discover",
        "offer",
        "lease",
        "loader",
        "ipxe",
        "discovered",
        "script",
    ];
    assert_eq!(kinds[..found.len()], found, "{kinds:?}");
    assert!(events.iter().all(|it| it.event.machine == Some(machine.id)));
    assert!(directory.sightings.of_card(CARD).is_none());
}

#[test]
fn an_attempt_begins_before_the_boot_that_it_was_opened_for_is_served() {
    let asked = Timestamp::from_millis(1_000);
    let opened = Timestamp::from_millis(1_005);
    let boot = Boot {
        id: BootId::from_bytes([1; 16]),
        machine: None,
        mac: None,
        origin: BootOrigin::Network,
        platform: None,
        address: None,
        attempt: None,
        opened: asked,
        step: BootStep::Script,
        step_at: asked,
        sent_to_disk: false,
        ready: None,
    };
    let change = installer::serving(&recorded::attempt(opened), &boot, asked);
    assert!(change.events.iter().all(|event| event.at >= opened));
}
