//! Everything that has to be there before anything runs: records, keys, images, sockets.
//!
//! What can fail fails here, before anything is answered.

mod records;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use api_server::grpc;
use bmc_control::connect::Connector;
use bmc_control::limits::Limits;
use machine_core::network::{ClientKey, DhcpMode, Subnet};
use machine_store::commit::{CommitHandle, Committer};
use machine_store::exclusive::Exclusive;
use machine_store::location::Location;
use machine_store::{leases, reservations};
use pxe_server::assets::Assets;
use pxe_server::bind_error::BindError;
use pxe_server::boot_plane::{BootPlane, BootPlaneSettings, BoundPlane, Reservation, ServedSubnet};
use pxe_server::foreign_server::search::find_foreign_server;
use pxe_server::interface::Interface;
use pxe_server::loaders::{Loaders, MissingLoader};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::bound::records::Records;
use crate::clock::SystemClock;
use crate::descriptors;
use crate::host::{StateDirectory, this_process};
use crate::image_import::{import_images, look_at_images};
use crate::parts::PartEnded;
use crate::random::SystemRandomness;
use crate::settings::Settings;
use crate::start_error::StartError;
use fleet::boot_plane_view::BootPlaneView;
use fleet::boots::BootAnswers;
use fleet::node_reports::NodeReports;
use fleet::node_reports::neighbours::KernelNeighbours;
use fleet::nodes::TalosNodes;
use fleet::power::Power;
use fleet::reconcile::Reconciler;
use fleet::site::{Image, Ports, Site};
use fleet::status::Status;

/// Everything that has to be there before anything runs.
#[derive(Debug)]
pub struct Bound {
    /// What all parts share.
    pub site: Arc<Site>,
    /// What switches machines.
    pub power: Arc<Power>,
    /// What is known of them at the moment.
    pub status: Arc<Status>,
    /// The reconcile loop.
    pub reconciler: Arc<Reconciler>,
    /// What systems tell.
    pub reports: Arc<NodeReports>,
    /// The boot plane.
    pub plane: BoundPlane<BootAnswers>,
    /// Who answers boots there, and what was seen.
    pub boots: BootPlaneView,
    /// Where Talos' events come in.
    pub event_sinks: Vec<TcpListener>,
    /// Where Talos' logs come in.
    pub logs: Vec<TcpListener>,
    /// The socket of the API.
    pub api: UnixListener,
    /// The commit task, which runs already.
    pub committing: JoinHandle<()>,
    /// The lock on the database.
    pub exclusive: Exclusive,
}

/// The look at the images, on a thread of its own: a disk that hangs must not keep the daemon from
/// hearing that it shall stop.
async fn look_aside(settings: &Settings) -> Result<Vec<StartError>, StartError> {
    let settings = settings.clone();
    let looking = tokio::task::spawn_blocking(move || look_at_images(&settings));
    let ended = |error: tokio::task::JoinError| PartEnded {
        part: "the look at the images",
        why: error.to_string(),
    };
    Ok(looking.await.map_err(ended)?)
}

/// Looks whether an interface is served by nobody else, and makes and binds everything. It can be
/// dropped while it waits; what blocks in it ends by `stop`.
pub async fn bind(
    settings: &Settings,
    state: &StateDirectory,
    subnets: Vec<Subnet>,
    stop: &CancellationToken,
) -> Result<Bound, StartError> {
    let location = match &settings.database {
        Some(url) => url.parse()?,
        None => Location::SqliteFile(state.file("drover.db")),
    };
    let exclusive = Exclusive::take(&location, &this_process()).await?;
    // What people have to mend is told before anybody waits.
    StartError::all(look_aside(settings).await?)?;
    let interfaces = take_interfaces(&subnets)?;
    find_foreign_servers(settings, &subnets, &interfaces).await?;
    let records = Records::open(&location, state).await?;
    let (assets, images) = import_images(settings, state.file("images"), stop).await?;
    let (commit, committing) = Committer::spawn(records.db.clone());
    let site = site(settings, records, commit, (subnets, images));
    let power = Arc::new(Power::new(Arc::clone(&site)));
    let status = Arc::new(Status::default());
    let reconciler = Arc::new(Reconciler::new(
        Arc::clone(&site),
        Arc::clone(&power),
        Arc::clone(&status),
    ));
    let (heard, neighbours) = (reconciler.heard(), Arc::new(KernelNeighbours));
    let reports = Arc::new(NodeReports::new(Arc::clone(&site), heard, neighbours));
    let directory = BootAnswers::new(
        Arc::clone(&site),
        Arc::clone(&reconciler),
        Arc::clone(&reports),
    );
    let loaders = Arc::new(loaders(settings));
    let answers = directory.clone();
    let files = (Arc::new(assets), Arc::clone(&loaders));
    let plane = bind_plane(settings, interfaces, directory, (&site, files)).await?;
    let boots = BootPlaneView {
        answers,
        witness: plane.witness(),
        loaders,
    };
    let event_sinks = listen(&site.subnets, settings.event_sink_port).await?;
    let logs = listen(&site.subnets, settings.log_port).await?;
    let socket = state.file("drover.sock");
    let api = grpc::bind(&socket).map_err(|source| StartError::Listen {
        at: socket.display().to_string(),
        source,
    })?;
    Ok(Bound {
        site,
        power,
        status,
        reconciler,
        reports,
        plane,
        boots,
        event_sinks,
        logs,
        api,
        committing,
        exclusive,
    })
}

