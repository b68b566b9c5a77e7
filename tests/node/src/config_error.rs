//! Why a config is refused: at load (it is not a config) or at validation (it is not a good one).
//!
//! Talos reports the two by different events, `ConfigLoadErrorEvent` and
//! `ConfigValidationErrorEvent`. The texts here quote no value of the config: it holds secrets.

use thiserror::Error;

/// Refused while loading.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigLoadError {
    /// No document at all: an empty body.
    #[error("no configuration documents")]
    Empty,
    /// Not UTF-8.
    #[error("configuration is not UTF-8 text")]
    NotText,
    /// Not YAML, or a key twice in one mapping.
    #[error("error decoding YAML near line {line}")]
    Yaml {
        /// Where the parser stopped, 0 if it does not say.
        line: u64,
    },
    /// A document is not a mapping.
    #[error("document {index} is not a mapping")]
    NotAMapping {
        /// Which document, from 1.
        index: usize,
    },
    /// Neither `version` nor `kind`.
    #[error("document {index} has no kind")]
    NoKind {
        /// Which document, from 1.
        index: usize,
    },
    /// A kind that Talos 1.13 does not have.
    #[error("document {index}: {kind:?} {version:?} is not registered")]
    UnknownKind {
        /// Which document, from 1.
        index: usize,
        /// Its kind.
        kind: String,
        /// Its apiVersion.
        version: String,
    },
    /// Keys that the document does not have.
    #[error("unknown keys found during decoding: {}", keys.join(", "))]
    UnknownKeys {
        /// Their paths.
        keys: Vec<String>,
    },
    /// Two documents of one kind and name.
    #[error("duplicate document: {kind} {name:?}")]
    Duplicate {
        /// Their kind.
        kind: String,
        /// Their name, "" if the kind has none.
        name: String,
    },
    /// A key holds another type than it should.
    #[error("{path} does not hold what it should")]
    WrongType {
        /// The key's path.
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
    #[error("cluster controlplane endpoint {got:?} is not an URL with a host")]
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
    /// A worker with the key of `machine.ca`.
    #[error("issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)")]
    WorkerHasMachineCaKey,
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

/// Refused by validation, with everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} errors occurred: {}", findings.len(), self.list())]
pub struct ConfigValidationError {
    /// Never empty.
    pub findings: Vec<Finding>,
}

impl ConfigValidationError {
    fn list(&self) -> String {
        self.findings
            .iter()
            .map(Finding::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Either way of refusing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigRefused {
    /// At load.
    #[error(transparent)]
    Load(#[from] ConfigLoadError),
    /// At validation.
    #[error(transparent)]
    Validation(#[from] ConfigValidationError),
}
