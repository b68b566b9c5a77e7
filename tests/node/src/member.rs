//! A node that boots its installed system and becomes a member of its cluster.
//!
//! ```text
//! control plane   cri, time ──► etcd Preparing ──Bootstrap──► etcd Running ──► kubelet Running ──► ready
//!                               (has data, or another answers at the endpoint: without Bootstrap)
//! worker          cri ──► kubelet Waiting ──endpoint answers──► kubelet Running ──► ready
//! ```
//!
//! Bootstrap: refused as not available until the CRI is healthy, then refused until the clock is
//! synchronised; accepted once; accepted again while etcd has no data yet; refused as already done
//! from then on. Workers do not have it.

use crate::api_messages::ServiceListResponse;
use crate::config::MachineType;
use crate::event::Event;
use crate::messages::{MachineStage, ServiceAction};
use crate::sequence;
use crate::services::Services;
use machine_core::time::Timestamp;
use std::time::Duration;
use thiserror::Error;

/// The services of a node and what is about to happen to them.
#[derive(Debug, Clone)]
pub struct Member {
    machine_type: MachineType,
    services: Services,
    etcd_has_data: bool,
    time_synced: bool,
    may_go_on: bool,
    schedule: Vec<(Timestamp, Step)>,
}

/// What becomes of the node by itself, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    TimeIsSynced,
    CriRuns,
    EtcdRuns,
    KubeletRuns,
    NodeIsReady,
}

/// What the rest of the node has to do with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Tell this.
    Tell(Event),
    /// etcd has data from now on; keep that.
    EtcdHasData,
    /// The Kubernetes API answers from now on.
    KubernetesAnswers,
    /// The node is ready.
    Ready,
}

/// Why Bootstrap was refused, in Talos's order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BootstrapRefused {
    /// gRPC `UNIMPLEMENTED`: there is no etcd on a worker.
    #[error("bootstrap can only be performed on a control plane node")]
    NotAControlPlane,
    /// gRPC `FAILED_PRECONDITION`.
    #[error("bootstrap is not available yet")]
    NotAvailableYet,
    /// gRPC `FAILED_PRECONDITION`.
    #[error("time is not in sync yet")]
    TimeNotInSync,
    /// gRPC `ALREADY_EXISTS`.
    #[error("etcd data directory is not empty")]
    AlreadyDone,
}

impl Member {
    /// Starts the services. The clock is synchronised after `time_after` and a second.
    pub fn start(
        machine_type: MachineType,
        etcd_has_data: bool,
        time_after: Duration,
        now: Timestamp,
    ) -> (Self, Vec<Change>) {
        let mut member = Self {
            machine_type,
            services: Services::default(),
            etcd_has_data,
            time_synced: false,
            may_go_on: machine_type == MachineType::ControlPlane && etcd_has_data,
            schedule: vec![
                (now.plus(A_SECOND), Step::CriRuns),
                (
                    now.plus(A_SECOND.saturating_add(time_after)),
                    Step::TimeIsSynced,
                ),
            ],
        };
        let control_plane = machine_type == MachineType::ControlPlane;
        let mut changes = Vec::new();
        let running = ["machined", "syslogd", "udevd", "containerd", "apid"];
        for name in running.into_iter().chain(control_plane.then_some("trustd")) {
            changes.push(member.set(name, ServiceAction::Running, "Health check successful", now));
        }
        changes.push(member.set("cri", ServiceAction::Starting, "Starting service", now));
        if control_plane {
            changes.push(member.set("etcd", ServiceAction::Waiting, ETCD_WAITS, now));
        }
        let waits = "Waiting for the Kubernetes API";
        changes.push(member.set("kubelet", ServiceAction::Waiting, waits, now));
        (member, changes)
    }

    /// Bootstrap was called.
    pub fn bootstrap(&mut self, now: Timestamp) -> Result<Vec<Change>, BootstrapRefused> {
        if self.machine_type != MachineType::ControlPlane {
            return Err(BootstrapRefused::NotAControlPlane);
        }
        if !self.cri_runs() {
            return Err(BootstrapRefused::NotAvailableYet);
        }
        if !self.time_synced {
            return Err(BootstrapRefused::TimeNotInSync);
        }
        if self.etcd_has_data {
            return Err(BootstrapRefused::AlreadyDone);
        }
        Ok(self.go_on(now))
    }

    /// Something answers at the cluster's endpoint.
    pub fn endpoint_answers(&mut self, now: Timestamp) -> Vec<Change> {
        if self.is_prepared() {
            return self.go_on(now);
        }
        self.may_go_on = true;
        Vec::new()
    }

