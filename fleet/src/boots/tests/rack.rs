//! A machine that was registered and is to be installed, and whoever plays it on the wire.

use std::sync::Arc;

use config_render::talos::contract::TalosContract;
use config_render::talos::secrets::SecretsBundle;
use machine_core::attempt::{AttemptEnd, Verdict};
use machine_core::boot::Asker;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::intent::IntentEnd;
use machine_core::lifecycle::{Input, State};
use machine_core::machine::{Hardware, Machine};
use machine_core::network::{ClientKey, DhcpMode, Lease};
use machine_core::power::PowerObservation;
use machine_store::apply::apply;
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, Outcome, SecretWrite,
};
use machine_store::evidence::{Evidence, Fact};
use machine_store::power_on::PowerSwitch;
use machine_store::{attempts, events, machines};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::sync::OnceCell;

use super::recorded::*;
use super::who::*;
use super::{BootAnswers, directory_of};
use crate::boots::bmc::Witness;
use crate::clusters::secrets::place;
use crate::fixtures::now;
use machine_core::id::BootId;
use machine_core::network::{SubnetName, UnknownPolicy};
use pxe_server::directory::{
    BootAnswer, BootQuestion, Directory, DocumentRefusal, DocumentRequest, ScriptAnswer,
    ScriptRefusal, ScriptRequest, Unavailable,
};

/// Whose machines the cluster takes, where it takes them by their hardware.
pub(super) const MADE_BY: &str = "Supermicro";

/// Secrets of a cluster: made once for all tests, since an RSA key takes its time.
static SECRETS: OnceCell<String> = OnceCell::const_new();

/// The directory, and the registered machine in it.
pub(super) struct Rack {
    pub(super) directory: BootAnswers,
}

impl Rack {
    /// Where we lease the addresses, with a machine without BMC.
    pub(super) async fn new() -> Self {
        let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
        Self::with(DhcpMode::Authoritative { ranges }, None).await
    }

    /// With a machine whose BMC says this.
    pub(super) async fn with(mode: DhcpMode, bmc: Option<PowerObservation>) -> Self {
        let at = now();
        let has_bmc = bmc.is_some();
        let change = Change {
            machines: vec![MachineWrite::Insert(registered(has_bmc, at))],
            clusters: vec![ClusterWrite::Insert(cluster(named()))],
            intents: vec![IntentWrite::Open(intent(at))],
            attempts: vec![AttemptWrite::Open(attempt(at))],
            ..Change::default()
        };
        Self::of(UnknownPolicy::Ignore, mode, bmc, change).await
    }

