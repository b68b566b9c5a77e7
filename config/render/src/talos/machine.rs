//! Machine configs: the base that Talos' own generator makes, and what a machine is really handed.
//!
//! The base says nothing of a disk, and a node refuses to install from it. What a machine gets
//! names its disk by an identity that does not move, the image to install, and where to report:
//! as documents, because an installed system does not keep the kernel line of its network boot.

use std::net::SocketAddr;

use machine_core::cluster::Role;
use machine_core::disk::DiskIdentity;
use machine_core::id::AttemptId;
use machine_core::secret::Secret;
use semver::Version;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::os::Artefact;
use crate::talos::cluster::{ClusterError, ClusterInput};
use crate::talos::contract::{KubernetesRange, TalosContract, UnknownContract};
use crate::talos::secrets::SecretsError;
use crate::talos::sections::{MachineSections, v1alpha1};
use crate::yaml::{self, Mapping};

/// A config that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderError {
    /// There is no contract for this version of Talos.
    #[error(transparent)]
    Contract(#[from] UnknownContract),
    /// A fact of the cluster cannot go into a config.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The role is neither of the two.
    #[error("role: wanted controlplane or worker, got {got:?}")]
    Role {
        /// What came, at most its first 64 characters.
        got: String,
    },
    /// A node of this Talos version refuses this version of Kubernetes.
    #[error("kubernetes: wanted {range}, which Talos {contract} runs, got {got}")]
    Kubernetes {
        /// The contract of the Talos version.
        contract: TalosContract,
        /// What it runs.
        range: KubernetesRange,
        /// What came.
        got: String,
    },
    /// The endpoint has no port: a machine would look for the Kubernetes API at 443.
    #[error("cluster endpoint: wanted a port, as in {endpoint}:6443")]
    EndpointWithoutPort {
        /// The endpoint.
        endpoint: String,
    },
    /// The installer is not an image reference.
    #[error("installer: wanted an image such as ghcr.io/siderolabs/installer:v1.13.9, got {got:?}")]
    Installer {
        /// What came, at most its first 128 characters.
        got: String,
    },
    /// The host name is not one.
    #[error(
        "host name: wanted letters, digits and hyphens, 63 in a label and 253 in all, got {got:?}"
    )]
    Hostname {
        /// What came, at most its first 128 characters.
        got: String,
    },
    /// The disk is not named by what one disk has.
    #[error("disk: wanted the serial or wwn of one disk, got {got}")]
    Disk {
        /// What came.
        got: String,
    },
    /// A receiver's address has port 0.
    #[error("{receiver}: wanted an address with a port, got {got}")]
    Receiver {
        /// Which receiver.
        receiver: &'static str,
        /// What came.
        got: SocketAddr,
    },
}

/// What is particular to one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineInput {
    /// What it becomes.
    pub role: Role,
    /// The one disk that is erased for it.
    pub disk: DiskIdentity,
    /// The image that installs Talos, such as `ghcr.io/siderolabs/installer:v1.13.9`.
    pub installer: String,
    /// Who receives its events (plaintext gRPC).
    pub event_sink: SocketAddr,
    /// Who receives its kernel log (TCP).
    pub kernel_log: SocketAddr,
    /// Who receives its services' logs (TCP); they carry the attempt.
    pub service_log: SocketAddr,
    /// The attempt this config belongs to: the proof which config a node runs.
    pub attempt: AttemptId,
    /// Its host name; without one Talos derives a stable name from its identity.
    pub hostname: Option<String>,
    /// Further names and addresses that its Talos API certificate holds for.
    pub certificate_names: Vec<String>,
}

/// The documents of a config, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents(Vec<Mapping>);

impl Documents {
    /// The documents as Talos writes them, separated by `---`.
    pub fn to_yaml(&self) -> Zeroizing<String> {
        yaml::stream(&self.0)
    }

    /// Each document in order.
    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.0.iter()
    }
}

/// The base config of a role: byte for byte what Talos' own generator makes of the same input.
pub fn generate(cluster: &ClusterInput<'_>, role: Role) -> Documents {
    let own = MachineSections::default();
    Documents(vec![v1alpha1(cluster, role, &own), hostname(None)])
}

