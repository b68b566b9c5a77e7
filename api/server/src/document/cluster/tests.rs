//! A cluster's document, and each mistake in one.

use super::*;
use machine_core::cluster::Acceptance;

const LAB: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: v1.13.9
kubernetes: 1.34.1
allow_plaintext: true
members:
  - { role: controlplane, machine: cp-1, disk: { serial: CP1 } }
  - { role: worker, match: { manufacturer: Lab, firmware: bios }, accept: wait }
";

#[test]
fn ten_lines_are_a_cluster() {
    let spec = parse("lab.yaml", LAB).unwrap();
    assert_eq!(
        (spec.name.as_str(), spec.image.as_str()),
        ("lab", "talos-1.13.9")
    );
    assert_eq!(spec.os, OsSpec::talos("1.13.9", "1.34.1").unwrap());
    let [first, second] = spec.members.as_slice() else {
        panic!()
    };
    assert_eq!(
        (first.role, first.acceptance),
        (Role::ControlPlane, Acceptance::Auto)
    );
    assert_eq!(first.disk, Some("serial:CP1".parse().unwrap()));
    assert_eq!((second.acceptance, &second.disk), (Acceptance::Wait, &None));
}

#[test]
fn plaintext_is_refused_unless_it_is_written_down() {
    let silent = LAB.replace("allow_plaintext: true\n", "");
    assert!(!parse("lab.yaml", &silent).unwrap().allow_plaintext);
}

#[test]
fn an_endpoint_that_no_config_could_hold_is_told_with_its_line() {
    for endpoint in [
        "https://[fd00::1:6443",
        "https://-a:6443",
        "https://a..b:6443",
        "https://a-:6443",
        "https://fd00::1:6443",
        "https://lab",
    ] {
        let text = LAB.replacen("https://10.77.0.10:6443", endpoint, 1);
        let got = parse("lab.yaml", &text).unwrap_err().to_string();
        let wanted = format!(
            "lab.yaml:2: endpoint: wanted a URL with a port, such as https://10.77.0.10:6443, got {endpoint:?}"
        );
        assert_eq!(got, wanted);
    }
}

#[test]
fn a_fault_is_told_with_the_line_of_its_field() {
    for (field, wanted) in [
        (ClusterField::Endpoint, "lab.yaml:2: endpoint: no"),
        (ClusterField::Version, "lab.yaml:3: talos: no"),
        (ClusterField::Kubernetes, "lab.yaml:4: kubernetes: no"),
        (ClusterField::Networks, "lab.yaml:4: networks: no"),
        (ClusterField::Members, "lab.yaml:7: members: no"),
    ] {
        let fault = ClusterFault {
            field,
            why: "no".to_owned(),
        };
        assert_eq!(with_line("lab.yaml", LAB, &fault).to_string(), wanted);
    }
}

#[test]
fn the_networks_of_kubernetes_are_talos_own_or_those_that_are_written_down() {
    let with = |networks: &str| {
        let text = LAB.replace("members:", &format!("networks: {networks}\nmembers:"));
        parse("lab.yaml", &text).map(|spec| match spec.os {
            OsSpec::Talos(talos) => talos.networks.to_string(),
            other @ OsSpec::Flatcar(_) => panic!("{other:?}"),
        })
    };
    let told = with("{ pods: [10.10.0.0/16], services: [10.11.0.0/16] }");
    assert_eq!(told.unwrap(), "pods 10.10.0.0/16, services 10.11.0.0/16");
    for (networks, wanted) in [
        (
            "{ pods: [10.10.0.1/16], services: [10.11.0.0/16] }",
            "lab.yaml:6: networks.pods: wanted a network such as 10.244.0.0/16, got \"10.10.0.1/16\"",
        ),
        (
            "{ pods: [10.10.0.0/16], services: [10.10.0.0/24] }",
            "lab.yaml:6: networks: wanted networks apart, got 10.10.0.0/16 for pods and 10.10.0.0/24 for services",
        ),
        (
            "{ pods: [10.10.0.0/16] }",
            "lab.yaml:6: networks.services is missing",
        ),
        (
            "10.10.0.0/16",
            "lab.yaml:6: networks: wanted a mapping such as { pods: [10.244.0.0/16], services: [10.96.0.0/12] }",
        ),
    ] {
        let said = with(networks).unwrap_err().to_string();
        assert!(said.starts_with(wanted), "{said}");
    }
}

/// What is replaced in the document, by what, and what is said of it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "name: lab",
        "name: My Lab",
        "lab.yaml:1: name: wanted 1 to 63 lower-case letters",
    ),
    (
        ":6443",
        "",
        "lab.yaml:2: endpoint: wanted a URL with a port",
    ),
    (
        "v1.13.9",
        "latest",
        "lab.yaml:3: talos: wanted a version such as 1.13.9, got \"latest\"",
    ),
    (
        "role: worker",
        "role: master",
        "lab.yaml:8: members.role: wanted controlplane or worker, got \"master\"",
    ),
    (
        "serial: CP1",
        "path: /dev/sda",
        "lab.yaml:7: disk: wanted a disk by serial or wwn",
    ),
    (
        "serial: CP1",
        "size: '>= 100GB'",
        "lab.yaml:7: disk: wanted a disk by serial or wwn",
    ),
    (
        "serial: CP1",
        "wwn: hello",
        "lab.yaml:7: disk.wwn: wanted a world-wide name such as naa.",
    ),
    (
        "{ serial: CP1 }",
        "{ serial: A, wwn: B }",
        "lab.yaml:7: disk: wanted either serial or wwn, got \"both\"",
    ),
    (
        "machine: cp-1, ",
        "",
        "lab.yaml:7: members: wanted either machine: NAME or match: { … }, got \"neither\"",
    ),
    (
        "accept: wait",
        "accept: maybe",
        "lab.yaml:8: members.accept: wanted auto or wait, got \"maybe\"",
    ),
    (
        "{ manufacturer: Lab, firmware: bios }",
        "{}",
        "lab.yaml:8: match: wanted at least one of",
    ),
    (
        "role: controlplane",
        "role: worker",
        "lab.yaml:7: members: wanted at least one with role: controlplane, got \"none\"",
    ),
    ("kubernetes: 1.34.1\n", "", "lab.yaml:"),
    (
        "allow_plaintext: true",
        "allow_plaintext: true\nallow_plaintext: true",
        "lab.yaml:6: allow_plaintext stands twice: in line 5 already",
    ),
];

#[test]
fn each_mistake_is_told_with_its_line() {
    for &(from, to, wanted) in MISTAKES {
        let text = LAB.replacen(from, to, 1);
        let got = parse("lab.yaml", &text).unwrap_err().to_string();
        assert!(
            got.starts_with(wanted),
            "{to:?}: wanted {wanted:?}, got {got:?}"
        );
    }
}
