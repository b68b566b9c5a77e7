//! A cluster as its file describes it, and which of its rules takes a machine.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::hardware::{Arch, DiskIdentity, Firmware};
use crate::id::{ClusterId, MachineId};
use crate::intent::Assignment;
use crate::machine::Machine;
use crate::time::Timestamp;

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
    /// is installed.
    pub disk: Option<DiskIdentity>,
}

/// A cluster, as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Its name: letters, digits and hyphens.
    pub name: String,
    /// The URL of its Kubernetes API, with a port.
    pub endpoint: String,
    /// The Talos version, such as `1.13.9`.
    pub talos: String,
    /// The Kubernetes version, such as `1.34.1`.
    pub kubernetes: String,
    /// The image to boot, by its name in the settings.
    pub image: String,
    /// Whether configs may travel over plain HTTP.
    pub allow_plaintext: bool,
    /// Who becomes a member.
    pub members: Vec<MemberRule>,
}

/// How a recorded Bootstrap call ended, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootstrapOutcome {
    /// Recorded, and not known to have ended: the call may have been executed.
    Unknown,
    /// The node refused it for the time being; it was not executed.
    NotReady,
    /// etcd was bootstrapped.
    Done,
}

impl BootstrapOutcome {
    /// `unknown`, `not ready`, `done`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotReady => "not ready",
            Self::Done => "done",
        }
    }

    /// Every outcome there is.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::NotReady, Self::Done];
}

/// The one Bootstrap call of a cluster's life: recorded before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// The control plane node that is asked.
    pub machine: MachineId,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// How it ended.
    pub outcome: BootstrapOutcome,
}

/// A cluster as Drover keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Which cluster.
    pub id: ClusterId,
    /// As its file describes it.
    pub spec: ClusterSpec,
    /// Its one Bootstrap call.
    pub bootstrap: Option<Bootstrap>,
    /// Counts the writes of its row, for compare-and-set.
    pub version: i64,
}

/// What the clusters' rules say of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    /// No rule takes it.
    None,
    /// One rule does.
    Take {
        /// What it becomes.
        assignment: Assignment,
        /// Whether a person must accept it first.
        acceptance: Acceptance,
    },
    /// A rule takes it, but neither the rule nor the machine's record names a disk.
    NoDisk {
        /// The cluster of the rule.
        cluster: String,
    },
    /// Rules of several clusters take it.
    Ambiguous {
        /// Their clusters.
        clusters: Vec<String>,
    },
}

/// What the clusters' rules say of `machine`. Within a cluster, a rule that names the machine goes
/// before one that matches it, and an earlier rule before a later one.
pub fn allocate(machine: &Machine, clusters: &[Cluster]) -> Allocation {
    let matches: Vec<(&Cluster, &MemberRule)> = clusters
        .iter()
        .filter_map(|cluster| best_rule(machine, &cluster.spec).map(|rule| (cluster, rule)))
        .collect();
    let (cluster, rule) = match matches.as_slice() {
        [] => return Allocation::None,
        [one] => *one,
        several => {
            let clusters = several.iter().map(|(it, _)| it.spec.name.clone()).collect();
            return Allocation::Ambiguous { clusters };
        }
    };
    match machine.install_disk.as_ref().or(rule.disk.as_ref()) {
        None => Allocation::NoDisk {
            cluster: cluster.spec.name.clone(),
        },
        Some(disk) => Allocation::Take {
            assignment: Assignment {
                cluster: cluster.id,
                role: rule.role,
                disk: disk.clone(),
            },
            acceptance: rule.acceptance,
        },
    }
}

fn best_rule<'a>(machine: &Machine, spec: &'a ClusterSpec) -> Option<&'a MemberRule> {
    let named = |rule: &&MemberRule| matches!(&rule.selector, Selector::Named(name) if *name == machine.name);
    let matching = |rule: &&MemberRule| matches!(&rule.selector, Selector::Matching(pattern) if pattern.matches(machine));
    spec.members
        .iter()
        .find(named)
        .or_else(|| spec.members.iter().find(matching))
}