    /// Does what is due.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Some(at) = self.schedule.iter().position(|(due, _)| *due <= now) {
            let (_, step) = self.schedule.remove(at);
            changes.extend(self.take(step, now));
        }
        changes
    }

    /// When something is due next.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        self.schedule.iter().map(|(due, _)| *due).min()
    }

    /// The answer to `ServiceList`.
    pub fn service_list(&self) -> ServiceListResponse {
        self.services.to_response()
    }

    /// Whether there is an etcd that can be asked.
    pub fn has_etcd(&self) -> bool {
        self.services.state("etcd") == Some(ServiceAction::Running)
    }

    fn cri_runs(&self) -> bool {
        self.services.state("cri") == Some(ServiceAction::Running)
    }

    /// Whether what every node waits for is there; a worker's kubelet does not wait for the time.
    fn is_prepared(&self) -> bool {
        self.cri_runs() && (self.time_synced || self.machine_type == MachineType::Worker)
    }

    /// CRI and time are there, or one of them is: etcd prepares itself when both are, and goes on if
    /// there is nothing more to wait for.
    fn prepared(&mut self, now: Timestamp) -> Vec<Change> {
        if !self.is_prepared() {
            return Vec::new();
        }
        let mut changes = Vec::new();
        if self.machine_type == MachineType::ControlPlane {
            let prepares = self.set("etcd", ServiceAction::Preparing, "Running pre state", now);
            changes.push(prepares);
        }
        if self.may_go_on {
            changes.extend(self.wait_no_longer(now));
        }
        changes
    }

    /// The thing that the node waited for has happened: bootstrapped, joined, or an endpoint.
    fn go_on(&mut self, now: Timestamp) -> Vec<Change> {
        if std::mem::replace(&mut self.may_go_on, true) {
            return Vec::new();
        }
        self.wait_no_longer(now)
    }

    fn wait_no_longer(&mut self, now: Timestamp) -> Vec<Change> {
        if self.machine_type == MachineType::Worker {
            self.schedule.push((now, Step::KubeletRuns));
            return Vec::new();
        }
        self.schedule.push((now.plus(A_SECOND), Step::EtcdRuns));
        vec![self.set("etcd", ServiceAction::Starting, "Starting service", now)]
    }

    fn take(&mut self, step: Step, now: Timestamp) -> Vec<Change> {
        match step {
            Step::CriRuns => {
                let mut changes = vec![self.set(
                    "cri",
                    ServiceAction::Running,
                    "Health check successful",
                    now,
                )];
                changes.extend(self.prepared(now));
                changes
            }
            Step::TimeIsSynced => {
                self.time_synced = true;
                match self.machine_type {
                    MachineType::ControlPlane => self.prepared(now),
                    MachineType::Worker => Vec::new(),
                }
            }
            Step::EtcdRuns => {
                self.etcd_has_data = true;
                self.schedule.push((now.plus(A_SECOND), Step::KubeletRuns));
                let runs = self.set(
                    "etcd",
                    ServiceAction::Running,
                    "Health check successful",
                    now,
                );
                vec![runs, Change::EtcdHasData]
            }
            Step::KubeletRuns => self.kubelet_runs(now),
            Step::NodeIsReady => {
                let ready = Event::status(MachineStage::Running, &[]);
                vec![Change::Tell(ready), Change::Ready]
            }
        }
    }

    fn kubelet_runs(&mut self, now: Timestamp) -> Vec<Change> {
        self.schedule.push((now.plus(A_SECOND), Step::NodeIsReady));
        let mut changes = Vec::new();
        if self.machine_type == MachineType::ControlPlane {
            changes.push(Change::KubernetesAnswers);
        }
        changes.push(self.set(
            "kubelet",
            ServiceAction::Running,
            "Health check successful",
            now,
        ));
        changes.extend(sequence::boot_ends().into_iter().map(Change::Tell));
        let unmet = [("nodeReady", "node is not ready")];
        changes.push(Change::Tell(Event::status(MachineStage::Running, &unmet)));
        changes
    }

    fn set(
        &mut self,
        name: &'static str,
        state: ServiceAction,
        message: &str,
        now: Timestamp,
    ) -> Change {
        Change::Tell(self.services.set(name, state, message, now))
    }
}

/// What etcd waits for before it prepares itself.
const ETCD_WAITS: &str = "Waiting for service \"cri\" to be \"up\", time sync";
/// How long each thing takes that takes its time.
const A_SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
