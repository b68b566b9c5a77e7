//! The site that is provisioned: what every part works on. The database, the commit task, the keys,
//! the subnets and the images, and the ports to the world.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use machine_core::boot::{Boot, BootStep};
use machine_core::hardware::Arch;
use machine_core::id::{BootId, ClusterId, MachineId};
use machine_core::intent::Actor;
use machine_core::network::Subnet;
use machine_core::time::Timestamp;
use machine_store::commit::CommitHandle;
use machine_store::db::Db;
use machine_store::events::Event;
use machine_store::seal::SealKey;
use machine_store::token::TokenKey;

use crate::bmcs::Bmcs;
use crate::clock::SharedClock;
use crate::clusters::reader_credentials::ReaderCredentials;
use crate::expiry::retention::Retention;
use crate::nodes::Nodes;
use crate::random::{NoRandomness, Randomness};
use crate::wake::Wake;

/// An image whose files are in the asset cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What clusters call it.
    pub name: String,
    /// For which machines.
    pub arch: Arch,
    /// SHA-256 of the kernel.
    pub kernel: [u8; 32],
    /// SHA-256 of the initial RAM disk.
    pub initrd: [u8; 32],
    /// Further kernel arguments.
    pub arguments: Vec<String>,
    /// The container image that installs the same system, if it is not the usual one.
    pub installer: Option<String>,
}

/// The ports that machines are told to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// HTTP of the boot plane.
    pub http: u16,
    /// The event sink.
    pub event_sink: u16,
    /// The kernel and service logs.
    pub log: u16,
}

/// What every part of the fleet works on.
#[derive(Debug)]
pub struct Site {
    /// The database.
    pub db: Db,
    /// The way to the commit task.
    pub commit: CommitHandle,
    /// Seals and opens secrets.
    pub seal: SealKey,
    /// Mints and checks the tokens of configs.
    pub tokens: TokenKey,
    /// The subnets that are served.
    pub subnets: Vec<Subnet>,
    /// The images that can be booted.
    pub images: Vec<Image>,
    /// What machines are told to use.
    pub ports: Ports,
    /// How long a system that was started from the network may take to ask for its config.
    pub config_request_timeout: Duration,
    /// For how long what happened is kept.
    pub retention: Retention,
    /// By what nodes are looked at.
    pub readers: Arc<ReaderCredentials>,
    /// Wakes the reconcile loop.
    pub wake: Arc<Wake>,
    /// What time it is.
    pub clock: SharedClock,
    /// The BMCs.
    pub bmcs: Arc<dyn Bmcs>,
    /// The nodes' APIs.
    pub nodes: Arc<dyn Nodes>,
    /// Where ids come from.
    pub randomness: Arc<dyn Randomness>,
}

/// About whom an event is.
#[derive(Debug, Clone, Copy, Default)]
pub struct About {
    /// The boot.
    pub boot: Option<BootId>,
    /// The machine.
    pub machine: Option<MachineId>,
    /// The cluster.
    pub cluster: Option<ClusterId>,
}

impl About {
    /// About a boot, and its machine if it is known.
    pub const fn boot(boot: &Boot) -> Self {
        Self {
            boot: Some(boot.id),
            machine: boot.machine,
            cluster: None,
        }
    }

    /// About a machine.
    pub const fn machine(machine: MachineId) -> Self {
        Self {
            boot: None,
            machine: Some(machine),
            cluster: None,
        }
    }

    /// About a cluster.
    pub const fn cluster(cluster: ClusterId) -> Self {
        Self {
            boot: None,
            machine: None,
            cluster: Some(cluster),
        }
    }

    /// An event of ours about it.
    pub fn event(self, at: Timestamp, kind: &str, detail: impl Into<String>) -> Event {
        self.event_by(Actor::Drover, at, kind, detail)
    }

    /// An event about it, by somebody.
    pub fn event_by(
        self,
        actor: Actor,
        at: Timestamp,
        kind: &str,
        detail: impl Into<String>,
    ) -> Event {
        let Self {
            boot,
            machine,
            cluster,
        } = self;
        Event {
            at,
            boot,
            machine,
            cluster,
            actor,
            kind: kind.to_owned(),
            detail: detail.into(),
        }
    }
}

impl Site {
    /// Now, for those who decide.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Bytes that nobody can guess.
    pub fn draw<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.randomness.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The subnet that an address lies in.
    pub fn subnet_of(&self, address: IpAddr) -> Option<&Subnet> {
        self.subnets
            .iter()
            .find(|subnet| subnet.network.contains(address))
    }

    /// Our address for a peer, with a port.
    pub fn server_for(&self, peer: IpAddr, port: u16) -> Option<SocketAddr> {
        self.subnet_of(peer)
            .map(|subnet| SocketAddr::new(subnet.server, port))
    }

    /// Notes a step on a boot's timeline, and how far the boot has come. Waits for nothing.
    pub fn note(&self, boot: &Boot, at: Timestamp, step: BootStep, detail: impl Into<String>) {
        self.commit
            .try_event(About::boot(boot).event(at, step.as_str(), detail));
    }
}

/// The boot after a step, to be written: it never goes back. An earlier step than it has come to does
/// not begin the time of that one anew. It says nothing of whether the node is ready: that is told by
/// the node itself, perhaps while somebody looks into this boot.
#[must_use]
pub fn advanced(boot: &Boot, step: BootStep, at: Timestamp) -> Boot {
    let said = Boot {
        ready: None,
        ..boot.clone()
    };
    if step < boot.step {
        return said;
    }
    Boot {
        step,
        step_at: at,
        ..said
    }
}

#[cfg(test)]
mod tests {
    use machine_core::boot::BootOrigin;
    use machine_store::boots;

    use super::*;
    use crate::fixtures::{now, site};

    #[tokio::test]
    async fn a_step_takes_no_word_of_the_node_back() {
        let site = site().await;
        let before = Boot {
            id: BootId::from_bytes([1; 16]),
            machine: None,
            mac: None,
            origin: BootOrigin::Disk,
            platform: None,
            address: None,
            attempt: None,
            opened: now(),
            step: BootStep::Disk,
            step_at: now(),
            sent_to_disk: false,
            ready: Some(false),
        };
        let ready = Boot {
            ready: Some(true),
            ..before.clone()
        };
        for boot in [
            before.clone(),
            ready,
            advanced(&before, BootStep::Joined, now()),
        ] {
            site.commit.submit(boot).await.unwrap();
        }
        let kept = boots::find(&site.db, before.id).await.unwrap().unwrap();
        assert_eq!((kept.step, kept.ready), (BootStep::Joined, Some(true)));
    }
}
