//! Why a config is refused: at load (it is not a config), at validation (it is not a good one), or by
//! what the machine is.
//!
//! Talos 1.13.9 reports all of them by `ConfigLoadErrorEvent`, in the words that are here where they
//! were seen. They quote no value of the config, which holds secrets, but for one exception that
//! Talos makes: a key that it does not know is quoted with its value.

use crate::disk::NoSuchDisk;
use thiserror::Error;

/// Refused while loading.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigLoadError {
    /// No document at all: an empty body.
    #[error("config not found")]
    Empty,
    /// Not UTF-8.
    #[error("decode error: yaml: invalid UTF-8")]
    NotText,
    /// Not YAML, or a key twice in one mapping.
    #[error("decode error: yaml: near line {line}")]
    Yaml {
        /// Where the parser stopped, 0 if it does not say.
        line: u64,
    },
    /// A document is not a mapping.
    #[error("expected a YAML document, document {index} is none")]
    NotAMapping {
        /// Which document, from 1.
        index: usize,
    },
    /// Neither `version` nor `kind`.
    #[error("error decoding document {index}: missing kind")]
    NoKind {
        /// Which document, from 1.
        index: usize,
    },
    /// A kind that Talos 1.13 does not have.
    #[error(
        "error decoding document {version}/{kind}/{name}: {kind:?} {version:?}: not registered"
    )]
    UnknownKind {
        /// Its name.
        name: String,
        /// Its kind.
        kind: String,
        /// Its apiVersion.
        version: String,
    },
    /// Keys that the document does not have.
    #[error("error decoding document {document}: unknown keys found during decoding:\n{keys}")]
    UnknownKeys {
        /// Which document: `/v1alpha1/`, or its kind.
        document: String,
        /// The keys as YAML, with their values.
        keys: String,
    },
    /// Two documents of one kind and name.
    #[error("duplicate document {kind}/{name} is not allowed")]
    Duplicate {
        /// Their kind.
        kind: String,
        /// Their name, "" if the kind has none.
        name: String,
    },
    /// A key holds another type than it should.
    #[error("error decoding document {path}: a key does not hold what it should")]
    WrongType {
        /// The document.
        path: String,
    },
}

/// One thing that validation found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Finding {
    /// No `machine`.
    #[error("machine instructions are required")]
    NoMachine,
    /// No `cluster`.
    #[error("cluster instructions are required")]
    NoCluster,
    /// No `cluster.controlPlane.endpoint`.
    #[error("cluster controlplane endpoint is required (.cluster.controlPlane.endpoint)")]
    NoEndpoint,
    /// The endpoint is not `https://host:port`.
    #[error("invalid controlplane endpoint: hostname must not be blank")]
    BadEndpoint {
        /// What stands there.
        got: String,
    },
    /// `machine.type` is absent or none of Talos's.
    #[error("unknown machine type {got:?}")]
    UnknownMachineType {
        /// What stands there.
        got: String,
    },
    /// Neither `machine.ca` nor `machine.acceptedCAs`.
    #[error("issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)")]
    NoMachineCa,
    /// A control plane without the key of `machine.ca`.
    #[error("issuing CA key is required for controlplane nodes (.machine.ca.key)")]
    NoMachineCaKey,
    /// A worker with `cluster.etcd`.
    #[error("etcd config is only allowed on control plane machines")]
    WorkerHasEtcd,
    /// A worker with the key of `machine.ca`.
    #[error("issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)")]
    WorkerHasMachineCaKey,
    /// A worker with the key of `cluster.ca`: Talos says it twice.
    #[error("cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)")]
    WorkerHasClusterKey,
    /// A worker with the key of `cluster.ca`.
    #[error("issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)")]
    WorkerHasClusterCaKey,
    /// A certificate or key that is not base64 of PEM.
    #[error("{path} is not base64 of PEM")]
    NotPem {
        /// Which.
        path: &'static str,
    },
    /// No `machine.token`.
    #[error("machine token is required (.machine.token)")]
    NoMachineToken,
    /// No `machine.install` (refused in metal mode up to 1.13).
    #[error("install instructions are required in \"metal\" mode")]
    NoInstall,
    /// Neither a disk nor a selector.
    #[error("either install disk or diskSelector should be defined")]
    NoInstallDisk,
    /// `extraKernelArgs` beside `grubUseUKICmdline`.
    #[error("install.extraKernelArgs and install.grubUseUKICmdline can't be used together")]
    KernelArgumentsBesideUki,
    /// `persist: false`.
    #[error(".persist should be enabled")]
    NotPersistent,
    /// An event sink or log destination that cannot be one.
    #[error("{kind}: {got:?} is no destination")]
    BadDestination {
        /// The document.
        kind: &'static str,
        /// What stands there.
        got: String,
    },
}

/// One thing that does not fit the machine.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuntimeFinding {
    /// No disk is meant.
    #[error(transparent)]
    Disk(#[from] NoSuchDisk),
    /// A Kubernetes that this Talos does not run.
    #[error(
        "{component} image is not valid: version of Kubernetes {version} is {is} to be used with \
         Talos 1.13.9"
    )]
    Kubernetes {
        /// Whose image.
        component: &'static str,
        /// Its version.
        version: String,
        /// "too old" or "too new".
        is: &'static str,
    },
}

/// Refused by validation, with everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", errors(findings))]
pub struct ConfigValidationError {
    /// Never empty.
    pub findings: Vec<Finding>,
}

/// Refused by what the machine is, with everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", errors(findings))]
pub struct ConfigRuntimeError {
    /// Never empty.
    pub findings: Vec<RuntimeFinding>,
}

/// A list of errors as Talos prints it: one in another.
fn errors(findings: &[impl ToString]) -> String {
    let count = match findings.len() {
        1 => "1 error".to_owned(),
        many => format!("{many} errors"),
    };
    let lines = findings
        .iter()
        .map(|finding| format!("\t* {}\n", finding.to_string()));
    format!(
        "1 error occurred:\n\t* v1alpha1.Config: {count} occurred:\n{}\n\n\n",
        lines.collect::<String>()
    )
}

/// Each way of refusing, as a node tells it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigRefused {
    /// At load.
    #[error("failed to load config via platform metal: {0}")]
    Load(#[from] ConfigLoadError),
    /// At validation.
    #[error("failed to validate config acquired via platform metal: {0}")]
    Validation(#[from] ConfigValidationError),
    /// By what the machine is.
    #[error("failed to runtime validate config acquired via platform metal: {0}")]
    Runtime(#[from] ConfigRuntimeError),
}