/// What `machine` is handed: a config that Talos accepts in metal mode.
pub fn render(cluster: &ClusterInput<'_>, machine: &MachineInput) -> Result<Artefact, RenderError> {
    check(cluster, machine)?;
    let own = MachineSections {
        certificate_names: machine.certificate_names.clone(),
        install: install(machine)?,
        logging: Some(logging(machine)),
    };
    let documents = Documents(vec![
        v1alpha1(cluster, machine.role, &own),
        hostname(machine.hostname.as_deref()),
        event_sink(machine.event_sink),
        kernel_log(machine.kernel_log),
    ]);
    Ok(Artefact {
        name: MACHINE_CONFIG,
        media_type: "application/yaml",
        body: Secret::new(documents.to_yaml().as_bytes().to_vec()),
    })
}

fn install(machine: &MachineInput) -> Result<Mapping, RenderError> {
    let selector = match &machine.disk {
        DiskIdentity::Serial(serial) => Mapping::new().with("serial", serial.as_str()),
        DiskIdentity::Wwn(wwn) => Mapping::new().with("wwid", wwn.as_str()),
        DiskIdentity::Unusable(got) => return Err(RenderError::Disk { got: got.clone() }),
    };
    Ok(Mapping::new()
        .with("diskSelector", selector)
        .with("image", machine.installer.as_str()))
}

/// Every line carries the attempt, so a node says which config it runs by logging at all.
fn logging(machine: &MachineInput) -> Mapping {
    let tags = Mapping::new().with(AttemptId::LOG_TAG, machine.attempt.to_string());
    let destination = Mapping::new()
        .with("endpoint", format!("tcp://{}", machine.service_log))
        .with("format", "json_lines")
        .with("extraTags", tags);
    Mapping::new().with("destinations", vec![destination])
}

/// A name excludes `auto` (talos `config/types/network/hostname.go`, `Validate`).
fn hostname(name: Option<&str>) -> Mapping {
    match name {
        None => companion("HostnameConfig").with("auto", "stable"),
        Some(name) => companion("HostnameConfig").with("hostname", name),
    }
}

fn event_sink(receiver: SocketAddr) -> Mapping {
    companion("EventSinkConfig").with("endpoint", receiver.to_string())
}

fn kernel_log(receiver: SocketAddr) -> Mapping {
    companion("KmsgLogConfig")
        .with("name", "drover")
        .with("url", format!("tcp://{receiver}"))
}

fn companion(kind: &str) -> Mapping {
    Mapping::new()
        .with("apiVersion", "v1alpha1")
        .with("kind", kind)
}

/// Refuses a version of Kubernetes that a node of this version of Talos refuses.
pub(crate) fn check_kubernetes(
    contract: TalosContract,
    kubernetes: &Version,
) -> Result<(), RenderError> {
    let range = contract.kubernetes();
    if range.contains(kubernetes) {
        return Ok(());
    }
    Err(RenderError::Kubernetes {
        contract,
        range,
        got: kubernetes.to_string(),
    })
}

/// What Talos' generator accepts, but a machine would not boot with.
fn check(cluster: &ClusterInput<'_>, machine: &MachineInput) -> Result<(), RenderError> {
    check_kubernetes(cluster.contract, &cluster.kubernetes)?;
    if cluster.endpoint.port().is_none() {
        return Err(RenderError::EndpointWithoutPort {
            endpoint: cluster.endpoint.as_str().trim_end_matches('/').to_owned(),
        });
    }
    if !is_image(&machine.installer) {
        return Err(RenderError::Installer {
            got: machine.installer.chars().take(128).collect(),
        });
    }
    if let Some(name) = &machine.hostname
        && !is_hostname(name)
    {
        return Err(RenderError::Hostname {
            got: name.chars().take(128).collect(),
        });
    }
    for (receiver, address) in [
        ("event sink", machine.event_sink),
        ("kernel log", machine.kernel_log),
        ("service log", machine.service_log),
    ] {
        if address.port() == 0 {
            return Err(RenderError::Receiver {
                receiver,
                got: address,
            });
        }
    }
    Ok(())
}

/// Whether a text can name a container image, as far as its characters go.
pub fn is_image(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"./:@_-".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// RFC 1123 §2.1.
fn is_hostname(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// The name of the one document that a machine fetches.
pub const MACHINE_CONFIG: &str = "config";
