//! A base config from texts, as they stand on a command line: `drover config generate`, which needs
//! no daemon.

use std::fmt;

use machine_core::os::parse_version;
use zeroize::Zeroizing;

use crate::talos::cluster::ClusterInput;
use crate::talos::contract::TalosContract;
use crate::talos::machine::{RenderError, check_kubernetes, generate};
use crate::talos::secrets::SecretsBundle;

/// What [`generate_base`] is given, as it stands on a command line.
#[derive(Clone, Copy)]
pub struct GenerateRequest<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The URL of its Kubernetes API.
    pub endpoint: &'a str,
    /// The version of Kubernetes.
    pub kubernetes: &'a str,
    /// The contract, or a version of Talos.
    pub contract: &'a str,
    /// `controlplane` or `worker`.
    pub role: &'a str,
    /// The secrets bundle, as YAML.
    pub secrets: &'a str,
}

impl fmt::Debug for GenerateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerateRequest")
            .field("cluster", &self.cluster)
            .field("endpoint", &self.endpoint)
            .field("kubernetes", &self.kubernetes)
            .field("contract", &self.contract)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// The base config that the request asks for.
pub fn generate_base(request: &GenerateRequest<'_>) -> Result<Zeroizing<String>, RenderError> {
    let contract: TalosContract = request.contract.parse()?;
    let role = request.role.parse().map_err(|_| RenderError::Role {
        got: request.role.chars().take(64).collect(),
    })?;
    let secrets = SecretsBundle::from_yaml(request.secrets)?;
    let cluster = ClusterInput::new(
        request.cluster,
        request.endpoint,
        request.kubernetes,
        contract,
        &secrets,
    )?;
    Ok(generate(&cluster, role).to_yaml())
}

/// Why no machine would run with the config that was asked for, although Talos' own generator makes
/// it: it knows the name of a version, and which it runs a node says only when it has booted.
pub fn caveat(request: &GenerateRequest<'_>) -> Option<RenderError> {
    let contract: TalosContract = request.contract.parse().ok()?;
    let kubernetes = parse_version(request.kubernetes).ok()?;
    check_kubernetes(contract, &kubernetes).err()
}
