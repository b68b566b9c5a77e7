//! The APIs of the lab's nodes: silent while no system of ours runs, and losing a call or its answer
//! now and then, Bootstrap's too.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use config_talos::api::{PORT, Version};
use config_talos::api_error::{BootstrapError, CallError, ConnectError};
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use fleet::nodes::{NodeApi, Nodes};
use machine_core::bootstrap::ControlPlaneState;
use machine_core::id::AttemptId;

use crate::lab::{Lab, World};
use crate::situation::Moment;

/// The nodes of the lab.
#[derive(Debug)]
pub(crate) struct LabNodes(pub(crate) Arc<Lab>);

/// A connection to one of them, in one power cycle of it.
#[derive(Debug)]
struct LabNode {
    lab: Arc<Lab>,
    index: usize,
    generation: u64,
    patience: Duration,
}

/// What runs on a node whose API answers: from its disk, or not yet.
enum Running {
    FromDisk(AttemptId),
    FromNetwork,
}

/// Whether a system of ours runs there whose API answers.
pub(crate) fn is_up(world: &World, index: usize) -> bool {
    running(world, index).is_some()
}

fn running(world: &World, index: usize) -> Option<Running> {
    const SERVICES: Duration = Duration::from_secs(20);
    let node = &world.nodes[index];
    if let Some((attempt, _)) = node.runs {
        let is_up = node.is_up(attempt, world.now);
        return is_up.then_some(Running::FromDisk(attempt));
    }
    let (_, since) = node.installs?;
    let is_up = world.now.since(since) >= SERVICES;
    is_up.then_some(Running::FromNetwork)
}

#[async_trait]
impl Nodes for LabNodes {
    async fn connect(
        &self,
        address: IpAddr,
        _credentials: &Credentials,
        patience: Duration,
    ) -> Result<Box<dyn NodeApi>, ConnectError> {
        self.0.may_end().await;
        let (latency, found) = self.0.with(|world| {
            let now = world.now;
            let asked = world.nodes.iter_mut();
            if let Some(node) = asked.into_iter().find(|it| it.addresses.contains(&address)) {
                node.arranged.asked = Some(now);
            }
            let index = world.node_at(address);
            let index = index.filter(|index| running(world, *index).is_some());
            let index = index.filter(|_| !world.fails(5));
            let found = index.map(|index| (index, world.nodes[index].generation));
            (world.latency(), found)
        });
        let Some((index, generation)) = found else {
            tokio::time::sleep(patience).await;
            let address = SocketAddr::new(address, PORT);
            return Err(ConnectError::TimedOut { address, patience });
        };
        tokio::time::sleep(latency).await;
        Ok(Box::new(LabNode {
            lab: Arc::clone(&self.0),
            index,
            generation,
            patience,
        }))
    }
}

impl LabNode {
    /// One call: what runs there, if the call arrives.
    async fn call(&self) -> Result<Running, CallError> {
        self.lab.may_end().await;
        let (latency, running) = self.lab.with(|world| {
            let is_same = world.nodes[self.index].generation == self.generation;
            let arrives = is_same && !world.fails(3);
            let running = running(world, self.index).filter(|_| arrives);
            (world.latency(), running)
        });
        let timed_out = CallError::TimedOut {
            patience: self.patience,
        };
        tokio::time::sleep(if running.is_some() {
            latency
        } else {
            self.patience
        })
        .await;
        running.ok_or(timed_out)
    }

    /// Whether the etcd of its cluster runs.
    fn is_formed(&self, attempt: AttemptId) -> bool {
        self.lab
            .with(|world| world.ledger.is_formed(attempt, world.now))
    }
}

#[async_trait]
impl NodeApi for LabNode {
    async fn version(&self) -> Result<Version, CallError> {
        self.call().await?;
        Ok(Version {
            tag: "v1.13.9".to_owned(),
            arch: "amd64".to_owned(),
            platform: "metal".to_owned(),
        })
    }

    async fn control_plane(&self) -> Result<Option<ControlPlaneState>, CallError> {
        Ok(Some(match self.call().await? {
            Running::FromDisk(attempt) if self.is_formed(attempt) => ControlPlaneState::Running,
            Running::FromDisk(_) => ControlPlaneState::Waiting,
            Running::FromNetwork => ControlPlaneState::Held,
        }))
    }

    async fn boot_source(&self) -> Result<BootSource, CallError> {
        let running = self.call().await?;
        let boot = self.lab.with(|world| world.nodes[self.index].boot);
        Ok(match (running, boot) {
            (Running::FromDisk(_), _) => BootSource::Disk,
            (Running::FromNetwork, Some(boot)) => BootSource::Network(boot),
            (Running::FromNetwork, None) => BootSource::Unclear,
        })
    }

    async fn is_ready(&self) -> Result<bool, CallError> {
        Ok(match self.call().await? {
            Running::FromDisk(attempt) => self.is_formed(attempt),
            Running::FromNetwork => false,
        })
    }

    /// It is refused, or executed; whether its answer arrives is another matter.
    async fn bootstrap(self: Box<Self>, patience: Duration) -> Result<(), BootstrapError> {
        let unknown = || BootstrapError::Unknown {
            cause: CallError::TimedOut { patience },
        };
        let running = self.call().await.map_err(|_| unknown())?;
        let (done, latency) = self.lab.with(|world| {
            let latency = world.latency();
            let Running::FromDisk(attempt) = running else {
                return (Err(not_ready()), latency);
            };
            if world.fails(20) {
                return (Err(not_ready()), latency);
            }
            let now = world.now;
            world.note(|| format!("node {} executes Bootstrap", self.index));
            let judged = world.ledger.bootstrap(attempt, now);
            world.judge(judged);
            world.comes_to(self.index, Moment::Bootstrapped);
            let is_heard = !world.fails(10) && !world.loses_bootstrap_answer();
            (if is_heard { Ok(()) } else { Err(unknown()) }, latency)
        });
        self.lab.may_end().await;
        tokio::time::sleep(latency).await;
        done
    }
}

fn not_ready() -> BootstrapError {
    BootstrapError::NotReady {
        message: "the time is not in sync yet".to_owned(),
    }
}
