//! The log half: where a system runs from, on which config, and whether its kernel has panicked.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use config_talos::command_line::BootSource;
use config_talos::log_line::{LogLine, LogSource};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::{AttemptId, BootId, MachineId};
use machine_store::{attempts, boots, events};

use crate::error::StepError;
use crate::node_reports::NodeReports;
use crate::node_reports::allowance::may_start_from_disk;
use crate::node_reports::node::Node;
use crate::site::{About, advanced};

/// Two command lines of one machine whose clocks differ by less are of one boot, told again.
const SAME_BOOT: Duration = Duration::from_secs(5);

impl NodeReports {
    pub(super) async fn keep_line(&self, peer: IpAddr, line: &LogLine) -> Result<(), StepError> {
        let is_panic = line.source == LogSource::Kernel && line.message.contains("Kernel panic");
        let attempt = line.attempt();
        if line.command_line.is_none() && attempt.is_none() && !is_panic {
            // A sign of life, of whoever it is: it only makes an install be waited for.
            self.heard.said(peer);
            return Ok(());
        }
        let Some(node) = self.speaker(peer).await? else {
            return Ok(());
        };
        if let Some(command_line) = &line.command_line {
            return match command_line.source {
                BootSource::Network(id) => self.runs_from_network(&node, peer, id).await,
                BootSource::Disk => self.starts_from_disk(&node, peer, printed(line)).await,
                BootSource::Unclear => Ok(()),
            };
        }
        match (attempt, node.boot()) {
            (Some(attempt), Some(boot)) => self.runs_config(&node, boot, attempt).await,
            (None, Some(boot)) if self.allowance.panic_line(node.machine, boot.id) => {
                let event = About::boot(boot).event(self.site.now(), "panic", line.message.clone());
                Ok(self.site.commit.submit(vec![event]).await?)
            }
            (None, Some(_)) | (_, None) => Ok(()),
        }
    }

    /// The installer's own kernel: it carries the mark of its boot.
    async fn runs_from_network(
        &self,
        node: &Node,
        peer: IpAddr,
        id: BootId,
    ) -> Result<(), StepError> {
        let Some(boot) = boots::find(&self.site.db, id).await? else {
            return Ok(());
        };
        let is_elsewhere = boot.address.is_some_and(|address| address != peer);
        let is_others = boot.machine != Some(node.machine) || is_elsewhere;
        if is_others || boot.step >= BootStep::System {
            return Ok(());
        }
        let at = self.site.now();
        self.site.note(
            &boot,
            at,
            BootStep::System,
            "the system has started from the network",
        );
        self.site
            .commit
            .submit(advanced(&boot, BootStep::System, at))
            .await?;
        self.site.wake.machine(node.machine);
        Ok(())
    }

    /// A system says that it runs from its disk; when its kernel said so, by its own clock, if that
    /// is known.
    pub(super) async fn starts_from_disk(
        &self,
        node: &Node,
        peer: IpAddr,
        printed: Option<SystemTime>,
    ) -> Result<(), StepError> {
        let is_told_again = self.is_told_again(node, printed).await?;
        let standing = node.boot();
        let is_open = standing.is_some_and(|boot| boot.origin == BootOrigin::Disk);
        let at = self.site.now();
        if is_told_again == Some(true)
            && !is_open
            && let Some(boot) = node.newest_disk_boot()
        {
            return self.has_moved(boot, peer).await;
        }
        let is_known = is_open && is_told_again != Some(false);
        if is_known || !may_start_from_disk(&node.boots, at) {
            self.note_kernel(node.machine, printed);
            return Ok(());
        }
        let earlier = standing.or_else(|| node.boots.first());
        let boot = Boot {
            id: BootId::from_bytes(self.site.draw()?),
            machine: Some(node.machine),
            mac: earlier.and_then(|boot| boot.mac),
            origin: BootOrigin::Disk,
            platform: earlier.and_then(|boot| boot.platform),
            address: Some(peer),
            attempt: None,
            opened: at,
            step: BootStep::Disk,
            step_at: at,
            sent_to_disk: false,
            ready: None,
        };
        self.site.commit.submit(boot.clone()).await?;
        self.note_kernel(node.machine, printed);
        let began = About::boot(&boot).event(at, BootStep::Disk.as_str(), began(printed));
        self.site.commit.submit(vec![began]).await?;
        self.site.wake.machine(node.machine);
        Ok(())
    }