impl Pattern {
    /// Whether the machine shows every fact that is asked for. A fact that is not known yet does
    /// not match.
    pub fn matches(&self, machine: &Machine) -> bool {
        fn agrees<T: PartialEq>(wanted: Option<&T>, known: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| known == Some(wanted))
        }
        let hardware = &machine.hardware;
        *self != Self::default()
            && agrees(self.manufacturer.as_ref(), hardware.manufacturer.as_ref())
            && agrees(self.product.as_ref(), hardware.product.as_ref())
            && agrees(self.arch.as_ref(), hardware.arch.as_ref())
            && agrees(self.firmware.as_ref(), hardware.firmware.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MachineId;

    fn machine(name: &str) -> Machine {
        Machine::discovered(
            MachineId::from_bytes([1; 16]),
            name,
            Timestamp::from_millis(0),
        )
    }

    fn rule(selector: Selector, disk: Option<&str>) -> MemberRule {
        MemberRule {
            role: Role::Worker,
            selector,
            acceptance: Acceptance::Auto,
            disk: disk.map(|disk| disk.parse().unwrap()),
        }
    }

    fn cluster(name: &str, members: Vec<MemberRule>) -> Cluster {
        let spec = ClusterSpec {
            name: name.to_owned(),
            endpoint: "https://10.77.0.10:6443".to_owned(),
            talos: "1.13.9".to_owned(),
            kubernetes: "1.34.1".to_owned(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members,
        };
        Cluster {
            id: ClusterId::from_bytes([9; 16]),
            spec,
            bootstrap: None,
            version: 0,
        }
    }

    fn named(name: &str, disk: Option<&str>) -> MemberRule {
        rule(Selector::Named(name.to_owned()), disk)
    }

    fn made_by(manufacturer: &str, disk: &str) -> MemberRule {
        let pattern = Pattern {
            manufacturer: Some(manufacturer.to_owned()),
            ..Pattern::default()
        };
        rule(Selector::Matching(pattern), Some(disk))
    }

    #[test]
    fn a_name_goes_before_a_pattern() {
        let mut worker = machine("w1");
        worker.hardware.manufacturer = Some("Lab".to_owned());
        let lab = cluster(
            "lab",
            vec![made_by("Lab", "serial:D1"), named("w1", Some("serial:D2"))],
        );
        let Allocation::Take { assignment, .. } = allocate(&worker, &[lab]) else {
            panic!()
        };
        assert_eq!(assignment.disk.to_string(), "serial:D2");
    }

    #[test]
    fn the_machines_own_disk_goes_before_the_rules() {
        let mut worker = machine("w1");
        worker.install_disk = Some("wwn:naa.5000".parse().unwrap());
        let lab = cluster("lab", vec![named("w1", Some("serial:D2"))]);
        let Allocation::Take { assignment, .. } = allocate(&worker, &[lab]) else {
            panic!()
        };
        assert_eq!(assignment.disk.to_string(), "wwn:naa.5000");
    }

    #[test]
    fn no_disk_two_clusters_and_no_rule_install_nothing() {
        let worker = machine("w1");
        let lab = cluster("lab", vec![named("w1", None)]);
        let other = cluster("other", vec![named("w1", Some("serial:D1"))]);
        assert_eq!(
            allocate(&worker, std::slice::from_ref(&lab)),
            Allocation::NoDisk {
                cluster: "lab".to_owned()
            }
        );
        assert!(matches!(
            allocate(&worker, &[lab, other]),
            Allocation::Ambiguous { .. }
        ));
        assert_eq!(
            allocate(&machine("w2"), &[cluster("lab", vec![])]),
            Allocation::None
        );
    }

    #[test]
    fn an_unknown_fact_and_an_empty_pattern_match_nothing() {
        let worker = machine("w1");
        assert_eq!(
            allocate(&worker, &[cluster("lab", vec![made_by("Lab", "serial:D")])]),
            Allocation::None
        );
        assert!(!Pattern::default().matches(&worker));
    }
}
