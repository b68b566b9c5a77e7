//! A machine's config, rendered from its attempt: the same attempt gives the same bytes.

use std::net::IpAddr;

use config_render::talos::cluster::ClusterInput;
use config_render::talos::contract::TalosContract;
use config_render::talos::machine::{MachineInput, render};
use machine_core::attempt::Attempt;
use machine_core::cluster::Cluster;
use machine_core::machine::Machine;

use crate::cluster_secrets::open_secrets;
use crate::error::StepError;
use crate::records::Records;

/// A rendered config: it holds secrets, and is wiped when it was sent.
pub struct Rendered {
    /// Its bytes.
    pub body: zeroize::Zeroizing<Vec<u8>>,
    /// Its media type.
    pub media_type: &'static str,
}

/// The bytes stay out of it.
impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered")
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Rendered {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.body
    }
}

/// The image that installs this version of Talos.
pub fn installer(talos: &str) -> String {
    format!("ghcr.io/siderolabs/installer:v{talos}")
}

/// The config of an attempt, with our address as `peer` reaches it.
pub async fn render_config(
    records: &Records,
    attempt: &Attempt,
    machine: &Machine,
    cluster: &Cluster,
    peer: IpAddr,
) -> Result<Rendered, StepError> {
    let secrets = open_secrets(records, cluster.id).await?;
    let contract: TalosContract = cluster.spec.talos.parse()?;
    let failed = |why: String| StepError::Render { why };
    let spec = &cluster.spec;
    let input = ClusterInput::new(
        &spec.name,
        &spec.endpoint,
        &spec.kubernetes,
        contract,
        &secrets,
    )
    .map_err(|error| failed(error.to_string()))?;
    let server = |port| {
        let outside = || StepError::Outside(format!("{peer} is in none of the subnets"));
        records.server_for(peer, port).ok_or_else(outside)
    };
    let machine = MachineInput {
        role: attempt.assignment.role,
        disk: attempt.assignment.disk.clone(),
        installer: installer(&spec.talos),
        event_sink: server(records.ports.event_sink)?,
        kernel_log: server(records.ports.log)?,
        service_log: server(records.ports.log)?,
        attempt: attempt.id,
        hostname: Some(machine.name.clone()),
        certificate_names: Vec::new(),
    };
    let rendered = render(&input, &machine).map_err(|error| failed(error.to_string()))?;
    Ok(Rendered {
        body: zeroize::Zeroizing::new(rendered.bytes().to_vec()),
        media_type: rendered.media_type(),
    })
}
