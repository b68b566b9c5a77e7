//! The HTTP half: what a system tells with the token of its attempt. The token says whose config it
//! runs on, and the address and the card behind it that it is the machine.

use std::net::IpAddr;

use config_render::oses::os_of;
use machine_core::attempt::Attempt;
use machine_core::boot::{Boot, BootStep};
use machine_core::id::AttemptId;
use machine_core::report::Evidence;
use machine_store::{attempts, clusters};
use pxe_server::directory::SystemReport;

use crate::error::StepError;
use crate::node_reports::NodeReports;
use crate::node_reports::node::Node;
use crate::site::{About, advanced};

impl NodeReports {
    /// Takes a report of the system of this attempt; whether it is one of that system, and from the
    /// attempt's machine. What counts of it is durable when this returns.
    pub async fn keep_report(
        &self,
        attempt: AttemptId,
        report: &SystemReport,
    ) -> Result<bool, StepError> {
        let Some(attempt) = attempts::find(&self.site.db, attempt).await? else {
            return Ok(false);
        };
        let Some(evidence) = self.evidence_of(&attempt, report).await? else {
            return Ok(false);
        };
        let speaker = self.speaker(report.peer).await?;
        let Some(node) = speaker.filter(|node| node.machine == attempt.machine) else {
            return Ok(false);
        };
        if evidence.runs_from_disk {
            return self.keep_running(&node, report.peer, &attempt).await;
        }
        let fetched = node.fetched().map(|fetched| fetched.id);
        let boot = node.boot().filter(|boot| attempt.boot == Some(boot.id));
        let (Some(boot), true) = (boot, fetched == Some(attempt.id)) else {
            return Ok(false);
        };
        if !self.keep_verdict(&node, boot, &evidence).await?
            && let Some(told) = self.told(&node, boot, evidence).await?
        {
            let id = format!("report {}", report.name);
            self.tell_once(node.machine, boot, id, told).await?;
        }
        Ok(true)
    }

    /// What the system of this attempt's cluster means by that.
    async fn evidence_of(
        &self,
        attempt: &Attempt,
        report: &SystemReport,
    ) -> Result<Option<Evidence>, StepError> {
        let cluster = clusters::find(&self.site.db, attempt.assignment.cluster).await?;
        let Some(cluster) = cluster else {
            return Ok(None);
        };
        match os_of(&cluster.spec.os).report(&report.name, &report.body) {
            Ok(evidence) => Ok(Some(evidence)),
            Err(unknown) => {
                self.complaints.note(report.peer, &unknown);
                Ok(None)
            }
        }
    }

    /// The system runs from its disk, on the config of this attempt: only that one holds its token.
    async fn keep_running(
        &self,
        node: &Node,
        peer: IpAddr,
        attempt: &Attempt,
    ) -> Result<bool, StepError> {
        // Without a release there is no config that could run.
        if attempt.release.is_none() {
            return Ok(false);
        }
        self.starts_from_disk(node, peer, None).await?;
        let node = Node::of(&self.site, node.machine, (peer, true)).await?;
        let Some(boot) = node.disk_boot() else {
            let why = format!("{peer} starts from its disk too often: asked to say it again later");
            return Err(StepError::Outside(why));
        };
        if boot.attempt.is_some_and(|it| it != attempt.id) {
            return Ok(false);
        }
        if boot.step < BootStep::Joined {
            self.keep_joined(boot, attempt).await?;
        }
        Ok(true)
    }

    async fn keep_joined(&self, boot: &Boot, attempt: &Attempt) -> Result<(), StepError> {
        let at = self.site.now();
        let joined = Boot {
            attempt: Some(attempt.id),
            ready: Some(true),
            ..advanced(boot, BootStep::Joined, at)
        };
        self.site.commit.submit(joined).await?;
        let detail = format!("it reports that it runs (attempt {})", attempt.number);
        let told = About::boot(boot).event(at, BootStep::Joined.as_str(), detail);
        self.site.commit.submit(vec![told]).await?;
        self.site.wake.machine(attempt.machine);
        Ok(())
    }
}
