//! Power through a BMC that is asked first whose it is, and looked at afterwards.

mod steps;

use std::net::SocketAddr;

use async_trait::async_trait;
use bmc_control::bmc::{BmcIdentity, BootOverrideOutcome, PowerChange, ShutdownRequest};
use bmc_control::error::{BmcError, Operation};
use bmc_ipmi::application::SystemGuid;
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::SystemUuid;
use machine_store::apply::apply;
use machine_store::change::{Change, MachineWrite, Outcome};
use machine_store::events;
use machine_store::evidence::{Evidence, Fact};

use super::board::Boards;
use super::{BmcSession, BootOverride, Machine, MachineId, PowerState, Site};
use crate::error::StepError;
use crate::fixtures::{now, site};

const UUID: SystemUuid = SystemUuid::from_bytes([0x4c; 16]);
const OTHER: SystemGuid = SystemGuid([0x17; 16]);

/// A BMC as the test wants it.
#[derive(Debug)]
struct Told {
    guid: Option<SystemGuid>,
    /// What it says of the power, one reading after the other; the last one stays. `None` is silence.
    readings: Vec<Option<PowerState>>,
    shutdown: ShutdownRequest,
    asked: usize,
    commands: Vec<PowerState>,
    /// To so many commands it does not answer.
    deaf: usize,
    /// After so many power-ons the machine is on.
    obeys_after: Option<usize>,
}

impl Told {
    fn new(guid: Option<SystemGuid>) -> Self {
        Self {
            guid,
            readings: vec![Some(PowerState::Off)],
            shutdown: ShutdownRequest::Asked,
            asked: 0,
            commands: Vec::new(),
            deaf: 0,
            obeys_after: None,
        }
    }

    fn reading(readings: &[Option<PowerState>]) -> Self {
        Self {
            readings: readings.to_vec(),
            ..Self::new(None)
        }
    }
}

fn silence() -> BmcError {
    BmcError::Deadline {
        operation: Operation::ReadPower,
        address: endpoint(11).address(),
        limit: std::time::Duration::from_secs(30),
    }
}

#[async_trait]
impl BmcSession for Told {
    async fn power(&mut self) -> Result<PowerState, BmcError> {
        let reading = self.readings[0];
        if self.readings.len() > 1 {
            self.readings.remove(0);
        }
        reading.ok_or_else(silence)
    }

    async fn set_power(&mut self, wanted: PowerState) -> Result<PowerChange, BmcError> {
        self.commands.push(wanted);
        if self.commands.len() <= self.deaf {
            return Err(silence());
        }
        if self.obeys_after == Some(self.commands.len()) {
            self.readings = vec![Some(wanted)];
        }
        Ok(PowerChange::Commanded)
    }

    async fn shut_down(&mut self) -> Result<ShutdownRequest, BmcError> {
        Ok(self.shutdown)
    }

    async fn set_boot(&mut self, _: BootOverride) -> Result<BootOverrideOutcome, BmcError> {
        panic!("nobody asks for that here")
    }

    async fn identity(&mut self) -> Result<BmcIdentity, BmcError> {
        self.asked += 1;
        Ok(BmcIdentity {
            manufacturer: 1,
            product: 1,
            firmware: "1.00".to_owned(),
            system_guid: self.guid,
        })
    }

    async fn close(self: Box<Self>) {}
}

fn endpoint(last: u8) -> BmcEndpoint {
    let address = SocketAddr::from(([10, 77, 1, last], 623));
    BmcEndpoint::Ipmi(IpmiEndpoint::new(address, "drover"))
}

/// cp-1, with a BMC, and with this UUID if it said one.
async fn machine(site: &Site, uuid: Option<SystemUuid>) -> Machine {
    machine_of(site, EvidenceSource::Registered, uuid).await
}

async fn machine_of(site: &Site, source: EvidenceSource, uuid: Option<SystemUuid>) -> Machine {
    let mut machine = Machine::discovered(MachineId::from_bytes([1; 16]), "cp-1", now());
    machine.bmc = Some(endpoint(11));
    let evidence = Evidence {
        machine: machine.id,
        source,
        at: now(),
        facts: uuid.map(Fact::Uuid).into_iter().collect(),
    };
    written(
        site,
        Change {
            machines: vec![MachineWrite::Insert(machine.clone())],
            evidence: vec![evidence],
            ..Change::default()
        },
    )
    .await;
    machine
}

