//! Which rule takes which machine, and when none does.

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
