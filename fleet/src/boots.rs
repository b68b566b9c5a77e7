//! The boot plane's questions, answered from the records: [`pxe_server::directory::Directory`].
//!
//! Each answer is one read and one pure decision; what must be durable first is committed by the
//! commit task before the answer is given.

mod alarms;
mod bmc;
mod bounds;
mod case;
mod changed_config;
mod claim_alarms;
mod claims;
mod claims_told;
mod declines;
mod dhcp;
mod document;
pub(crate) mod explaining;
mod found;
mod full_disk;
mod guesses;
mod guessing;
mod held;
mod installer;
mod keeping;
mod kernels;
mod recent;
mod report;
mod restarts;
mod rounds;
mod rule;
mod script;
mod settled;
mod speaker;
mod stranger;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use machine_core::evidence::{Claim, KnownIdentity};
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::BootId;
use machine_core::network::{ClientKey, Lease, SubnetName, UnknownPolicy};
use machine_core::time::Timestamp;
use machine_store::commit::item::LeaseEnd;
use machine_store::identities;
use pxe_server::complaint::Complaints;
use pxe_server::directory::{
    BootAnswer, BootQuestion, Directory, Document, DocumentRefusal, DocumentRequest, HeldBoot,
    LeaseOutcome, ObservedStep, ScriptAnswer, ScriptRefusal, ScriptRequest, SystemReport,
    Unavailable,
};
use tokio::sync::Semaphore;
use tracing::{debug, instrument};

use crate::boots::alarms::Alarms;
use crate::boots::bmc::Witness;
use crate::boots::claim_alarms::ClaimAlarms;
use crate::boots::guesses::Guesses;
use crate::boots::recent::{Opened, Recorded};
use crate::boots::restarts::Restarts;
use crate::boots::rounds::Rounds;
use crate::boots::settled::Settled;
use crate::error::{StepError, chain};
use crate::log_pace::LogPace;
use crate::node_reports::NodeReports;
use crate::pace::Paces;
use crate::reconcile::Reconciler;
use crate::sightings::Sightings;
use crate::site::Site;

/// How many steps may wait for the database: further ones are missing on their timelines.
const STEPS: usize = 4096;

/// The records behind the boot plane.
#[derive(Debug, Clone)]
pub struct BootAnswers {
    site: Arc<Site>,
    sightings: Arc<Sightings>,
    reconciler: Arc<Reconciler>,
    reports: Arc<NodeReports>,
    witness: Witness,
    refusals: Arc<Complaints>,
    alarms: Arc<Alarms>,
    claim_alarms: Arc<ClaimAlarms>,
    guesses: Arc<Guesses>,
    steps: Arc<Semaphore>,
    late: Arc<Complaints>,
    rounds: Arc<Rounds>,
    paces: Arc<Paces>,
    opened: Arc<Opened>,
    recorded: Arc<Recorded>,
    restarts: Arc<Restarts>,
    /// Boots of machines that may not be on record yet.
    unkept: Arc<Sightings>,
    settled: Arc<Settled>,
    found: Arc<LogPace>,
}

impl BootAnswers {
    /// Over these records; what systems tell by HTTP goes to `reports`.
    pub fn new(site: Arc<Site>, reconciler: Arc<Reconciler>, reports: Arc<NodeReports>) -> Self {
        Self {
            recorded: Arc::default(),
            restarts: Arc::default(),
            site,
            sightings: Arc::default(),
            witness: Witness::Bmc(Arc::clone(&reconciler)),
            reconciler,
            reports,
            refusals: Arc::new(Complaints::new("release")),
            alarms: Arc::default(),
            claim_alarms: Arc::default(),
            guesses: Arc::default(),
            steps: Arc::new(Semaphore::new(STEPS)),
            late: Arc::new(Complaints::new("steps")),
            rounds: Arc::default(),
            paces: Arc::default(),
            opened: Arc::default(),
            unkept: Arc::default(),
            settled: Arc::default(),
            found: Arc::default(),
        }
    }

    fn unknown_policy(&self, subnet: &SubnetName) -> UnknownPolicy {
        let subnet = self.site.subnets.iter().find(|it| it.name == *subnet);
        subnet.map_or(UnknownPolicy::Ignore, |subnet| subnet.unknown)
    }

    /// Whether a card is a machine's; `None` while the records in memory are in doubt.
    fn is_card(&self, mac: MacAddress) -> Option<bool> {
        self.site.db.model().read(|held| held.has_card(mac))
    }
}

impl Directory for BootAnswers {
    fn now(&self) -> Timestamp {
        self.site.now()
    }

