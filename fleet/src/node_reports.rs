//! What systems tell, turned into evidence: which machine boots from where, on which config,
//! and whether it is ready.
//!
//! A message of Talos names no machine: `node` says whose it is. What can move a state is
//! committed before it is acknowledged, and counts only from the address to which the config of the
//! attempt went. The rest is for the timeline, as much as `allowance` permits.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use config_talos::dropped::Dropped;
use config_talos::event::Publication;
use config_talos::log_line::LogLine;
use config_talos::receiver::{EventReceiver, LogReceiver, NotKept};
use machine_core::attempt::Verdict;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::MachineId;
use machine_core::report::{Evidence, TROUBLE, Told};
use machine_core::sabotage::Sabotage;
use machine_store::change::{AttemptWrite, Change};
use machine_store::events;
use pxe_server::complaint::Complaints;
use tracing::{debug, instrument, warn};

use crate::error::StepError;
use crate::last_heard::Heard;
use crate::log_pace::LogPace;
use crate::node_reports::allowance::Allowance;
use crate::node_reports::last::{Last, Lasts};
use crate::node_reports::neighbours::{Impostors, Neighbours};
use crate::node_reports::node::Node;
use crate::site::{About, Site, advanced};
use crate::spans::{record_boot, record_machine};

mod allowance;
pub(crate) mod holder;
mod last;
mod lines;
pub mod neighbours;
mod node;
mod speaker;
#[cfg(test)]
mod tests;
mod told_by_http;

/// Among how many of a machine's last events one is looked for that may be told again.
const TAIL: u32 = 32;

/// Receives what nodes tell.
#[derive(Debug)]
pub struct NodeReports {
    site: Arc<Site>,
    heard: Arc<Heard>,
    complaints: Complaints,
    /// When, by its own clock, each machine's running kernel printed its command line.
    kernels: Mutex<BTreeMap<MachineId, SystemTime>>,
    lasts: Lasts,
    allowance: Allowance,
    neighbours: Arc<dyn Neighbours>,
    impostors: Impostors,
    /// What was not kept, which its node sends again and again.
    unkept: LogPace,
}

impl NodeReports {
    /// Over these records; `heard` is told who speaks.
    pub fn new(site: Arc<Site>, heard: Arc<Heard>, neighbours: Arc<dyn Neighbours>) -> Self {
        Self {
            site,
            heard,
            complaints: Complaints::new("talos"),
            kernels: Mutex::default(),
            lasts: Lasts::new(),
            allowance: Allowance::default(),
            neighbours,
            impostors: Impostors::default(),
            unkept: LogPace::default(),
        }
    }

    async fn keep_event(&self, peer: IpAddr, publication: Publication) -> Result<(), StepError> {
        let Some(node) = self.speaker(peer).await? else {
            debug!(%peer, "an event of nobody we know");
            return Ok(());
        };
        record(&node);
        let Some(boot) = node.boot() else {
            return Ok(());
        };
        let evidence = publication.event.evidence();
        if boot.origin == BootOrigin::Disk {
            self.keep_readiness(boot, &evidence).await?;
        } else if self.keep_verdict(&node, boot, &evidence).await? {
            return Ok(());
        }
        match self.told(&node, boot, evidence).await? {
            Some(told) => {
                self.tell_once(node.machine, boot, publication.id, told)
                    .await
            }
            None => Ok(()),
        }
    }

    async fn keep_readiness(&self, boot: &Boot, evidence: &Evidence) -> Result<(), StepError> {
        let ready = evidence.ready;
        if ready.is_some() && boot.ready != ready {
            let kept = Boot {
                ready,
                ..boot.clone()
            };
            self.site.commit.submit(kept).await?;
        }
        Ok(())
    }

    /// What of a report ends the attempt whose config went to this node: it is kept with its words,
    /// once. Returns whether there is no more to be said of it.
    async fn keep_verdict(
        &self,
        node: &Node,
        boot: &Boot,
        evidence: &Evidence,
    ) -> Result<bool, StepError> {
        let (Some(attempt), Some((end, why))) = (node.fetched(), evidence.ends.clone()) else {
            return Ok(false);
        };
        if let Some(before) = &attempt.verdict {
            return Ok(before.why == why);
        }
        if !attempt.is_open() || attempt.boot != Some(boot.id) {
            return Ok(false);
        }
        let at = self.site.now();
        let detail = format!("attempt {}: {}: {why}", attempt.number, end.as_str());
        let judge = AttemptWrite::Judge {
            id: attempt.id,
            verdict: Verdict { at, end, why },
        };
        let change = Change {
            attempts: vec![judge],
            events: vec![About::boot(boot).event(at, TROUBLE, detail)],
            ..Change::default()
        };
        self.site.commit.submit(change).await?;
        self.site.wake.machine(node.machine);
        Ok(true)
    }

