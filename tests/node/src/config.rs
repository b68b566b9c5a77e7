//! A machine config, and how its YAML documents are loaded as Talos 1.13 loads them.
//!
//! A config that was accepted ([`accept`](crate::validation::accept)) is a [`MachineConfig`]; a node
//! gets none in another way. Its bytes are kept as they came, for STATE.

use crate::config_document::keys::{CLUSTER_KEYS, KINDS, MACHINE_KEYS, MAIN_KEYS};
use crate::config_document::{
    EventSinkDocument, HostnameDocument, KernelLogDocument, LogDestinationSection, MainDocument,
    Secret,
};
use crate::config_error::ConfigLoadError;
use crate::disk::InstallTarget;
use crate::endpoint::Endpoint;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Which of the two kinds of machine this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineType {
    /// `controlplane` (and the older `init`).
    ControlPlane,
    /// `worker`.
    Worker,
}

/// An image of Kubernetes that the config names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesImage {
    /// Of what: `kubelet`, `kube-apiserver`.
    pub component: &'static str,
    /// The image.
    pub reference: String,
}

/// What the node does with the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineConfig {
    /// `machine.type`.
    pub machine_type: MachineType,
    /// `machine.token`.
    pub token: Secret,
    /// The certificates that a client's must chain to, PEM.
    pub accepted_cas: Vec<String>,
    /// The key of the Talos API's CA, PEM; on control planes only.
    pub ca_key: Secret,
    /// `machine.certSANs`.
    pub cert_sans: Vec<String>,
    /// `machine.install`.
    pub install: InstallTarget,
    /// The images of Kubernetes that are named, in Talos's order.
    pub kubernetes: Vec<KubernetesImage>,
    /// `cluster.controlPlane.endpoint`.
    pub endpoint: Endpoint,
    /// `HostnameConfig.hostname`.
    pub hostname: Option<String>,
    /// `EventSinkConfig.endpoint`.
    pub event_sink: Option<String>,
    /// Each `KmsgLogConfig.url`.
    pub kernel_logs: Vec<String>,
    /// `machine.logging.destinations`.
    pub service_logs: Vec<LogDestinationSection>,
}

/// The documents of a config, before validation.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// The `v1alpha1` document, if there is one.
    pub main: Option<MainDocument>,
    /// `HostnameConfig`.
    pub hostname: Option<HostnameDocument>,
    /// `EventSinkConfig`.
    pub event_sink: Option<EventSinkDocument>,
    /// Each `KmsgLogConfig`.
    pub kernel_logs: Vec<KernelLogDocument>,
}

/// Loads: every document known, none twice, no unknown keys.
pub fn load(bytes: &[u8]) -> Result<Documents, ConfigLoadError> {
    let text = str::from_utf8(bytes).map_err(|_| ConfigLoadError::NotText)?;
    if text.trim().is_empty() {
        return Err(ConfigLoadError::Empty);
    }
    let values: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        ConfigLoadError::Yaml { line }
    })?;
    let mut loading = Loading::default();
    for (index, value) in (1..).zip(values) {
        loading.add(index, value)?;
    }
    if loading.seen.is_empty() {
        return Err(ConfigLoadError::Empty);
    }
    Ok(loading.documents)
}

#[derive(Default)]
struct Loading {
    documents: Documents,
    seen: BTreeSet<(String, String)>,
}

impl Loading {
    fn add(&mut self, index: usize, value: Value) -> Result<(), ConfigLoadError> {
        let Value::Object(document) = value else {
            return Err(ConfigLoadError::NotAMapping { index });
        };
        let text = |key: &str| {
            document
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (kind, name) = (text("kind").to_owned(), text("name").to_owned());
        if kind.is_empty() && !document.contains_key("version") {
            return Err(ConfigLoadError::NoKind { index });
        }
        if !kind.is_empty() && (!KINDS.contains(&kind.as_str()) || text("apiVersion") != "v1alpha1")
        {
            let version = text("apiVersion").to_owned();
            return Err(ConfigLoadError::UnknownKind {
                name,
                kind,
                version,
            });
        }
        if !self.seen.insert((kind.clone(), name.clone())) {
            let kind = if kind.is_empty() {
                "/v1alpha1".to_owned()
            } else {
                format!("v1alpha1/{kind}")
            };
            return Err(ConfigLoadError::Duplicate { kind, name });
        }
        self.keep(&kind, document)
    }

    fn keep(&mut self, kind: &str, document: Map<String, Value>) -> Result<(), ConfigLoadError> {
        match kind {
            "" => {
                refuse_unknown_keys(&document)?;
                self.documents.main = Some(read("v1alpha1", document)?);
            }
            "HostnameConfig" => self.documents.hostname = Some(read(kind, document)?),
            "EventSinkConfig" => self.documents.event_sink = Some(read(kind, document)?),
            "KmsgLogConfig" => self.documents.kernel_logs.push(read(kind, document)?),
            _ => {}
        }
        Ok(())
    }
}

fn refuse_unknown_keys(document: &Map<String, Value>) -> Result<(), ConfigLoadError> {
    let mut unknown = without(document, MAIN_KEYS);
    for (section, known) in [("machine", MACHINE_KEYS), ("cluster", CLUSTER_KEYS)] {
        if let Some(Value::Object(entries)) = document.get(section) {
            let below = without(entries, known);
            if !below.is_empty() {
                unknown.insert(section.to_owned(), Value::Object(below));
            }
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(ConfigLoadError::UnknownKeys {
        document: "/v1alpha1/".to_owned(),
        keys: serde_saphyr::to_string(&unknown).unwrap_or_default(),
    })
}

/// The entries whose keys are not known.
fn without(entries: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    entries
        .iter()
        .filter(|(key, _)| !known.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Reads a document into its struct. The parser's own words are not passed on: they quote values.
fn read<T: DeserializeOwned>(
    kind: &str,
    document: Map<String, Value>,
) -> Result<T, ConfigLoadError> {
    serde_json::from_value(Value::Object(document)).map_err(|error| {
        let words = error.to_string();
        match words
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.split_once('`'))
        {
            Some((key, _)) => ConfigLoadError::UnknownKeys {
                document: kind.to_owned(),
                keys: key.to_owned(),
            },
            None => ConfigLoadError::WrongType {
                path: kind.to_owned(),
            },
        }
    })
}
