//! Records and decisions that a test sets, and what it was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use machine_core::boot::BootStep;
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::time::Timestamp;
use pxe_server::directory::{
    BootAnswer, BootQuestion, Directory, Document, DocumentRefusal, DocumentRequest, HeldBoot,
    LeaseOutcome, ObservedStep, ScriptAnswer, ScriptRefusal, ScriptRequest, SystemReport,
    Unavailable,
};
use tokio::sync::Notify;

pub(crate) const BOOT: BootId = BootId::from_bytes([0xab; 16]);

#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What it says.
    pub(crate) netboot: bool,
    /// Whether each question opens another boot.
    pub(crate) opens_boots: bool,
    pub(crate) registered: BTreeSet<MacAddress>,
    /// What the clock says; the system's time if nothing.
    pub(crate) now: Option<Timestamp>,
    /// Who holds these addresses.
    pub(crate) taken: BTreeMap<IpAddr, ClientKey>,
    pub(crate) broken: BTreeSet<ClientKey>,
    /// The boot that every peer holds whose card is known.
    pub(crate) held: Option<BootId>,
    pub(crate) script: Option<ScriptAnswer>,
    pub(crate) document: Option<Document>,
    /// What it was asked.
    pub(crate) questions: Vec<BootQuestion>,
    pub(crate) leases: Vec<(Lease, Option<BootId>)>,
    pub(crate) ended: Vec<(ClientKey, IpAddr)>,
    pub(crate) steps: Vec<ObservedStep>,
    pub(crate) scripts: Vec<ScriptRequest>,
    pub(crate) documents: usize,
    pub(crate) reports: Vec<SystemReport>,
}

impl Records {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Returns once this holds.
    pub(crate) async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            if holds(&self.state()) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn steps(&self) -> Vec<BootStep> {
        self.state().steps.iter().map(|step| step.step).collect()
    }
}

impl Directory for Records {
    fn now(&self) -> Timestamp {
        self.state().now.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            Timestamp::from_millis(since.as_millis().try_into().unwrap())
        })
    }

    async fn boot(&self, question: BootQuestion) -> Result<BootAnswer, Unavailable> {
        let mut state = self.state();
        let is_registered = state.registered.contains(&question.mac);
        state.questions.push(question);
        let netboot = state.netboot;
        let boot = if state.opens_boots {
            BootId::from_bytes((state.questions.len() as u128).to_be_bytes())
        } else {
            BOOT
        };
        Ok(BootAnswer {
            boot: Some(boot),
            is_registered,
            netboot,
            because: "the test says so".to_owned(),
        })
    }

    async fn is_registered(&self, mac: MacAddress) -> Result<bool, Unavailable> {
        Ok(self.state().registered.contains(&mac))
    }

    async fn lease(&self, lease: Lease, boot: Option<BootId>) -> Result<LeaseOutcome, Unavailable> {
        // Others may run in between, as with a real database.
        tokio::task::yield_now().await;
        let mut state = self.state();
        if state.broken.contains(&lease.client) {
            return Err(Unavailable {
                what: "the database",
                why: "the test".to_owned(),
            });
        }
        if let Some(holder) = state.taken.get(&lease.address)
            && *holder != lease.client
        {
            let holder = Lease {
                client: holder.clone(),
                ..lease
            };
            return Ok(LeaseOutcome::Taken { holder });
        }
        state.leases.push((lease, boot));
        self.changed.notify_waiters();
        Ok(LeaseOutcome::Committed)
    }

    async fn lease_ended(
        &self,
        _: SubnetName,
        client: ClientKey,
        address: IpAddr,
    ) -> Result<(), Unavailable> {
        self.state().ended.push((client, address));
        self.changed.notify_waiters();
        Ok(())
    }

    async fn held(
        &self,
        _: IpAddr,
        hardware: Option<MacAddress>,
    ) -> Result<Option<HeldBoot>, Unavailable> {
        let held = self.state().held.zip(hardware);
        Ok(held.map(|(boot, mac)| HeldBoot { boot, mac }))
    }

    async fn script(&self, request: ScriptRequest) -> Result<ScriptAnswer, ScriptRefusal> {
        let mut state = self.state();
        state.scripts.push(request);
        state.script.clone().ok_or(ScriptRefusal::NotFound)
    }

    async fn document(&self, request: DocumentRequest) -> Result<Document, DocumentRefusal> {
        let mut state = self.state();
        state.documents += 1;
        let document = state.document.clone();
        document
            .filter(|_| request.token == "TOKEN-1")
            .ok_or(DocumentRefusal::Refused)
    }

    async fn report(&self, report: SystemReport) -> Result<(), DocumentRefusal> {
        if report.token != "TOKEN-1" {
            return Err(DocumentRefusal::Refused);
        }
        self.state().reports.push(report);
        Ok(())
    }

    fn step(&self, step: ObservedStep) {
        self.state().steps.push(step);
        self.changed.notify_waiters();
    }
}