    #[instrument(name = "boot", skip_all, fields(card = %question.mac, boot, machine))]
    async fn boot(&self, question: BootQuestion) -> Result<BootAnswer, Unavailable> {
        let work = async || {
            let answered = self.answer_boot(&question).await;
            answered.map_err(|error| unavailable(&error))
        };
        self.rounds.answer(&question, work).await
    }

    async fn is_registered(&self, mac: MacAddress) -> Result<bool, Unavailable> {
        if let Some(is_registered) = self.is_card(mac) {
            return Ok(is_registered);
        }
        let claim = claim(mac, None);
        match identities::candidates_of_claim(&self.site.db, &claim).await {
            Ok(candidates) => Ok(is_card_of_any(mac, &candidates)),
            Err(error) => Err(unavailable(&error.into())),
        }
    }

    async fn lease(&self, lease: Lease, boot: Option<BootId>) -> Result<LeaseOutcome, Unavailable> {
        self.commit_lease(lease, boot)
            .await
            .map_err(|error| unavailable(&error.into()))
    }

    async fn lease_ended(
        &self,
        subnet: SubnetName,
        client: ClientKey,
        address: IpAddr,
    ) -> Result<(), Unavailable> {
        let end = LeaseEnd {
            subnet,
            client,
            address,
        };
        match self.site.commit.submit(end).await {
            Ok(_) => Ok(()),
            Err(error) => Err(unavailable(&error.into())),
        }
    }

    async fn declined(&self, client: ClientKey, address: IpAddr, until: Timestamp) {
        if let Err(error) = self.note_decline(client, address, until).await {
            debug!(error = chain(&error), "a DECLINE was not told");
        }
    }

    async fn held(
        &self,
        peer: IpAddr,
        hardware: Option<MacAddress>,
    ) -> Result<Option<HeldBoot>, Unavailable> {
        let held = self.held_boot(peer, hardware).await;
        held.map_err(|error| unavailable(&error))
    }

    #[instrument(name = "script", skip_all, fields(peer = %request.peer, boot = %request.boot, machine))]
    async fn script(&self, mut request: ScriptRequest) -> Result<ScriptAnswer, ScriptRefusal> {
        let answered = async {
            let (peer, seen) = (request.peer, request.hardware);
            request.hardware = self.site.card_behind(peer, seen).await?;
            self.answer_script(&request).await
        };
        match answered.await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(ScriptRefusal::NotFound),
            Err(error) => Err(unavailable(&error).into()),
        }
    }

    #[instrument(name = "document", skip_all, fields(peer = %request.peer, boot, machine))]
    async fn document(&self, mut request: DocumentRequest) -> Result<Document, DocumentRefusal> {
        let answered = async {
            let (peer, seen) = (request.peer, request.hardware);
            request.hardware = self.site.card_behind(peer, seen).await?;
            self.release(&request).await
        };
        match answered.await {
            Ok(Some(document)) => Ok(document),
            Ok(None) => Err(DocumentRefusal::Refused),
            Err(error) => Err(unavailable(&error).into()),
        }
    }

    async fn report(&self, mut report: SystemReport) -> Result<(), DocumentRefusal> {
        let heard = async {
            let (peer, seen) = (report.peer, report.hardware);
            report.hardware = self.site.card_behind(peer, seen).await?;
            self.hear_report(&report).await
        };
        match heard.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(DocumentRefusal::Refused),
            Err(error) => Err(unavailable(&error).into()),
        }
    }

    fn may_be_registered(&self, mac: MacAddress) -> bool {
        self.is_card(mac).unwrap_or(true)
    }

    fn step(&self, step: ObservedStep) {
        if self.recorded.has(&step) {
            return;
        }
        let Ok(place) = Arc::clone(&self.steps).try_acquire_owned() else {
            let all = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            self.late.note(all, &"more steps than can be recorded");
            return;
        };
        let directory = self.clone();
        tokio::spawn(async move {
            if let Err(error) = directory.record_step(step).await {
                debug!(error = chain(&error), "a step was not recorded");
            }
            drop(place);
        });
    }
}

/// What somebody says of himself over DHCP.
const fn claim(mac: MacAddress, uuid: Option<SystemUuid>) -> Claim {
    Claim {
        mac,
        others: BTreeSet::new(),
        uuid,
        serial: None,
        complete: false,
    }
}

/// Whether a card is one of these machines': a UUID alone, which many may claim, makes no
/// registered client.
fn is_card_of_any(mac: MacAddress, machines: &[KnownIdentity]) -> bool {
    machines.iter().any(|it| it.macs.contains(&mac))
}

/// Whoever asked is told of, once a minute, by the server that he asked.
fn unavailable(error: &StepError) -> Unavailable {
    let why = error.chain();
    debug!(why, "the boot plane has to be asked again");
    Unavailable {
        what: "the answer",
        why,
    }
}
