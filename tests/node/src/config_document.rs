//! The documents of a config as they stand in YAML: the parts that the stand-in reads. The names of
//! everything else that Talos 1.13 accepts there are in [`keys`].
//!
//! Talos refuses unknown keys anywhere. Here that holds for the top level, `machine`, `cluster`, the
//! sections read below them, and the documents read; what is inside the other sections is not looked at.

pub mod keys;

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The `v1alpha1` document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MainDocument {
    /// `persist`, true if absent.
    pub persist: Option<bool>,
    /// `machine`.
    pub machine: Option<MachineSection>,
    /// `cluster`.
    pub cluster: Option<ClusterSection>,
}

/// `machine`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MachineSection {
    /// `type`.
    #[serde(rename = "type")]
    pub machine_type: Option<String>,
    /// `token`, which a worker shows to trustd.
    pub token: Secret,
    /// `ca`.
    pub ca: Option<KeyPairSection>,
    /// `acceptedCAs`.
    #[serde(rename = "acceptedCAs")]
    pub accepted_cas: Vec<KeyPairSection>,
    /// `certSANs`.
    #[serde(rename = "certSANs")]
    pub cert_sans: Vec<String>,
    /// `kubelet`.
    pub kubelet: Option<ImageSection>,
    /// `install`.
    pub install: Option<InstallSection>,
    /// `logging`.
    pub logging: Option<LoggingSection>,
}

/// `cluster`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterSection {
    /// `controlPlane`.
    pub control_plane: Option<ControlPlaneSection>,
    /// `ca`.
    pub ca: Option<KeyPairSection>,
    /// `apiServer`.
    pub api_server: Option<ImageSection>,
    /// `controllerManager`.
    pub controller_manager: Option<ImageSection>,
    /// `scheduler`.
    pub scheduler: Option<ImageSection>,
    /// `etcd`. What is in it is not looked at.
    pub etcd: Option<Value>,
}

/// A section that names the image of a part of Kubernetes; what else is in it is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ImageSection {
    /// `image`.
    pub image: Option<String>,
}

/// `cluster.controlPlane`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ControlPlaneSection {
    /// `endpoint`.
    pub endpoint: Option<String>,
    /// `localAPIServerPort`.
    #[serde(rename = "localAPIServerPort")]
    pub local_api_server_port: Option<u16>,
}

/// A certificate and its key, each base64 of PEM.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPairSection {
    /// `crt`.
    pub crt: Option<String>,
    /// `key`.
    pub key: Secret,
}

/// `machine.install`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct InstallSection {
    /// `disk`.
    pub disk: Option<String>,
    /// `diskSelector`; it wins over `disk`.
    pub disk_selector: Option<DiskSelectorSection>,
    /// `extraKernelArgs`.
    pub extra_kernel_args: Vec<String>,
    /// `image`.
    pub image: Option<String>,
    /// `extensions`.
    pub extensions: Vec<Value>,
    /// `wipe`.
    pub wipe: Option<bool>,
    /// `legacyBIOSSupport`.
    #[serde(rename = "legacyBIOSSupport")]
    pub legacy_bios_support: Option<bool>,
    /// `grubUseUKICmdline`.
    #[serde(rename = "grubUseUKICmdline")]
    pub grub_use_uki_cmdline: Option<bool>,
}

/// `machine.install.diskSelector`.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct DiskSelectorSection {
    /// `size`, such as ">= 100GB". Not matched by the stand-in: a selector with it picks no disk.
    pub size: Option<Value>,
    /// `name`.
    pub name: Option<String>,
    /// `model`.
    pub model: Option<String>,
    /// `serial`.
    pub serial: Option<String>,
    /// `modalias`.
    pub modalias: Option<String>,
    /// `uuid`.
    pub uuid: Option<String>,
    /// `wwid`.
    pub wwid: Option<String>,
    /// `type`. Not matched either.
    #[serde(rename = "type")]
    pub disk_type: Option<String>,
    /// `busPath`.
    pub bus_path: Option<String>,
}

/// `machine.logging`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoggingSection {
    /// `destinations`.
    pub destinations: Vec<LogDestinationSection>,
}

/// One of `machine.logging.destinations`.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct LogDestinationSection {
    /// `endpoint`: `tcp://host:port` or `udp://host:port`.
    pub endpoint: String,
    /// `format`; only `json_lines` exists.
    pub format: String,
    /// `extraTags`: merged into each line.
    pub extra_tags: BTreeMap<String, String>,
}

/// `HostnameConfig`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct HostnameDocument {
    /// Always v1alpha1.
    pub api_version: String,
    /// Always `HostnameConfig`.
    pub kind: String,
    /// `stable` or `off`.
    pub auto: Option<String>,
    /// A fixed name.
    pub hostname: Option<String>,
}

/// `EventSinkConfig`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct EventSinkDocument {
    /// Always v1alpha1.
    pub api_version: String,
    /// Always `EventSinkConfig`.
    pub kind: String,
    /// `host:port`.
    pub endpoint: String,
}

/// `KmsgLogConfig`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct KernelLogDocument {
    /// Always v1alpha1.
    pub api_version: String,
    /// Always `KmsgLogConfig`.
    pub kind: String,
    /// Distinguishes several.
    pub name: String,
    /// `tcp://host:port` or `udp://host:port`.
    pub url: String,
}

/// A text that is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
pub struct Secret(String);

impl From<Option<String>> for Secret {
    fn from(text: Option<String>) -> Self {
        Self(text.unwrap_or_default())
    }
}

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "Secret(empty)"
        } else {
            "Secret(..)"
        })
    }
}