    /// What of a report goes to the timeline. Steps of an install count only from the node to which
    /// the config went.
    async fn told(
        &self,
        node: &Node,
        boot: &Boot,
        evidence: Evidence,
    ) -> Result<Option<Told>, StepError> {
        if evidence.asks_for_config && boot.step == BootStep::System {
            let asks = advanced(boot, BootStep::System, self.site.now());
            self.site.commit.submit(asks).await?;
        }
        let installing = node
            .installing()
            .filter(|attempt| attempt.boot == Some(boot.id));
        let has_ended = installing.is_some_and(|attempt| attempt.verdict.is_some());
        let is_writing = boot.step == BootStep::Installing && !has_ended;
        let told = evidence.restarts.filter(|_| is_writing).or(evidence.told);
        Ok(told.filter(|told| {
            let is_news = told.step.is_none_or(|step| step > boot.step);
            told.step.is_none() || (installing.is_some() && is_news)
        }))
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
            let is_recorded = is_known.is_none() && self.is_recorded(machine, boot, &told).await?;
            if !is_recorded
                && (told.step.is_some() || self.allowance.note(machine, self.site.now()))
            {
                self.tell(boot, told).await?;
            }
            // Also for one that was recorded: the call that did it may have broken off before this.
            self.site.wake.machine(machine);
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
        let tail = events::tail_of_machine(&self.site.db, machine, TAIL).await?;
        let mut of_kind = tail.iter().rev().map(|recorded| &recorded.event);
        let last = of_kind.find(|event| event.boot == Some(boot.id) && event.kind == told.kind);
        Ok(last.is_some_and(|event| event.detail == told.detail))
    }

    async fn tell(&self, boot: &Boot, told: Told) -> Result<(), StepError> {
        let at = self.site.now();
        let moves_on = told
            .step
            .filter(|step| boot.origin == BootOrigin::Network && *step > boot.step);
        if let Some(step) = moves_on {
            let moved = advanced(boot, step, at);
            self.site.commit.submit(moved).await?;
        }
        let event = About::boot(boot).event(at, told.kind, told.detail);
        self.site.commit.submit(vec![event]).await?;
        Ok(())
    }

    /// Once a second, also where the database is away and a whole rack sends again.
    fn tell_unkept(&self, error: &StepError) -> NotKept {
        let why = error.chain();
        if let Some(more) = self.unkept.take(self.site.now()) {
            warn!(
                why,
                more, "what a node sent was not kept; it sends it again"
            );
        }
        NotKept { why }
    }

    fn complain(&self, peer: IpAddr, why: &Dropped) {
        self.complaints.note(peer, why);
    }
}

/// Whose the lines of the log are from here on.
fn record(node: &Node) {
    record_machine(node.machine);
    node.boot().inspect(|boot| record_boot(boot.id));
}

impl EventReceiver for NodeReports {
    #[instrument(name = "event", skip_all, fields(%peer, machine, boot))]
    async fn receive(&self, peer: IpAddr, publication: Publication) -> Result<(), NotKept> {
        let kept = self.keep_event(peer, publication).await;
        kept.map_err(|error| self.tell_unkept(&error))
    }

    fn dropped(&self, peer: IpAddr, why: Dropped) {
        self.complain(peer, &why);
    }
}

impl LogReceiver for NodeReports {
    #[instrument(name = "log_line", skip_all, fields(%peer, machine, boot))]
    async fn receive(&self, peer: IpAddr, line: LogLine) -> Result<(), NotKept> {
        match self.keep_line(peer, &line).await {
            Err(error) if !Sabotage::AcknowledgedUnkept.is_on() => Err(self.tell_unkept(&error)),
            _ => Ok(()),
        }
    }

    fn dropped(&self, peer: IpAddr, why: Dropped) {
        self.complain(peer, &why);
    }

    fn opened(&self, peer: IpAddr) {
        self.heard.opened(peer);
    }

    fn closed(&self, peer: IpAddr) {
        self.heard.closed(peer);
    }
}
