//! Whether machines could be installed for a cluster, found when its file is applied: its configs
//! are made, with values that stand for those of machines.

use std::net::IpAddr;

use api_server::document::cluster::{ClusterFault, ClusterField};
use config_render::os::{ArtefactError, Cause};
use config_render::oses::os_of;
use machine_core::cluster::ClusterSpec;
use machine_core::network::Subnet;

use crate::site::Image;

/// What is wrong with the file of a cluster, if no machine could be installed by it.
pub fn check_cluster(
    spec: &ClusterSpec,
    images: &[Image],
    subnets: &[Subnet],
) -> Result<(), ClusterFault> {
    let image = images.iter().find(|it| it.name == spec.image);
    let installer = image.and_then(|it| it.installer.as_deref());
    os_of(&spec.os)
        .check(spec, installer)
        .map_err(|error| fault(&error))?;
    covered(spec, subnets).map_or(Ok(()), |why| {
        let field = ClusterField::Networks;
        Err(ClusterFault { field, why })
    })
}

/// What the networks inside of a cluster's Kubernetes would hide from its machines: a packet to an
/// address of theirs never leaves the machine.
fn covered(spec: &ClusterSpec, subnets: &[Subnet]) -> Option<String> {
    let endpoint: Option<IpAddr> = spec.endpoint.host().parse().ok();
    spec.os.networks()?.iter().find_map(|(what, network)| {
        let subnet = subnets.iter().find(|it| it.network.overlaps(network));
        if let Some(subnet) = subnet {
            return Some(format!(
                "wanted networks apart from {}, in which the subnet {} has its machines, got \
                 {network} for {what}: name others (networks: {{ pods: [10.244.0.0/16], services: \
                 [10.96.0.0/12] }} are the usual ones)",
                subnet.network, subnet.name
            ));
        }
        let endpoint = endpoint.filter(|it| network.contains(*it))?;
        Some(format!(
            "wanted networks without the endpoint's address {endpoint}, got {network} for {what}"
        ))
    })
}

/// The field to which a reason leads back.
fn fault(error: &ArtefactError) -> ClusterFault {
    let field = match error.cause {
        Cause::Version => ClusterField::Version,
        Cause::Kubernetes => ClusterField::Kubernetes,
        Cause::Endpoint => ClusterField::Endpoint,
        Cause::Machine | Cause::Secrets => ClusterField::Members,
    };
    // The field is named in front of it.
    let why = error.why.strip_prefix("kubernetes: ").unwrap_or(&error.why);
    ClusterFault {
        field,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use api_server::document::cluster::{parse, with_line};
    use machine_core::hardware::Arch;
    use machine_core::lease_options::LeaseOptions;
    use machine_core::network::{DhcpMode, Reach, SubnetName, UnknownPolicy};

    use super::*;

    const LAB: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
members:
  - { role: controlplane, machine: cp-1 }
";

    #[test]
    fn what_no_machine_could_be_installed_by_is_told_with_its_line() {
        for (from, to, wanted) in [
            ("lab", "lab", "accepted"),
            (
                "1.34.1",
                "1.10.0",
                "lab.yaml:4: kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got 1.10.0",
            ),
            (
                "1.34.1",
                "1.37.0",
                "lab.yaml:4: kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got 1.37.0",
            ),
            (
                "1.13.9",
                "1.9.0",
                "lab.yaml:3: talos: wanted a Talos version of 1.13, got \"1.9.0\"",
            ),
        ] {
            let text = LAB.replace(from, to);
            let spec = parse("lab.yaml", &text).unwrap();
            let said = check_cluster(&spec, &[], &[]).map_or_else(
                |fault| with_line("lab.yaml", &text, &fault).to_string(),
                |()| "accepted".to_owned(),
            );
            assert_eq!(said, wanted);
        }
    }

    /// A packet to a pod's or a service's address never leaves the machine that sends it.
    #[test]
    fn networks_that_would_hide_the_machines_or_the_endpoint_are_told_with_their_line() {
        let subnet = |network: &str| Subnet {
            name: SubnetName::new("rack"),
            interface: "eth1".to_owned(),
            reach: Reach::Direct,
            network: network.parse().unwrap(),
            server: "10.77.0.1".parse().unwrap(),
            mode: DhcpMode::Off,
            unknown: UnknownPolicy::Ignore,
            router: None,
            dns: Vec::new(),
            lease_time: Duration::from_hours(1),
            options: LeaseOptions::default(),
        };
        let with = |networks: &str| LAB.replace("members:", &format!("{networks}members:"));
        let own = with("networks: { pods: [10.77.0.0/16], services: [10.11.0.0/16] }\n");
        for (text, network, wanted) in [
            (LAB.to_owned(), "10.77.0.0/24", "accepted"),
            (
                LAB.to_owned(),
                "10.100.3.0/24",
                "lab.yaml:4: networks: wanted networks apart from 10.100.3.0/24, in which the subnet \
                 rack has its machines, got 10.96.0.0/12 for services",
            ),
            (
                LAB.to_owned(),
                "10.0.0.0/8",
                "lab.yaml:4: networks: wanted networks apart from 10.0.0.0/8, in which the subnet rack \
                 has its machines, got 10.244.0.0/16 for pods",
            ),
            (
                own,
                "192.168.7.0/24",
                "lab.yaml:5: networks: wanted networks without the endpoint's address 10.77.0.10, got \
                 10.77.0.0/16 for pods",
            ),
        ] {
            let spec = parse("lab.yaml", &text).unwrap();
            let said = check_cluster(&spec, &[], &[subnet(network)]).map_or_else(
                |fault| with_line("lab.yaml", &text, &fault).to_string(),
                |()| "accepted".to_owned(),
            );
            assert!(said.starts_with(wanted), "{said}");
        }
    }

    #[test]
    fn the_installer_of_an_image_is_looked_at_when_a_cluster_is_applied() {
        let image = |installer: &str| Image {
            name: "talos-1.13.9".to_owned(),
            arch: Arch::X86_64,
            kernel: [1; 32],
            initrd: [2; 32],
            arguments: Vec::new(),
            installer: Some(installer.to_owned()),
        };
        let spec = parse("lab.yaml", LAB).unwrap();
        let check = |installer| check_cluster(&spec, &[image(installer)], &[]);
        assert_eq!(check("registry.lab:5000/installer:v1.13.9"), Ok(()));
        assert!(check("two words").is_err());
    }

    /// No document carries Talos's own keys; what a node would refuse as unknown can't be written.
    #[test]
    fn an_unknown_key_is_refused_with_its_name_and_line_and_without_its_value() {
        for (from, to, key, line) in [
            ("name: lab\n", "name: lab\ntokenn: s3cret\n", "tokenn", 2),
            (
                "members:\n",
                "machine:\n  kublet: { image: s3cret }\nmembers:\n",
                "machine",
                5,
            ),
            (
                "machine: cp-1",
                "machine: cp-1, patchh: s3cret",
                "patchh",
                6,
            ),
            (
                "machine: cp-1",
                "machine: cp-1, disk: { seriall: s3cret }",
                "seriall",
                6,
            ),
            (
                "machine: cp-1",
                "match: { productt: s3cret }",
                "productt",
                6,
            ),
        ] {
            let text = LAB.replace(from, to);
            let said = parse("lab.yaml", &text).unwrap_err().to_string();
            assert!(said.starts_with(&format!("lab.yaml:{line}")), "{said}");
            assert!(said.contains(&format!("{key} is not known")), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
