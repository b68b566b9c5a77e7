//! Which cluster's rule takes a machine, and as what.

use std::fmt;

use crate::cluster::{Acceptance, Cluster, ClusterSpec, MemberRule, Pattern, Role, Selector};
use crate::disk::DiskIdentity;
use crate::id::ClusterId;
use crate::intent::Assignment;
use crate::lifecycle::{Moving, State};
use crate::machine::Machine;
use crate::sabotage::Sabotage;

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
    /// A rule takes it, but what stands for the disk names no single one.
    UnusableDisk {
        /// The cluster of the rule.
        cluster: String,
        /// What stands there.
        disk: DiskIdentity,
    },
    /// The rule that names it names one disk, and its record another one.
    TwoDisks {
        /// The cluster of the rule.
        cluster: String,
        /// The disk of the rule.
        rule: DiskIdentity,
        /// The disk of the machine's record.
        record: DiskIdentity,
    },
    /// Rules of several clusters take it.
    Ambiguous {
        /// Their clusters.
        clusters: Vec<String>,
    },
}

/// What it is, as a reason to wait.
impl fmt::Display for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Take { .. } => f.write_str("a cluster's rule takes it"),
            Self::None => f.write_str("no cluster's rule takes it"),
            Self::NoDisk { cluster } => write!(
                f,
                "cluster {cluster} takes it, but neither its rule nor the machine's record names \
                 the disk: nothing is installed without"
            ),
            Self::UnusableDisk { cluster, disk } => write!(
                f,
                "cluster {cluster} takes it, but {disk} names no single disk, and nothing is \
                 installed by it: name the disk by wwn or serial and apply again"
            ),
            Self::TwoDisks {
                cluster,
                rule,
                record,
            } => write!(
                f,
                "cluster {cluster} takes it, but its rule names the disk {rule}, and the machine's \
                 record {record}: nothing is installed until they agree; correct one of the two \
                 files, or take the disk out of the cluster's, and apply it again"
            ),
            Self::Ambiguous { clusters } => {
                write!(
                    f,
                    "rules of several clusters take it: {}",
                    clusters.join(", ")
                )
            }
        }
    }
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
    if let Some((of_rule, of_record)) = two_disks(machine, rule) {
        return Allocation::TwoDisks {
            cluster: cluster.spec.name.clone(),
            rule: of_rule.clone(),
            record: of_record.clone(),
        };
    }
    match machine.install_disk.as_ref().or(rule.disk.as_ref()) {
        None => Allocation::NoDisk {
            cluster: cluster.spec.name.clone(),
        },
        Some(disk) if !disk.is_usable() => Allocation::UnusableDisk {
            cluster: cluster.spec.name.clone(),
            disk: disk.clone(),
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

/// The same, beside clusters whose records can't be read: their rules may take the machine, too. What
/// only may be is enough to wait, and nothing is installed.
pub fn allocate_beside(
    machine: &Machine,
    clusters: &[Cluster],
    unreadable: &[String],
) -> Allocation {
    let allocation = allocate(machine, clusters);
    let Allocation::Take { assignment, .. } = &allocation else {
        return allocation;
    };
    if unreadable.is_empty() {
        return allocation;
    }
    let takes = clusters.iter().filter(|it| it.id == assignment.cluster);
    let may = unreadable
        .iter()
        .map(|name| format!("{name} (its record can't be read)"));
    Allocation::Ambiguous {
        clusters: takes.map(|it| it.spec.name.clone()).chain(may).collect(),
    }
}

/// The disks of a rule and of the record of the machine that it names, if they differ: two people, or
/// one at two times, mean different disks, and nobody knows which of them may be erased. A rule that
/// matches means no machine alone: its disk is what machines without one get.
fn two_disks<'a>(
    machine: &'a Machine,
    rule: &'a MemberRule,
) -> Option<(&'a DiskIdentity, &'a DiskIdentity)> {
    let Selector::Named(_) = rule.selector else {
        return None;
    };
    let disks = (rule.disk.as_ref()?, machine.install_disk.as_ref()?);
    let are_usable = disks.0.is_usable() && disks.1.is_usable();
    let differ = disks.0 != disks.1 && !Sabotage::TwoDisksIgnored.is_on();
    (are_usable && differ).then_some(disks)
}

/// What a machine is to become in this cluster, if a rule takes it and it goes on by itself, but
/// was not allocated yet: the cluster is not complete without it.
pub fn awaited_as(machine: &Machine, cluster: ClusterId, clusters: &[Cluster]) -> Option<Role> {
    let Allocation::Take {
        assignment,
        acceptance,
    } = allocate(machine, clusters)
    else {
        return None;
    };
    let is_on_its_way = match machine.state {
        State::Discovered => acceptance == Acceptance::Auto,
        State::Inspecting | State::Available | State::Failed(Moving::Inspecting) => true,
        State::Provisioning(_) | State::Active | State::Cleaning | State::Retired => false,
        State::Failed(Moving::Provisioning(_) | Moving::Cleaning) => false,
    };
    (is_on_its_way && assignment.cluster == cluster).then_some(assignment.role)
}

/// Whether the rules of this cluster make this of `machine`, whatever other clusters' rules say. The
/// hardware of `machine` is what it is judged by.
pub fn makes(cluster: &Cluster, machine: &Machine, wanted: &Assignment) -> bool {
    match allocate(machine, std::slice::from_ref(cluster)) {
        Allocation::Take { assignment, .. } => assignment == *wanted,
        Allocation::None | Allocation::NoDisk { .. } => false,
        Allocation::UnusableDisk { .. } | Allocation::TwoDisks { .. } => false,
        Allocation::Ambiguous { .. } => false,
    }
}

/// The rule of a cluster that takes `machine`, whatever other clusters' rules say.
pub(crate) fn best_rule<'a>(machine: &Machine, spec: &'a ClusterSpec) -> Option<&'a MemberRule> {
    let named = |rule: &&MemberRule| matches!(&rule.selector, Selector::Named(name) if *name == machine.name);
    let matching = |rule: &&MemberRule| matches!(&rule.selector, Selector::Matching(pattern) if shows(machine, pattern));
    spec.members
        .iter()
        .find(named)
        .or_else(|| spec.members.iter().find(matching))
}

/// Whether the machine shows every fact that is asked for. A fact that is not known yet does
/// not match.
fn shows(machine: &Machine, pattern: &Pattern) -> bool {
    fn agrees<T: PartialEq>(wanted: Option<&T>, known: Option<&T>) -> bool {
        wanted.is_none_or(|wanted| known == Some(wanted))
    }
    let hardware = &machine.hardware;
    *pattern != Pattern::default()
        && agrees(
            pattern.manufacturer.as_ref(),
            hardware.manufacturer.as_ref(),
        )
        && agrees(pattern.product.as_ref(), hardware.product.as_ref())
        && agrees(pattern.arch.as_ref(), hardware.arch.as_ref())
        && agrees(pattern.firmware.as_ref(), hardware.firmware.as_ref())
}

#[cfg(test)]
mod tests;
