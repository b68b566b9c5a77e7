//! The `v1alpha1` document of the contracts up to 1.13, section by section, in the order of Talos'
//! own structures (a YAML mapping has no order, its bytes have). Later ones spread it over documents.

use machine_core::cluster::Role;
use machine_core::network::Network;

use crate::talos::cluster::ClusterInput;
use crate::talos::secrets::{EtcdEncryption, base64};
use crate::yaml::{Mapping, Value};

/// `machine.*` settings that not every config has.
#[derive(Debug, Default)]
pub(super) struct MachineSections {
    /// Names and addresses that the machine's Talos API certificate also holds for.
    pub(super) certificate_names: Vec<String>,
    /// Goes in front of what `machine.install` always says.
    pub(super) install: Mapping,
    /// `machine.logging`, if the machine is to send its services' logs anywhere.
    pub(super) logging: Option<Mapping>,
}

/// The whole document.
pub(super) fn v1alpha1(cluster: &ClusterInput<'_>, role: Role, own: &MachineSections) -> Mapping {
    Mapping::new()
        .with("version", "v1alpha1")
        .with("debug", false)
        .with("persist", true)
        .with("machine", machine(cluster, role, own))
        .with("cluster", cluster_section(cluster, role))
}

fn machine(cluster: &ClusterInput<'_>, role: Role, own: &MachineSections) -> Mapping {
    let ca = match role {
        Role::ControlPlane => cluster.secrets.os.to_value(),
        Role::Worker => cluster.secrets.os.without_key(),
    };
    let kubelet = Mapping::new()
        .with("image", image("ghcr.io/siderolabs/kubelet", cluster))
        .with("defaultRuntimeSeccompProfileEnabled", true)
        .with("disableManifestsDirectory", true);
    let install = own
        .install
        .clone()
        .with("wipe", false)
        .with("grubUseUKICmdline", true);
    let mut machine = Mapping::new()
        .with("type", role.as_str())
        .with("token", cluster.secrets.trustd_token.expose().as_str())
        .with("ca", ca)
        .with("certSANs", own.certificate_names.clone())
        .with("kubelet", kubelet);
    if !cluster.contract.has_kube_span_document() {
        machine.set("network", Mapping::new());
    }
    let mut machine = machine
        .with("install", install)
        .with("features", features());
    if let Some(logging) = &own.logging {
        machine.set("logging", logging.clone());
    }
    if role == Role::ControlPlane {
        let label = "node.kubernetes.io/exclude-from-external-load-balancers";
        machine.set("nodeLabels", Mapping::new().with(label, ""));
    }
    machine
}

fn features() -> Mapping {
    let kube_prism = Mapping::new().with("enabled", true).with("port", 7445);
    let host_dns = Mapping::new()
        .with("enabled", true)
        .with("forwardKubeDNSToHost", true);
    Mapping::new()
        .with("diskQuotaSupport", true)
        .with("kubePrism", kube_prism)
        .with("hostDNS", host_dns)
}

fn cluster_section(cluster: &ClusterInput<'_>, role: Role) -> Mapping {
    let secrets = cluster.secrets;
    let section = Mapping::new()
        .with("id", secrets.cluster_id.as_str())
        .with("secret", secrets.cluster_secret.expose().as_str())
        .with(
            "controlPlane",
            Mapping::new().with("endpoint", cluster.endpoint.as_str()),
        )
        .with("clusterName", cluster.name.as_str())
        .with("network", network(cluster))
        .with("token", secrets.bootstrap_token.expose().as_str());
    match role {
        Role::ControlPlane => control_plane(section, cluster),
        Role::Worker => section
            .with("ca", secrets.kubernetes.without_key())
            .with("discovery", discovery()),
    }
}

fn network(cluster: &ClusterInput<'_>) -> Mapping {
    let texts =
        |subnets: &[Network]| -> Vec<String> { subnets.iter().map(ToString::to_string).collect() };
    Mapping::new()
        .with("dnsDomain", "cluster.local")
        .with("podSubnets", texts(&cluster.networks.pods))
        .with("serviceSubnets", texts(&cluster.networks.services))
}

/// What only a control plane holds: the keys of the authorities, and its components.
fn control_plane(section: Mapping, cluster: &ClusterInput<'_>) -> Mapping {
    let secrets = cluster.secrets;
    let (encryption_field, encryption) = match &secrets.etcd_encryption {
        EtcdEncryption::Secretbox(key) => ("secretboxEncryptionSecret", key),
        EtcdEncryption::AesCbc(key) => ("aescbcEncryptionSecret", key),
    };
    let service_account = Mapping::new().with("key", base64(secrets.service_account.expose()));
    let component = |name: &str| {
        let repository = format!("registry.k8s.io/kube-{name}");
        Mapping::new().with("image", image(&repository, cluster))
    };
    let api_server = component("apiserver")
        .with("admissionControl", vec![pod_security()])
        .with("auditPolicy", audit_policy());
    section
        .with(encryption_field, encryption.expose().as_str())
        .with("ca", secrets.kubernetes.to_value())
        .with("aggregatorCA", secrets.aggregator.to_value())
        .with("serviceAccount", service_account)
        .with("apiServer", api_server)
        .with("controllerManager", component("controller-manager"))
        .with("proxy", component("proxy"))
        .with("scheduler", component("scheduler"))
        .with("discovery", discovery())
        .with("etcd", Mapping::new().with("ca", secrets.etcd.to_value()))
}

fn pod_security() -> Mapping {
    let defaults = Mapping::new()
        .with("audit", "restricted")
        .with("audit-version", "latest")
        .with("enforce", "baseline")
        .with("enforce-version", "latest")
        .with("warn", "restricted")
        .with("warn-version", "latest");
    let exemptions = Mapping::new()
        .with("namespaces", vec!["kube-system"])
        .with("runtimeClasses", Value::Sequence(Vec::new()))
        .with("usernames", Value::Sequence(Vec::new()));
    let configuration = Mapping::new()
        .with(
            "apiVersion",
            "pod-security.admission.config.k8s.io/v1alpha1",
        )
        .with("defaults", defaults)
        .with("exemptions", exemptions)
        .with("kind", "PodSecurityConfiguration");
    Mapping::new()
        .with("name", "PodSecurity")
        .with("configuration", configuration)
}

fn audit_policy() -> Mapping {
    Mapping::new()
        .with("apiVersion", "audit.k8s.io/v1")
        .with("kind", "Policy")
        .with("rules", vec![Mapping::new().with("level", "Metadata")])
}

fn discovery() -> Mapping {
    let registries = Mapping::new()
        .with("kubernetes", Mapping::new().with("disabled", true))
        .with("service", Mapping::new());
    Mapping::new()
        .with("enabled", true)
        .with("registries", registries)
}

fn image(repository: &str, cluster: &ClusterInput<'_>) -> String {
    format!("{repository}:v{}", cluster.kubernetes)
}