/// What all parts share.
fn site(
    settings: &Settings,
    records: Records,
    commit: CommitHandle,
    (subnets, images): (Vec<Subnet>, Vec<Image>),
) -> Arc<Site> {
    Arc::new(Site {
        db: records.db,
        commit,
        seal: records.seal,
        tokens: records.tokens,
        subnets,
        images,
        ports: Ports {
            http: settings.http_port,
            event_sink: settings.event_sink_port,
            log: settings.log_port,
        },
        config_request_timeout: settings.config_request_timeout,
        retention: settings.retention,
        readers: Arc::default(),
        wake: Arc::default(),
        clock: Arc::new(SystemClock),
        bmcs: Arc::new(Connector::new(Limits::DEFAULT)),
        nodes: Arc::new(TalosNodes),
        randomness: Arc::new(SystemRandomness),
    })
}

/// Holds the interfaces of the subnets, each once.
pub fn take_interfaces(subnets: &[Subnet]) -> Result<Vec<Interface>, BindError> {
    let names: BTreeSet<&str> = subnets.iter().map(|it| it.interface.as_str()).collect();
    names.into_iter().map(Interface::take).collect()
}

/// Binds this port of ours at each address by which machines reach us.
pub async fn listen(subnets: &[Subnet], port: u16) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    let servers: BTreeSet<IpAddr> = subnets.iter().map(|it| it.server).collect();
    for server in servers {
        let at = SocketAddr::new(server, port);
        let listener = TcpListener::bind(at).await;
        listeners.push(listener.map_err(|source| StartError::Listen {
            at: at.to_string(),
            source,
        })?);
    }
    Ok(listeners)
}

/// Looks for another server on each link where we are to be the only one.
async fn find_foreign_servers(
    settings: &Settings,
    subnets: &[Subnet],
    interfaces: &[Interface],
) -> Result<(), StartError> {
    for held in interfaces {
        let interface = held.name().to_owned();
        let here = subnets.iter().zip(&settings.subnets).filter(|(subnet, _)| {
            subnet.is_on(&interface) && matches!(subnet.mode, DhcpMode::Authoritative { .. })
        });
        let Some(wait) = here.map(|(_, told)| told.foreign_server_wait).max() else {
            continue;
        };
        info!(interface, "listening for another DHCP server");
        if let Some(found) = find_foreign_server(held, wait).await? {
            return Err(StartError::ForeignServer {
                interface,
                server: found.server.to_string(),
            });
        }
    }
    Ok(())
}

/// The bootloaders; those that are missing and wanted are told.
fn loaders(settings: &Settings) -> Loaders {
    let (loaders, missing) = Loaders::installed(&settings.loaders);
    for loader in missing.iter().filter(|it| is_wanted(it, settings)) {
        warn!("{loader}");
    }
    for note in loaders.notes() {
        info!("{note}");
    }
    loaders
}

async fn bind_plane(
    settings: &Settings,
    interfaces: Vec<Interface>,
    directory: BootAnswers,
    (site, (assets, loaders)): (&Site, (Arc<Assets>, Arc<Loaders>)),
) -> Result<BoundPlane<BootAnswers>, StartError> {
    let mut known = Vec::new();
    for subnet in &site.subnets {
        known.extend(leases::of_subnet(&site.db, &subnet.name).await?);
    }
    let reserved = reservations::list(&site.db)
        .await?
        .into_iter()
        .map(|it| Reservation {
            client: ClientKey::Hardware(it.mac),
            address: it.address,
        });
    let plane = BootPlane {
        settings: plane_settings(settings, &site.subnets, interfaces),
        directory,
        assets,
        loaders,
        leases: known,
        reservations: reserved.collect(),
    };
    Ok(plane.bind()?)
}

/// Whether a loader that is missing is given to machines of a subnet.
pub fn is_wanted(missing: &MissingLoader, settings: &Settings) -> bool {
    let subnets = &settings.subnets;
    subnets.iter().any(|subnet| missing.concerns(subnet.loader))
}

/// Where the boot plane listens. The subnets are those of the settings, in their order.
pub fn plane_settings(
    settings: &Settings,
    subnets: &[Subnet],
    interfaces: Vec<Interface>,
) -> BootPlaneSettings {
    let served = subnets.iter().zip(&settings.subnets);
    let served = served.map(|(subnet, told)| ServedSubnet {
        subnet: subnet.clone(),
        probes_addresses: told.probe_addresses,
        loader: told.loader,
    });
    BootPlaneSettings {
        interfaces,
        subnets: served.collect(),
        http_port: settings.http_port,
        tftp_port: settings.tftp_port,
        descriptors: descriptors::limit(),
    }
}
