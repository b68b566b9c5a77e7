//! What Talos nodes tell, turned into evidence: which machine boots from where, on which config,
//! and whether it is ready.
//!
//! A message of Talos names no machine: it is found by the peer's address, which is a lease's or
//! was learned when the machine fetched its script or config. Only what counts is kept; what can
//! move a state is committed before it is acknowledged.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use config_talos::command_line::BootSource;
use config_talos::dropped::Dropped;
use config_talos::event::{Publication, TalosEvent};
use config_talos::log_line::{LogLine, LogSource};
use config_talos::receiver::{EventReceiver, LogReceiver, NotKept};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::{AttemptId, BootId, MachineId};
use machine_core::network::ClientKey;
use machine_store::{attempts, boots, events, identities, leases};
use pxe_server::complaint::Complaints;
use tracing::{debug, warn};

use crate::clock::now;
use crate::error::StepError;
use crate::random::draw;
use crate::records::{About, Records, advanced};
use crate::reports::last::{Last, Lasts};
use crate::reports::told::{Told, told};

mod last;
#[cfg(test)]
mod tests;
mod told;

/// Two command lines of one machine whose clocks differ by less are of one boot, told again.
const SAME_BOOT: Duration = Duration::from_secs(5);

/// Among how many of a machine's last events one is looked for that may be told again.
const TAIL: u32 = 32;

/// Receives what nodes tell.
#[derive(Debug)]
pub struct Reports {
    records: Arc<Records>,
    complaints: Complaints,
    /// When, by its own clock, each machine's running kernel printed its command line.
    kernels: Mutex<BTreeMap<MachineId, SystemTime>>,
    lasts: Lasts,
}

impl Reports {
    /// Over these records.
    pub const fn new(records: Arc<Records>) -> Self {
        let complaints = Complaints::new("talos");
        Self {
            records,
            complaints,
            kernels: Mutex::new(BTreeMap::new()),
            lasts: Lasts::new(),
        }
    }

    /// The machine at an address.
    async fn machine_at(&self, peer: IpAddr) -> Result<Option<MachineId>, StepError> {
        let db = &self.records.db;
        let at = now();
        for lease in leases::of_address(db, peer).await? {
            let ClientKey::Hardware(mac) = lease.client;
            let known = identities::candidates(db, &[mac].into(), None).await?;
            if let (true, Some(machine)) = (at < lease.expires, known.first()) {
                return Ok(Some(machine.machine));
            }
        }
        Ok(boots::latest_of_address(db, peer)
            .await?
            .and_then(|boot| boot.machine))
    }

    async fn keep_event(&self, peer: IpAddr, publication: Publication) -> Result<(), StepError> {
        let Some(machine) = self.machine_at(peer).await? else {
            debug!(%peer, "an event of nobody we know");
            return Ok(());
        };
        let Some(boot) = boots::latest_of_machine(&self.records.db, machine).await? else {
            return Ok(());
        };
        if let TalosEvent::MachineStatus { ready, .. } = publication.event
            && boot.origin == BootOrigin::Disk
            && boot.ready != Some(ready)
        {
            let kept = Boot {
                ready: Some(ready),
                ..boot.clone()
            };
            self.records.commit.submit(kept).await?;
        }
        match told(&publication.event) {
            Some(told) => self.tell_once(machine, &boot, publication.id, told).await,
            None => Ok(()),
        }
    }

    /// Puts it on the timeline, unless it stands there.
    async fn tell_once(
        &self,
        machine: MachineId,
        boot: &Boot,
        id: String,
        told: Told,
    ) -> Result<(), StepError> {
        let last = self.lasts.take(machine, boot.id);
        let is_known = last.as_ref().and_then(|last| last.says(&id, &told));
        let next = Last::after(last, boot.id, id, &told);
        if is_known != Some(true) {
            if is_known.is_some() || !self.is_recorded(machine, boot, &told).await? {
                self.tell(boot, told).await?;
            }
            // Also for one that was recorded: the call that did it may have broken off before this.
            self.records.wake.machine(machine);
        }
        self.lasts.keep(machine, next);
        Ok(())
    }

    /// Whether the last of its kind in this boot has the same words: then it was committed, and we
    /// ended before it was acknowledged. Nothing tells it from one that happened twice but its id,
    /// which is not kept; what is told twice in one boot and in the same words says nothing new.
    async fn is_recorded(
        &self,
        machine: MachineId,
        boot: &Boot,
        told: &Told,
    ) -> Result<bool, StepError> {
        let tail = events::tail_of_machine(&self.records.db, machine, TAIL).await?;
        let mut of_kind = tail.iter().rev().map(|recorded| &recorded.event);
        let last = of_kind.find(|event| event.boot == Some(boot.id) && event.kind == told.kind);
        Ok(last.is_some_and(|event| event.detail == told.detail))
    }

    async fn tell(&self, boot: &Boot, told: Told) -> Result<(), StepError> {
        let at = now();
        let moves_on = told
            .step
            .filter(|step| boot.origin == BootOrigin::Network && *step > boot.step);
        if let Some(step) = moves_on {
            let moved = advanced(boot, step, at);
            self.records.commit.submit(moved).await?;
        }
        let event = About::boot(boot).event(at, told.kind, told.detail);
        self.records.commit.submit(vec![event]).await?;
        Ok(())
    }

