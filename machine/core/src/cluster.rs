//! A cluster as its file describes it, and which of its rules takes a machine.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::cluster_endpoint::ClusterEndpoint;
use crate::disk::DiskIdentity;
use crate::hardware::{Arch, Firmware};
use crate::id::ClusterId;
use crate::operation::Operation;
use crate::os::OsSpec;

/// What a machine is in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Runs etcd and the Kubernetes control plane; its config holds the cluster's CA keys.
    ControlPlane,
    /// Runs workloads.
    Worker,
}

impl Role {
    /// `controlplane` or `worker`, as Talos writes `machine.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "controlplane",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not a role.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted controlplane or worker, got {got:?}")]
pub struct ParseRoleError {
    /// What came.
    pub got: String,
}

impl FromStr for Role {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        match text {
            "controlplane" => Ok(Self::ControlPlane),
            "worker" => Ok(Self::Worker),
            _ => Err(ParseRoleError {
                got: text.to_owned(),
            }),
        }
    }
}

/// Which machines a rule takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The machine of this name.
    Named(String),
    /// Every machine whose facts match all that is given here; at least one is.
    Matching(Pattern),
}

/// Facts that a machine must show; what is `None` is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// SMBIOS system manufacturer, as the machine's own script request gave it.
    pub manufacturer: Option<String>,
    /// SMBIOS product name.
    pub product: Option<String>,
    /// Instruction set.
    pub arch: Option<Arch>,
    /// Kind of firmware.
    pub firmware: Option<Firmware>,
}

/// Whether a machine that a rule matches is taken at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acceptance {
    /// The rule accepts the machine: whoever wrote it has given the intent.
    Auto,
    /// A person accepts each machine first.
    Wait,
}

/// Which machines take which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRule {
    /// What they become.
    pub role: Role,
    /// Which machines.
    pub selector: Selector,
    /// Whether a person must accept them first.
    pub acceptance: Acceptance,
    /// The disk to install to, unless the machine's own record names one. Without either nothing
    /// is installed; nor where the rule names the machine, and its record names another disk.
    pub disk: Option<DiskIdentity>,
}

/// A cluster, as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Its name: letters, digits and hyphens.
    pub name: String,
    /// The URL of its Kubernetes API, with a port.
    pub endpoint: ClusterEndpoint,
    /// What its machines run.
    pub os: OsSpec,
    /// The image to boot, by its name in the settings.
    pub image: String,
    /// Whether configs may travel over plain HTTP.
    pub allow_plaintext: bool,
    /// Who becomes a member.
    pub members: Vec<MemberRule>,
}

/// A cluster as Drover keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Which cluster.
    pub id: ClusterId,
    /// As its file describes it.
    pub spec: ClusterSpec,
    /// Its one Bootstrap, unless it was never called, or a person withdrew it. It is written as an
    /// operation, not with the cluster.
    pub bootstrap: Option<Operation>,
    /// Counts the writes of its row, for compare-and-set.
    pub version: i64,
}