    /// With a machine that was registered with card, board and disk, in this state, and is to be
    /// taken by a rule for what it says of its hardware.
    pub(super) async fn by_rule(state: State, bmc: Option<PowerObservation>) -> Self {
        let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
        let mode = DhcpMode::Authoritative { ranges };
        let unknown = match state {
            State::Discovered => UnknownPolicy::Inspect,
            _ => UnknownPolicy::Ignore,
        };
        let machine = Machine {
            state,
            hardware: Hardware::default(),
            install_disk: Some(assignment().disk),
            ..registered(bmc.is_some(), now())
        };
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            clusters: vec![ClusterWrite::Insert(cluster(made_by(MADE_BY)))],
            ..Change::default()
        };
        Self::of(unknown, mode, bmc, change).await
    }

    /// With a machine that such a rule took, for what it said of its hardware.
    pub(super) async fn taken_by_rule() -> Self {
        let at = now();
        let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
        let mode = DhcpMode::Authoritative { ranges };
        let mut machine = registered(false, at);
        machine.hardware.manufacturer = Some(MADE_BY.to_owned());
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            clusters: vec![ClusterWrite::Insert(cluster(made_by(MADE_BY)))],
            intents: vec![IntentWrite::Open(intent(at))],
            attempts: vec![AttemptWrite::Open(attempt(at))],
            ..Change::default()
        };
        Self::of(UnknownPolicy::Ignore, mode, None, change).await
    }

    async fn of(
        unknown: UnknownPolicy,
        mode: DhcpMode,
        bmc: Option<PowerObservation>,
        change: Change,
    ) -> Self {
        let mut directory = directory_of(unknown, mode).await;
        directory.witness = Witness::Says(bmc.unwrap_or(PowerObservation::NoBmc));
        let rack = Self { directory };
        let secrets = rack.secrets().await;
        let change = Change { secrets, ..change };
        rack.register(change).await;
        rack
    }

    /// Without BMC, and without secrets of the cluster.
    pub(super) async fn without_secrets(
        unknown: UnknownPolicy,
        mode: DhcpMode,
        change: Change,
    ) -> Self {
        let mut directory = directory_of(unknown, mode).await;
        directory.witness = Witness::Says(PowerObservation::NoBmc);
        let rack = Self { directory };
        rack.register(change).await;
        rack
    }

    async fn secrets(&self) -> Vec<SecretWrite> {
        let secrets = SECRETS.get_or_init(|| async {
            let bundle = tokio::task::spawn_blocking(|| {
                let contract: TalosContract = "1.13.9".parse().unwrap();
                SecretsBundle::generate(contract, now(), &mut UnwrapErr(SysRng)).unwrap()
            });
            bundle.await.unwrap().to_yaml().to_string()
        });
        let secrets = secrets.await.as_bytes();
        let site = &self.directory.site;
        let sealed = site.seal.seal(&place(CLUSTER), secrets).unwrap();
        vec![SecretWrite::PutIfAbsent {
            place: place(CLUSTER),
            sealed,
            at: now(),
        }]
    }

    /// The change, and whose the machine's card and board are.
    async fn register(&self, change: Change) {
        let at = now();
        let change = Change {
            evidence: vec![Evidence {
                machine: MACHINE,
                at,
                source: EvidenceSource::Registered,
                facts: vec![
                    Fact::Mac(CARD),
                    Fact::Uuid(UUID.parse().unwrap()),
                    Fact::Serial("S1".parse().unwrap()),
                ],
            }],
            ..change
        };
        self.write(&change).await;
    }

    /// The same records, looked at by a process that remembers nothing.
    pub(super) fn in_another_process(&self) -> Self {
        let site = Arc::clone(&self.directory.site);
        let reports = Arc::clone(&self.directory.reports);
        let mut directory = BootAnswers::new(site, Arc::clone(&self.directory.reconciler), reports);
        directory.witness = self.directory.witness.clone();
        Self { directory }
    }

    pub(super) async fn write(&self, change: &Change) {
        let outcome = apply(&self.directory.site.db, change).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
    }

    /// Drover switches the machine on.
    pub(super) async fn power_on(&self) {
        let change = Change {
            power: vec![PowerSwitch {
                machine: MACHINE,
                on: Some(now()),
            }],
            ..Change::default()
        };
        self.write(&change).await;
    }

    /// A person accepts a boot.
    pub(super) async fn accept(&self, boot: BootId) {
        let change = Change {
            attempts: vec![AttemptWrite::Accept { id: ATTEMPT, boot }],
            ..Change::default()
        };
        self.write(&change).await;
    }

    /// From the DISCOVER of the firmware to iPXE; with a lease, where we give one.
    pub(super) async fn dhcp(&self, who: &Who) -> BootId {
        let boot = self.asks(who, Asker::Firmware).await;
        let is_leased = self
            .directory
            .site
            .subnets
            .iter()
            .any(|it| matches!(it.mode, DhcpMode::Authoritative { .. }));
        if is_leased {
            let at = now();
            let lease = Lease {
                subnet: SubnetName::new("lab"),
                client: ClientKey::Hardware(who.said),
                address: who.address,
                client_identifier: None,
                granted: at,
                expires: at.plus(std::time::Duration::from_hours(1)),
            };
            self.directory.lease(lease, Some(boot)).await.unwrap();
        }
        boot
    }

    async fn asks(&self, who: &Who, asker: Asker) -> BootId {
        self.answer(who, asker).await.unwrap().boot.unwrap()
    }

    /// The answer to a DISCOVER.
    pub(super) async fn answer(&self, who: &Who, asker: Asker) -> Result<BootAnswer, Unavailable> {
        let question = BootQuestion {
            subnet: SubnetName::new("lab"),
            mac: who.said,
            uuid: who.uuid,
            platform: Some((Arch::X86_64, Firmware::Uefi)),
            asker,
            is_discover: true,
        };
        self.directory.boot(question).await
    }

    /// The script of a boot.
    pub(super) async fn script(
        &self,
        who: &Who,
        boot: BootId,
    ) -> Result<ScriptAnswer, ScriptRefusal> {
        self.script_seen(who, boot, Some(who.card)).await
    }

    /// The script of a boot, with what the neighbour table shows.
    pub(super) async fn script_seen(
        &self,
        who: &Who,
        boot: BootId,
        hardware: Option<MacAddress>,
    ) -> Result<ScriptAnswer, ScriptRefusal> {
        let listed = who.listed.iter().copied();
        let request = ScriptRequest {
            boot,
            peer: who.address,
            hardware,
            mac: Some(who.said),
            macs: listed.chain([who.said]).collect(),
            uuid: who.uuid,
            serial: who.serial.clone(),
            manufacturer: who.manufacturer.clone(),
            product: None,
            platform: Some((Arch::X86_64, Firmware::Uefi)),
            version: None,
        };
        self.directory.script(request).await
    }

    /// From power-on to the kernel: the boot, and the token if it got one.
    pub(super) async fn boots(&self, who: &Who) -> (BootId, Option<String>) {
        let boot = self.dhcp(who).await;
        let answer = self.script(who, boot).await.unwrap();
        (boot, token(&answer))
    }

    /// Whether a config comes for a token.
    pub(super) async fn config(&self, who: &Who, token: &str) -> Config {
        self.config_asked(request(who, token)).await
    }

    pub(super) async fn config_asked(&self, request: DocumentRequest) -> Config {
        match self.directory.document(request).await {
            Ok(document) => {
                assert!(!document.body.is_empty());
                Config::Released
            }
            Err(DocumentRefusal::Refused) => Config::Refused,
            Err(DocumentRefusal::Unavailable(error)) => Config::AskAgain(error.why),
        }
    }

    /// The alarms on the machine's timeline.
    pub(super) async fn alarms(&self) -> Vec<String> {
        self.told("alarm").await
    }

    /// The lines of this kind on the machine's timeline.
    pub(super) async fn told(&self, kind: &str) -> Vec<String> {
        let barrier: Vec<events::Event> = Vec::new();
        self.directory.site.commit.submit(barrier).await.unwrap();
        let db = &self.directory.site.db;
        let all = events::of_machine(db, MACHINE, 0, 1000).await.unwrap();
        let lines = all.into_iter().filter(|it| it.event.kind == kind);
        lines.map(|it| it.event.detail).collect()
    }

    /// A person takes the permission back.
    pub(super) async fn cancel(&self) {
        let db = &self.directory.site.db;
        let machine = machines::find(db, MACHINE).await.unwrap().unwrap();
        let (at, end) = (now(), AttemptEnd::Cancelled);
        let why = "person:alice: not now".to_owned();
        let cancel = Input::Cancel { released: false };
        let change = Change {
            machines: vec![MachineWrite::Update(machine.after(cancel, at).unwrap())],
            intents: vec![IntentWrite::Close {
                id: INTENT,
                at,
                end: IntentEnd::Cancelled,
            }],
            attempts: vec![
                AttemptWrite::Judge {
                    id: ATTEMPT,
                    verdict: Verdict { at, end, why },
                },
                AttemptWrite::Close {
                    id: ATTEMPT,
                    at,
                    end,
                },
            ],
            ..Change::default()
        };
        self.write(&change).await;
    }

    /// Whether any config went out.
    pub(super) async fn is_released(&self) -> bool {
        let attempt = attempts::find(&self.directory.site.db, ATTEMPT).await;
        attempt.unwrap().unwrap().release.is_some()
    }
}

/// What became of a request for a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Config {
    Released,
    Refused,
    AskAgain(String),
}
