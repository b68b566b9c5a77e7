//! What a machine fetches, made from its attempt: the same attempt gives the same bytes.

use std::net::IpAddr;

use config_render::os::{Artefact, Need, NodeFacts, Os, Receivers};
use machine_core::attempt::Attempt;
use machine_core::cluster::Cluster;
use machine_core::machine::Machine;

use crate::clusters::secrets::open_text;
use crate::error::StepError;
use crate::hindrance::image_of;
use crate::site::Site;

/// All artefacts of an attempt, with our address as `peer` reaches it.
pub async fn artefacts(
    site: &Site,
    os: &dyn Os,
    attempt: &Attempt,
    (machine, cluster): (&Machine, &Cluster),
    peer: IpAddr,
) -> Result<Vec<Artefact>, StepError> {
    let secrets = if os.needs().contains(&Need::Secrets) {
        Some(open_text(site, cluster.id).await?)
    } else {
        None
    };
    let assignment = &attempt.assignment;
    let arch = machine.hardware.arch;
    let image = arch.and_then(|arch| image_of(&site.images, &cluster.spec, arch));
    let facts = NodeFacts {
        cluster: &cluster.spec,
        secrets: secrets.as_ref(),
        role: assignment.role,
        disk: &assignment.disk,
        hostname: Some(&machine.name),
        attempt: attempt.id,
        installer: image.and_then(|it| it.installer.as_deref()),
        receivers: receivers(site, peer)?,
    };
    os.documents(&facts).map_err(|error| StepError::Render {
        why: error.to_string(),
    })
}

fn receivers(site: &Site, peer: IpAddr) -> Result<Receivers, StepError> {
    let server = |port| {
        let outside = || StepError::Outside(format!("{peer} is in none of the subnets"));
        site.server_for(peer, port).ok_or_else(outside)
    };
    let log = server(site.ports.log)?;
    Ok(Receivers {
        event_sink: server(site.ports.event_sink)?,
        kernel_log: log,
        service_log: log,
    })
}