async fn written(site: &Site, change: Change) {
    let outcome = apply(&site.db, &change).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
}

/// The details of the events of this kind, when all are written down.
async fn told(site: &Site, kind: &str) -> Vec<String> {
    // Items are committed in their order: this one comes behind all of them.
    site.commit
        .submit(Vec::<events::Event>::new())
        .await
        .unwrap();
    let all = events::since(&site.db, 0, 100).await.unwrap();
    let of_kind = all.into_iter().filter(|it| it.event.kind == kind);
    of_kind.map(|it| it.event.detail).collect()
}

#[tokio::test]
async fn the_bmc_of_another_machine_is_not_told_to_switch_off() {
    let site = site().await;
    let machine = machine(&site, Some(UUID)).await;
    let (boards, mut bmc) = (Boards::default(), Told::new(Some(OTHER)));
    for _ in 0..2 {
        let refused = boards.check(&site, &machine, &mut bmc).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, StepError::Refused(_)), "{refused:?}");
        let said = refused.to_string();
        for word in [
            "cp-1 is not switched off",
            "10.77.1.11:623",
            "drover machine accept-bmc cp-1",
        ] {
            assert!(said.contains(word), "{said}");
        }
        assert!(said.contains(&OTHER.to_string()), "{said}");
        assert!(said.contains(&UUID.to_string()), "{said}");
    }
    assert_eq!(told(&site, "alarm").await.len(), 1);
    // A person says that it is the right one.
    let accepts = MachineWrite::AcceptBmc {
        id: machine.id,
        version: 0,
        guid: OTHER.to_string(),
    };
    let machines = vec![accepts];
    written(
        &site,
        Change {
            machines,
            ..Change::default()
        },
    )
    .await;
    boards.check(&site, &machine, &mut bmc).await.unwrap();
    // Another server at that address is still another.
    let mut moved = Told::new(Some(SystemGuid([0x18; 16])));
    let boards = Boards::default();
    boards.check(&site, &machine, &mut moved).await.unwrap_err();
}

#[tokio::test]
async fn a_bmc_is_asked_once_whose_it_is() {
    let site = site().await;
    let mut machine = machine(&site, Some(UUID)).await;
    let mut reversed = *UUID.as_bytes();
    reversed.reverse();
    let (boards, mut bmc) = (Boards::default(), Told::new(Some(SystemGuid(reversed))));
    for _ in 0..3 {
        boards.check(&site, &machine, &mut bmc).await.unwrap();
    }
    assert_eq!(bmc.asked, 1);
    // At another address it is another BMC.
    machine.bmc = Some(endpoint(12));
    boards.check(&site, &machine, &mut bmc).await.unwrap();
    assert_eq!(bmc.asked, 2);
    assert!(told(&site, "alarm").await.is_empty());
}

#[tokio::test]
async fn a_bmc_that_does_not_say_whose_it_is_is_noted_once_and_obeyed() {
    let site = site().await;
    let machine = machine(&site, Some(UUID)).await;
    let (boards, mut mute) = (Boards::default(), Told::new(None));
    for _ in 0..2 {
        boards.check(&site, &machine, &mut mute).await.unwrap();
    }
    let notes = told(&site, "power").await;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("does not say which machine it is in"));
    let mut placeholder = Told::new(Some(SystemGuid([0; 16])));
    let boards = Boards::default();
    boards
        .check(&site, &machine, &mut placeholder)
        .await
        .unwrap();
    assert!(told(&site, "alarm").await.is_empty());
}

#[tokio::test]
async fn the_uuid_that_a_boot_said_is_compared_where_none_is_registered() {
    let site = site().await;
    let machine = machine_of(&site, EvidenceSource::Asked, Some(UUID)).await;
    let (boards, mut bmc) = (Boards::default(), Told::new(Some(OTHER)));
    let refused = boards.check(&site, &machine, &mut bmc).await;
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("drover machine accept-bmc"), "{why}");
    let mut own = Told::new(Some(SystemGuid(*UUID.as_bytes())));
    Boards::default()
        .check(&site, &machine, &mut own)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_machine_whose_uuid_is_not_known_has_nothing_to_compare() {
    let site = site().await;
    let machine = machine(&site, None).await;
    let mut bmc = Told::new(Some(OTHER));
    let boards = Boards::default();
    boards.check(&site, &machine, &mut bmc).await.unwrap();
    assert_eq!(bmc.asked, 0);
}
