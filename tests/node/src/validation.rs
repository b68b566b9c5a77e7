//! The rules by which a node refuses a config that it could read (metal mode, Talos 1.13).
//!
//! A subset of Talos's own, in its order: the sections, the endpoint, the disk to install to, the CAs
//! by machine type. Talos does not look at the token's form, nor at the value of `version`: neither
//! does this.

use crate::config::{self, Documents, KubernetesImage, MachineConfig, MachineType};
use crate::config_document::{
    ClusterSection, DiskSelectorSection, ImageSection, InstallSection, KeyPairSection,
    MachineSection,
};
use crate::config_error::{ConfigRefused, ConfigValidationError, Finding};
use crate::disk::{Disk, InstallTarget};
use crate::endpoint::Endpoint;
use crate::runtime_validation;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A config that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It has no `v1alpha1` document: Talos takes it, and waits for the rest in maintenance.
    Partial,
    /// It is all that a machine needs.
    Whole(Box<MachineConfig>),
}

/// Loads and validates a config that was downloaded by a machine with these disks.
pub fn accept_for(bytes: &[u8], disks: &[Disk]) -> Result<Accepted, ConfigRefused> {
    let documents = config::load(bytes)?;
    if documents.main.is_none() {
        return Ok(Accepted::Partial);
    }
    let config = validate(documents)?;
    runtime_validation::check(&config, disks)?;
    Ok(Accepted::Whole(Box::new(config)))
}

/// Loads and validates a config that was kept: it fitted the machine when it came.
pub fn accept(bytes: &[u8]) -> Result<MachineConfig, ConfigRefused> {
    Ok(validate(config::load(bytes)?)?)
}

/// Validates everything and reports all findings at once.
pub fn validate(documents: Documents) -> Result<MachineConfig, ConfigValidationError> {
    let mut found = Vec::new();
    let main = documents.main.unwrap_or_default();
    let (Some(machine), cluster) = (main.machine, main.cluster) else {
        return Err(ConfigValidationError {
            findings: vec![Finding::NoMachine],
        });
    };
    let endpoint = endpoint(cluster.as_ref(), &mut found);
    let install = install_target(machine.install.as_ref(), &mut found);
    let machine_type = machine_type(&machine, cluster.as_ref(), &mut found);
    let (accepted_cas, ca_key) = certificates(&machine, &mut found);
    if machine.token.expose().is_empty() {
        found.push(Finding::NoMachineToken);
    }
    if main.persist == Some(false) {
        found.push(Finding::NotPersistent);
    }
    let kernel_logs: Vec<String> = documents
        .kernel_logs
        .into_iter()
        .map(|log| log.url)
        .collect();
    let event_sink = documents.event_sink.map(|sink| sink.endpoint);
    destinations(event_sink.as_deref(), &kernel_logs, &mut found);
    let (Some(endpoint), Some(install), Some(machine_type), true) =
        (endpoint, install, machine_type, found.is_empty())
    else {
        return Err(ConfigValidationError { findings: found });
    };
    Ok(MachineConfig {
        machine_type,
        kubernetes: kubernetes_images(machine_type, machine.kubelet.as_ref(), cluster.as_ref()),
        token: machine.token,
        accepted_cas,
        ca_key: Some(ca_key).into(),
        cert_sans: machine.cert_sans,
        install,
        endpoint,
        hostname: documents.hostname.and_then(|document| document.hostname),
        event_sink,
        kernel_logs,
        service_logs: machine.logging.unwrap_or_default().destinations,
    })
}

/// The images that are named. Only a control plane looks at those of the control plane.
fn kubernetes_images(
    machine_type: MachineType,
    kubelet: Option<&ImageSection>,
    cluster: Option<&ClusterSection>,
) -> Vec<KubernetesImage> {
    let mut sections = vec![("kubelet", kubelet)];
    if let Some(cluster) = cluster.filter(|_| machine_type == MachineType::ControlPlane) {
        sections.extend([
            ("kube-apiserver", cluster.api_server.as_ref()),
            (
                "kube-controller-manager",
                cluster.controller_manager.as_ref(),
            ),
            ("kube-scheduler", cluster.scheduler.as_ref()),
        ]);
    }
    let named = sections.into_iter().filter_map(|(component, section)| {
        let reference = section?.image.clone()?;
        Some(KubernetesImage {
            component,
            reference,
        })
    });
    named.collect()
}