    async fn keep_line(&self, peer: IpAddr, line: &LogLine) -> Result<(), StepError> {
        let is_panic = line.source == LogSource::Kernel && line.message.contains("Kernel panic");
        let attempt = line.attempt();
        if line.command_line.is_none() && attempt.is_none() && !is_panic {
            return Ok(());
        }
        let Some(machine) = self.machine_at(peer).await? else {
            return Ok(());
        };
        let latest = boots::latest_of_machine(&self.records.db, machine).await?;
        if let Some(command_line) = &line.command_line {
            return match command_line.source {
                BootSource::Network(id) => self.runs_from_network(machine, id).await,
                BootSource::Disk => self.runs_from_disk(machine, peer, line, latest).await,
                BootSource::Unclear => Ok(()),
            };
        }
        match (attempt, latest) {
            (Some(attempt), Some(boot)) => self.runs_config(machine, boot, attempt).await,
            (None, Some(boot)) => {
                let event = About::boot(&boot).event(now(), "panic", line.message.clone());
                self.records.commit.submit(vec![event]).await?;
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    /// The installer's own kernel: it carries the mark of its boot.
    async fn runs_from_network(&self, machine: MachineId, id: BootId) -> Result<(), StepError> {
        let Some(boot) = boots::find(&self.records.db, id).await? else {
            return Ok(());
        };
        if boot.machine != Some(machine) || boot.step >= BootStep::System {
            return Ok(());
        }
        let at = now();
        self.records.note(
            &boot,
            at,
            BootStep::System,
            "the system has started from the network",
        );
        Ok(self
            .records
            .commit
            .submit(advanced(&boot, BootStep::System, at))
            .await?)
    }

    async fn runs_from_disk(
        &self,
        machine: MachineId,
        peer: IpAddr,
        line: &LogLine,
        latest: Option<Boot>,
    ) -> Result<(), StepError> {
        let is_told_again = self.is_told_again(machine, line);
        let is_open = latest
            .as_ref()
            .is_some_and(|boot| boot.origin == BootOrigin::Disk);
        if is_open && is_told_again != Some(false) {
            return Ok(());
        }
        let at = now();
        let boot = Boot {
            id: BootId::from_bytes(draw()?),
            machine: Some(machine),
            mac: latest.as_ref().and_then(|boot| boot.mac),
            origin: BootOrigin::Disk,
            platform: latest.as_ref().and_then(|boot| boot.platform),
            address: Some(peer),
            attempt: None,
            opened: at,
            step: BootStep::Disk,
            step_at: at,
            sent_to_disk: false,
            ready: None,
        };
        self.records
            .note(&boot, at, BootStep::Disk, "the system runs from its disk");
        self.records.commit.submit(boot).await?;
        self.records.wake.machine(machine);
        Ok(())
    }

    /// Whether this machine's kernel has told the same command line before; `None` if we have not
    /// heard of any before.
    fn is_told_again(&self, machine: MachineId, line: &LogLine) -> Option<bool> {
        let printed = humantime::parse_rfc3339_weak(line.at_text.as_deref()?).ok()?;
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kernels.insert(machine, printed)?;
        let apart = printed
            .duration_since(before)
            .or_else(|_| before.duration_since(printed))
            .unwrap_or_default();
        Some(apart < SAME_BOOT)
    }

    /// The services of a system say which attempt's config they run on.
    async fn runs_config(
        &self,
        machine: MachineId,
        boot: Boot,
        attempt: AttemptId,
    ) -> Result<(), StepError> {
        if boot.origin != BootOrigin::Disk || boot.attempt == Some(attempt) {
            return Ok(());
        }
        let known = attempts::find(&self.records.db, attempt).await?;
        if known.is_none_or(|attempt| attempt.machine != machine) {
            return Ok(());
        }
        self.records
            .commit
            .submit(Boot {
                attempt: Some(attempt),
                ..boot
            })
            .await?;
        self.records.wake.machine(machine);
        Ok(())
    }

    fn complain(&self, peer: IpAddr, why: &Dropped) {
        self.complaints.note(peer, why);
    }
}

impl EventReceiver for Reports {
    async fn receive(&self, peer: IpAddr, publication: Publication) -> Result<(), NotKept> {
        self.keep_event(peer, publication).await.map_err(|error| {
            let why = error.chain();
            warn!(%peer, why, "an event was not kept; the node sends it again");
            NotKept { why }
        })
    }

    fn dropped(&self, peer: IpAddr, why: Dropped) {
        self.complain(peer, &why);
    }
}

impl LogReceiver for Reports {
    async fn receive(&self, peer: IpAddr, line: LogLine) {
        if let Err(error) = self.keep_line(peer, &line).await {
            warn!(%peer, error = error.chain(), "a log line was not kept");
        }
    }

    fn dropped(&self, peer: IpAddr, why: Dropped) {
        self.complain(peer, &why);
    }
}