    /// The system that runs from its disk in this boot has another address now.
    async fn has_moved(&self, boot: &Boot, peer: IpAddr) -> Result<(), StepError> {
        let moved = Boot {
            address: Some(peer),
            ..boot.clone()
        };
        self.site.commit.submit(moved).await?;
        if let Some(machine) = boot.machine {
            self.site.wake.machine(machine);
        }
        Ok(())
    }

    /// Whether this machine's kernel has told the same command line before; `None` if nothing is
    /// known of an earlier one. What is not remembered stands on the timeline of its last boot.
    async fn is_told_again(
        &self,
        node: &Node,
        printed: Option<SystemTime>,
    ) -> Result<Option<bool>, StepError> {
        let Some(printed) = printed else {
            return Ok(None);
        };
        let remembered = {
            let kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
            kernels.get(&node.machine).copied()
        };
        let before = match (remembered, node.newest_disk_boot()) {
            (Some(before), _) => Some(before),
            (None, Some(boot)) => self.recorded_start(boot).await?,
            (None, None) => None,
        };
        Ok(before.map(|before| {
            let apart = printed
                .duration_since(before)
                .or_else(|_| before.duration_since(printed))
                .unwrap_or_default();
            apart < SAME_BOOT
        }))
    }

    /// When the kernel of a boot printed its command line, as its timeline has it.
    async fn recorded_start(&self, boot: &Boot) -> Result<Option<SystemTime>, StepError> {
        let kind = BootStep::Disk.as_str();
        let told = events::first_of_boot(&self.site.db, boot.id, kind).await?;
        Ok(told.and_then(|told| start_in(&told.event.detail)))
    }

    /// Remembers when a kernel printed its command line, once that is durable.
    fn note_kernel(&self, machine: MachineId, printed: Option<SystemTime>) {
        if let Some(printed) = printed {
            let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
            kernels.insert(machine, printed);
        }
    }

    /// The services of a system say which attempt's config they run on. One that was started from
    /// the network and runs on another config than that of its own attempt has found it on a disk.
    async fn runs_config(
        &self,
        node: &Node,
        boot: &Boot,
        attempt: AttemptId,
    ) -> Result<(), StepError> {
        let from_disk = node.disk_boot().filter(|disk| disk.id == boot.id);
        let is_told = if let Some(disk) = from_disk {
            disk.attempt.is_some()
        } else {
            let found = self.heard.config_in(node.machine, boot.id);
            boot.attempt == Some(attempt) || found == Some(attempt)
        };
        if is_told {
            return Ok(());
        }
        let known = attempts::find(&self.site.db, attempt).await?;
        if known.is_none_or(|known| known.machine != node.machine) {
            return Ok(());
        }
        if from_disk.is_none() {
            self.heard.found_config(node.machine, boot.id, attempt);
            return Ok(());
        }
        let kept = Boot {
            attempt: Some(attempt),
            ..boot.clone()
        };
        self.site.commit.submit(kept).await?;
        self.site.wake.machine(node.machine);
        Ok(())
    }
}

/// What a timeline says of a start from disk. The time is read back, to tell that start when it is
/// told again from the next one.
fn began(printed: Option<SystemTime>) -> String {
    let at = printed.map(|at| format!("{BEGAN}{}", humantime::format_rfc3339(at)));
    format!("the system runs from its disk{}", at.unwrap_or_default())
}

fn start_in(detail: &str) -> Option<SystemTime> {
    let (_, at) = detail.split_once(BEGAN)?;
    humantime::parse_rfc3339(at).ok()
}

/// Stands before the time of a start.
const BEGAN: &str = "; by its clock it started at ";

/// When a line was written, by the node's clock.
fn printed(line: &LogLine) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(line.at_text.as_deref()?).ok()
}
