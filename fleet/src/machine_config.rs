//! What a machine fetches, made from its attempt: the same attempt gives the same bytes.

use std::net::{IpAddr, SocketAddr};

use config_render::os::{Artefact, Need, NodeFacts, Os, Receivers};
use machine_core::attempt::Attempt;
use machine_core::cluster::Cluster;
use machine_core::id::AttemptId;
use machine_core::machine::Machine;
use machine_core::secret::Secret;

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
    let reports = reports(site, attempt.id, peer)?;
    let facts = NodeFacts {
        cluster: &cluster.spec,
        secrets: secrets.as_ref(),
        role: assignment.role,
        disk: &assignment.disk,
        hostname: Some(&machine.name),
        attempt: attempt.id,
        installer: image.and_then(|it| it.installer.as_deref()),
        receivers: receivers(site, peer)?,
        reports: &reports,
    };
    os.documents(&facts).map_err(|error| StepError::Render {
        why: error.to_string(),
    })
}

/// Where the system of an attempt reports by HTTP: the route of the boot plane's HTTP server.
fn reports(site: &Site, attempt: AttemptId, peer: IpAddr) -> Result<Secret, StepError> {
    let http = server(site, peer, site.ports.http)?;
    let token = site.tokens.mint(attempt);
    Ok(Secret::new(format!("http://{http}/c/{token}/report")))
}

/// Our address, as `peer` reaches it.
fn server(site: &Site, peer: IpAddr, port: u16) -> Result<SocketAddr, StepError> {
    let outside = || StepError::Outside(format!("{peer} is in none of the subnets"));
    site.server_for(peer, port).ok_or_else(outside)
}

fn receivers(site: &Site, peer: IpAddr) -> Result<Receivers, StepError> {
    let log = server(site, peer, site.ports.log)?;
    Ok(Receivers {
        event_sink: server(site, peer, site.ports.event_sink)?,
        kernel_log: log,
        service_log: log,
    })
}
