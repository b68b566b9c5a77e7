//! Rendering before there is a machine: what a machine would be refused for when it has booted is
//! found when the cluster's document is applied.

use std::net::{Ipv4Addr, SocketAddr};

use machine_core::cluster::{ClusterSpec, Role};
use machine_core::disk::DiskIdentity;
use machine_core::id::AttemptId;
use machine_core::os::TalosSpec;

use crate::talos::cluster::ClusterInput;
use crate::talos::contract::TalosContract;
use crate::talos::machine::{MachineInput, RenderError, render};
use crate::talos::secrets::{CertificateAndKey, EtcdEncryption, SecretsBundle};
use machine_core::secret::Secret;

/// Renders the config of each role of a cluster, and of each of its rules, with values that stand
/// for what only a machine has.
pub fn render_dry(
    cluster: &ClusterSpec,
    talos: &TalosSpec,
    installer: &str,
) -> Result<(), RenderError> {
    let secrets = no_secrets();
    let contract = TalosContract::installed(&talos.version)?;
    let input = ClusterInput::of(cluster, talos, contract, &secrets)?;
    let either = [Role::ControlPlane, Role::Worker].map(|role| (role, None));
    let of_rules = cluster.members.iter().map(|it| (it.role, it.disk.as_ref()));
    for (role, disk) in either.into_iter().chain(of_rules) {
        // Always some: the placeholder is a serial number.
        if let Some(machine) = some_machine(role, disk, installer) {
            render(&input, &machine)?;
        }
    }
    Ok(())
}

fn some_machine(role: Role, disk: Option<&DiskIdentity>, installer: &str) -> Option<MachineInput> {
    // TEST-NET-1 (RFC 5737) is nobody's.
    let receiver = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 1));
    Some(MachineInput {
        role,
        disk: disk.cloned().or_else(|| "serial:NONE".parse().ok())?,
        installer: installer.to_owned(),
        event_sink: receiver,
        kernel_log: receiver,
        service_log: receiver,
        attempt: AttemptId::from_bytes([0; 16]),
        hostname: Some("machine".to_owned()),
        certificate_names: Vec::new(),
    })
}

fn no_secrets() -> SecretsBundle {
    let none = || Secret::new(String::new());
    let pair = || CertificateAndKey {
        certificate: String::new(),
        key: none(),
    };
    SecretsBundle {
        cluster_id: String::new(),
        cluster_secret: none(),
        bootstrap_token: none(),
        etcd_encryption: EtcdEncryption::Secretbox(none()),
        trustd_token: none(),
        etcd: pair(),
        kubernetes: pair(),
        aggregator: pair(),
        service_account: none(),
        os: pair(),
    }
}

#[cfg(test)]
mod tests {
    use machine_core::os::OsSpec;

    use super::*;

    fn spec(endpoint: &str, talos: &str, kubernetes: &str) -> ClusterSpec {
        ClusterSpec {
            name: "lab".to_owned(),
            endpoint: endpoint.parse().unwrap(),
            os: OsSpec::talos(talos, kubernetes).unwrap(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: vec![],
        }
    }

    fn refused(spec: &ClusterSpec) -> String {
        let OsSpec::Talos(talos) = &spec.os else {
            panic!("{:?}", spec.os);
        };
        render_dry(spec, talos, "ghcr.io/siderolabs/installer:v1.13.9")
            .map_or_else(|error| error.to_string(), |()| "accepted".to_owned())
    }

    #[test]
    fn the_placeholder_is_a_machine() {
        for role in [Role::ControlPlane, Role::Worker] {
            assert!(some_machine(role, None, "installer").is_some());
        }
    }

    #[test]
    fn what_no_machine_could_be_handed_is_found_without_one() {
        let endpoint = "https://10.77.0.10:6443";
        assert_eq!(refused(&spec(endpoint, "1.13.9", "1.34.1")), "accepted");
        let unnamed = ClusterSpec {
            name: "a b".to_owned(),
            ..spec(endpoint, "1.13.9", "1.34.1")
        };
        let said = refused(&unnamed);
        assert!(said.starts_with("cluster name: wanted"), "{said}");
        let said = refused(&spec("https://lab", "1.13.9", "1.34.1"));
        assert!(said.contains("wanted a port"), "{said}");
        for version in ["1.9.0", "1.12.4", "1.14.0"] {
            let said = refused(&spec(endpoint, version, "1.34.1"));
            let wanted = format!("wanted a Talos version of 1.13, got \"{version}\"");
            assert_eq!(said, wanted);
        }
    }

    /// What real Talos 1.13.9 refused, and its neighbours.
    #[test]
    fn kubernetes_outside_of_what_talos_runs_is_found_without_a_machine() {
        for (version, fits) in [
            ("1.10.0", false),
            ("1.20.0", false),
            ("1.30.14", false),
            ("1.31.0", true),
            ("1.36.7", true),
            ("1.37.0", false),
            ("1.60.0", false),
            ("2.31.0", false),
        ] {
            let said = refused(&spec("https://10.77.0.10:6443", "1.13.9", version));
            let wanted = format!(
                "kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got {version}"
            );
            assert_eq!(said, if fits { "accepted" } else { &wanted }, "{version}");
        }
    }
}