fn endpoint(cluster: Option<&ClusterSection>, found: &mut Vec<Finding>) -> Option<Endpoint> {
    let Some(cluster) = cluster else {
        found.push(Finding::NoCluster);
        return None;
    };
    let url = cluster
        .control_plane
        .as_ref()
        .and_then(|section| section.endpoint.as_deref());
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        found.push(Finding::NoEndpoint);
        return None;
    };
    let endpoint = Endpoint::parse(url);
    if endpoint.is_none() {
        found.push(Finding::BadEndpoint {
            got: url.to_owned(),
        });
    }
    endpoint
}

fn install_target(
    install: Option<&InstallSection>,
    found: &mut Vec<Finding>,
) -> Option<InstallTarget> {
    let Some(install) = install else {
        found.push(Finding::NoInstall);
        return None;
    };
    if !install.extra_kernel_args.is_empty() && install.grub_use_uki_cmdline == Some(true) {
        found.push(Finding::KernelArgumentsBesideUki);
    }
    let selector = install.disk_selector.clone().unwrap_or_default();
    let disk = install.disk.clone().unwrap_or_default();
    if selector != DiskSelectorSection::default() {
        Some(InstallTarget::Selector(selector))
    } else if disk.is_empty() {
        found.push(Finding::NoInstallDisk);
        None
    } else {
        Some(InstallTarget::Path(disk))
    }
}

fn machine_type(
    machine: &MachineSection,
    cluster: Option<&ClusterSection>,
    found: &mut Vec<Finding>,
) -> Option<MachineType> {
    let has_key = |pair: &Option<KeyPairSection>| {
        pair.as_ref()
            .is_some_and(|pair| !pair.key.expose().is_empty())
    };
    let has_certificate =
        |pair: &KeyPairSection| pair.crt.as_ref().is_some_and(|crt| !crt.is_empty());
    if !machine
        .ca
        .iter()
        .chain(&machine.accepted_cas)
        .any(has_certificate)
    {
        found.push(Finding::NoMachineCa);
    }
    match machine.machine_type.as_deref().unwrap_or_default() {
        "controlplane" | "init" => {
            if !has_key(&machine.ca) {
                found.push(Finding::NoMachineCaKey);
            }
            Some(MachineType::ControlPlane)
        }
        "worker" => {
            let has_cluster_key = cluster.is_some_and(|cluster| has_key(&cluster.ca));
            let has_etcd = cluster.is_some_and(|cluster| cluster.etcd.is_some());
            let not_allowed = [
                (has_etcd, Finding::WorkerHasEtcd),
                (has_cluster_key, Finding::WorkerHasClusterKey),
                (has_key(&machine.ca), Finding::WorkerHasMachineCaKey),
                (has_cluster_key, Finding::WorkerHasClusterCaKey),
            ];
            let has = not_allowed.into_iter().filter(|(has, _)| *has);
            found.extend(has.map(|(_, finding)| finding));
            Some(MachineType::Worker)
        }
        other => {
            found.push(Finding::UnknownMachineType {
                got: other.to_owned(),
            });
            None
        }
    }
}

/// The PEM texts of the accepted certificates and of the key.
fn certificates(machine: &MachineSection, found: &mut Vec<Finding>) -> (Vec<String>, String) {
    let mut pem = |path: &'static str, text: &str| {
        let decoded = STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.filter(|text| text.starts_with("-----BEGIN "));
        if decoded.is_none() {
            found.push(Finding::NotPem { path });
        }
        decoded.unwrap_or_default()
    };
    let mut accepted = Vec::new();
    let own = machine.ca.iter().map(|pair| ("machine.ca.crt", pair));
    let others = machine
        .accepted_cas
        .iter()
        .map(|pair| ("machine.acceptedCAs.crt", pair));
    for (path, pair) in own.chain(others) {
        if let Some(crt) = pair.crt.as_deref().filter(|crt| !crt.is_empty()) {
            accepted.push(pem(path, crt));
        }
    }
    let key = machine
        .ca
        .as_ref()
        .map(|pair| pair.key.expose())
        .unwrap_or_default();
    let key = if key.is_empty() {
        String::new()
    } else {
        pem("machine.ca.key", key)
    };
    (accepted, key)
}

fn destinations(event_sink: Option<&str>, kernel_logs: &[String], found: &mut Vec<Finding>) {
    let has_port = |text: &str| {
        text.rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    };
    if let Some(got) = event_sink.filter(|sink| !has_port(sink)) {
        found.push(Finding::BadDestination {
            kind: "EventSinkConfig",
            got: got.to_owned(),
        });
    }
    for url in kernel_logs {
        let rest = url
            .strip_prefix("tcp://")
            .or_else(|| url.strip_prefix("udp://"));
        if !rest.is_some_and(|rest| has_port(rest.trim_end_matches('/'))) {
            found.push(Finding::BadDestination {
                kind: "KmsgLogConfig",
                got: url.clone(),
            });
        }
    }
}
