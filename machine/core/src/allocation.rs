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
mod tests {
    use super::*;
    use crate::id::MachineId;
    use crate::os::OsSpec;
    use crate::time::Timestamp;

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
            endpoint: "https://10.77.0.10:6443".parse().unwrap(),
            os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
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
    fn two_disks_that_are_named_for_one_machine_install_nothing_until_they_agree() {
        let mut worker = machine("w1");
        worker.install_disk = Some("serial:D1".parse().unwrap());
        let differs = [cluster("lab", vec![named("w1", Some("serial:D2"))])];
        let told = allocate(&worker, &differs).to_string();
        for wanted in ["cluster lab", "rule names the disk serial:D2", "serial:D1"] {
            assert!(told.contains(wanted), "{told}");
        }
        assert_eq!(awaited_as(&worker, differs[0].id, &differs), None);
        for disk in [Some("serial:D1"), Some("serial:D*"), None] {
            let agrees = [cluster("lab", vec![named("w1", disk)])];
            let Allocation::Take { assignment, .. } = allocate(&worker, &agrees) else {
                panic!("{disk:?}")
            };
            assert_eq!(assignment.disk.to_string(), "serial:D1", "{disk:?}");
        }
    }

    #[test]
    fn the_machines_own_disk_goes_before_that_of_a_rule_that_matches() {
        let mut worker = machine("w1");
        worker.hardware.manufacturer = Some("Lab".to_owned());
        worker.install_disk = Some("wwn:naa.5000c500a1b2c3d4".parse().unwrap());
        let lab = cluster("lab", vec![made_by("Lab", "serial:D2")]);
        let Allocation::Take { assignment, .. } = allocate(&worker, &[lab]) else {
            panic!()
        };
        assert_eq!(assignment.disk.to_string(), "wwn:naa.5000c500a1b2c3d4");
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
    fn a_cluster_that_cannot_be_read_may_take_any_machine_so_none_is_installed() {
        let lab = [cluster("lab", vec![named("w1", Some("serial:D1"))])];
        let beside =
            |name: &str, unreadable: &[String]| allocate_beside(&machine(name), &lab, unreadable);
        assert_eq!(beside("w1", &[]), allocate(&machine("w1"), &lab));
        let other = ["other".to_owned()];
        let told = beside("w1", &other).to_string();
        let wanted = "rules of several clusters take it: lab, other (its record can't be read)";
        assert_eq!(told, wanted);
        assert_eq!(beside("w2", &other), Allocation::None);
    }

    #[test]
    fn a_kept_pattern_installs_nothing() {
        let mut worker = machine("w1");
        let lab = cluster("lab", vec![named("w1", Some("serial:*"))]);
        let told = allocate(&worker, std::slice::from_ref(&lab)).to_string();
        assert!(told.contains("serial:* names no single disk"), "{told}");
        worker.install_disk = Some("wwn:naa.5*".parse().unwrap());
        assert!(matches!(
            allocate(
                &worker,
                &[cluster("lab", vec![named("w1", Some("serial:D1"))])]
            ),
            Allocation::UnusableDisk { .. }
        ));
    }

    #[test]
    fn a_cluster_awaits_what_comes_by_itself() {
        let id = ClusterId::from_bytes([9; 16]);
        let auto = [cluster("lab", vec![named("w1", Some("serial:D1"))])];
        let mut waiting = auto.clone();
        waiting[0].spec.members[0].acceptance = Acceptance::Wait;
        for state in State::ALL {
            let mut worker = machine("w1");
            worker.state = state;
            let comes = matches!(
                state,
                State::Inspecting | State::Available | State::Failed(Moving::Inspecting)
            );
            let awaits = |clusters: &[Cluster]| awaited_as(&worker, id, clusters).is_some();
            assert_eq!(awaits(&waiting), comes, "{state}");
            let is_accepted = state == State::Discovered;
            assert_eq!(awaits(&auto), comes || is_accepted, "{state}");
        }
        let other = ClusterId::from_bytes([8; 16]);
        assert_eq!(awaited_as(&machine("w1"), other, &auto), None);
    }

    #[test]
    fn a_rule_makes_something_of_the_hardware_that_it_matches_and_nothing_of_another() {
        let lab = cluster("lab", vec![made_by("Lab", "serial:D1")]);
        let mut worker = machine("w1");
        worker.hardware.manufacturer = Some("Lab".to_owned());
        let mut wanted = Assignment {
            cluster: lab.id,
            role: Role::Worker,
            disk: "serial:D1".parse().unwrap(),
        };
        assert!(makes(&lab, &worker, &wanted));
        for said in [Some("Other".to_owned()), None] {
            worker.hardware.manufacturer = said;
            assert!(!makes(&lab, &worker, &wanted));
        }
        worker.hardware.manufacturer = Some("Lab".to_owned());
        wanted.disk = "serial:D2".parse().unwrap();
        assert!(!makes(&lab, &worker, &wanted), "another disk");
    }

    #[test]
    fn an_unknown_fact_and_an_empty_pattern_match_nothing() {
        let worker = machine("w1");
        assert_eq!(
            allocate(&worker, &[cluster("lab", vec![made_by("Lab", "serial:D")])]),
            Allocation::None
        );
        assert!(!shows(&worker, &Pattern::default()));
    }
}
