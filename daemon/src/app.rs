//! The daemon as a whole: everything is bound, then everything runs, then it drains.
//!
//! ```text
//!  subnets ─► take the state directory ─► keys ─► database ─► images ─► bind ─► run ─► drain
//! ```
//! What can fail fails before anything is answered, with one sentence.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api_server::grpc;
use api_server::operations::Operations;
use config_talos::{event_sink, kernel_log};
use machine_core::network::{ClientKey, DhcpMode, Subnet};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::key_file::{self, KeyFileError};
use machine_store::location::Location;
use machine_store::seal::SealKey;
use machine_store::token::{TokenKey, TokenKeyError};
use machine_store::{leases, reservations, secrets};
use pxe_server::assets::{AssetError, Assets};
use pxe_server::bind_error::BindError;
use pxe_server::boot_plane::{BootPlane, BootPlaneSettings, BoundPlane, Reservation, ServedSubnet};
use pxe_server::foreign_server::{CannotAsk, find_foreign_server};
use pxe_server::loaders::Loaders;
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::clock::now;
use crate::clusters::Clusters;
use crate::directory::BootDirectory;
use crate::effects::DaemonEffects;
use crate::host::{HostError, StateDirectory, resolve_subnets};
use crate::power::Power;
use crate::reconcile::Reconciler;
use crate::records::{Image, Ports, Records};
use crate::reports::Reports;
use crate::settings::Settings;
use crate::status::Status;

/// How long an authoritative server listens for another one before it starts.
const FOREIGN_SERVER: Duration = Duration::from_secs(3);
/// How often it asks meanwhile: one lost packet must not decide.
const ASKS: usize = 2;

/// Why the daemon does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The host does not fit the settings.
    #[error(transparent)]
    Host(#[from] HostError),
    /// There is nothing to serve.
    #[error(
        "no subnet is set: name an interface (--interface eth1), or a settings file (--config)"
    )]
    NoSubnet,
    /// The key that seals the secrets can't be had.
    #[error("the key file can't be used")]
    Key(#[from] KeyFileError),
    /// The key of the configs' tokens can't be had.
    #[error("the key of the tokens can't be used")]
    Token(#[from] TokenKeyError),
    /// The database can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An image can't be used.
    #[error("image {name}")]
    Image {
        /// Which image.
        name: String,
        /// Why.
        source: AssetError,
    },
    /// Another DHCP server is there already.
    #[error(
        "another DHCP server, {server}, answers on {interface}: two would lease the same addresses. \
         Use mode: proxy there, or switch the other one off"
    )]
    ForeignServer {
        /// Where.
        interface: String,
        /// Who.
        server: String,
    },
    /// Nobody could be asked whether there is another DHCP server.
    #[error(transparent)]
    CannotAsk(#[from] CannotAsk),
    /// A socket can't be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A socket of the receivers or the API can't be had.
    #[error("can't listen at {at}")]
    Listen {
        /// Where.
        at: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Everything that has to be there before anything runs.
struct Bound {
    records: Arc<Records>,
    power: Arc<Power>,
    status: Arc<Status>,
    reconciler: Arc<Reconciler>,
    plane: BoundPlane<BootDirectory>,
    event_sinks: Vec<TcpListener>,
    logs: Vec<TcpListener>,
    api: UnixListener,
    committing: JoinHandle<()>,
}

/// Runs the daemon until `stop`.
pub async fn run(settings: Settings, stop: CancellationToken) -> Result<(), StartError> {
    let subnets = checked_subnets(&settings)?;
    let state = StateDirectory::take(&settings.state_directory)?;
    find_foreign_servers(&settings, &subnets).await?;
    let bound = bind(&settings, &state, subnets).await?;
    info!(directory = %settings.state_directory.display(), "ready");
    serve(bound, &settings, stop).await;
    drop(state);
    Ok(())
}

/// Looks at everything that a start would look at, and starts nothing.
pub fn check(settings: &Settings) -> Result<Vec<String>, StartError> {
    checked_subnets(settings)?;
    let (_, missing) = Loaders::read(&settings.loaders);
    let mut notes: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let scratch = std::env::temp_dir().join(format!("drover-check-{}", std::process::id()));
    for image in &settings.images {
        let checked = Assets::open(&scratch).and_then(|assets| {
            assets.import(&image.kernel.path, &image.kernel.sha256)?;
            assets.import(&image.initrd.path, &image.initrd.sha256)
        });
        let name = image.name.clone();
        let removed = std::fs::remove_dir_all(&scratch);
        checked.map_err(|source| StartError::Image { name, source })?;
        if let Err(error) = removed {
            notes.push(format!("{}: {error}", scratch.display()));
        }
    }
    Ok(notes)
}

fn checked_subnets(settings: &Settings) -> Result<Vec<Subnet>, StartError> {
    if settings.subnets.is_empty() {
        return Err(StartError::NoSubnet);
    }
    Ok(resolve_subnets(&settings.subnets)?)
}

async fn find_foreign_servers(settings: &Settings, subnets: &[Subnet]) -> Result<(), StartError> {
    let ours: Vec<_> = subnets.iter().map(|subnet| subnet.server).collect();
    for (subnet, told) in subnets.iter().zip(&settings.subnets) {
        if !matches!(subnet.mode, DhcpMode::Authoritative { .. }) {
            continue;
        }
        for _ in 0..ASKS {
            let patience = FOREIGN_SERVER / 2;
            if let Some(found) = find_foreign_server(&told.interface, &ours, patience).await? {
                let (interface, server) = (told.interface.clone(), found.server.to_string());
                return Err(StartError::ForeignServer { interface, server });
            }
        }
    }
    Ok(())
}

async fn bind(
    settings: &Settings,
    state: &StateDirectory,
    subnets: Vec<Subnet>,
) -> Result<Bound, StartError> {
    let location = match &settings.database {
        Some(url) => url.parse()?,
        None => Location::SqliteFile(state.file("drover.db")),
    };
    let db = Db::open(&location).await?;
    let seal = seal_key(&db, &state.file("key")).await?;
    let tokens = TokenKey::load_or_make(&db, &seal, now()).await?;
    let (assets, images) = import_images(settings, &state.file("images"))?;
    let (commit, committing) = Committer::spawn(db.clone());
    let records = Arc::new(Records {
        db,
        commit,
        seal,
        tokens,
        subnets,
        images,
        ports: Ports {
            http: settings.http_port,
            event_sink: settings.event_sink_port,
            log: settings.log_port,
        },
        wake: Arc::default(),
    });
    let power = Arc::new(Power::new(Arc::clone(&records)));
    let status = Arc::new(Status::default());
    let reconciler = Arc::new(Reconciler::new(
        Arc::clone(&records),
        Arc::clone(&power),
        Arc::clone(&status),
    ));
    let plane = bind_plane(settings, &records, &reconciler, assets).await?;
    let event_sinks = listen(&records.subnets, settings.event_sink_port).await?;
    let logs = listen(&records.subnets, settings.log_port).await?;
    let socket = state.file("drover.sock");
    let api = grpc::bind(&socket).map_err(|source| StartError::Listen {
        at: socket.display().to_string(),
        source,
    })?;
    Ok(Bound {
        records,
        power,
        status,
        reconciler,
        plane,
        event_sinks,
        logs,
        api,
        committing,
    })
}

/// The key that seals the secrets. A new one is made only while nothing is sealed: with secrets in
/// the database and no key file, starting would seem to work and open nothing.
async fn seal_key(db: &Db, path: &Path) -> Result<SealKey, StartError> {
    if secrets::key_ids(db).await?.is_empty() {
        Ok(key_file::load_or_make(path)?)
    } else {
        Ok(key_file::load(path)?)
    }
}

fn import_images(settings: &Settings, cache: &Path) -> Result<(Assets, Vec<Image>), StartError> {
    let failed = |name: &str, source| StartError::Image {
        name: name.to_owned(),
        source,
    };
    let assets = Assets::open(cache).map_err(|source| failed("cache", source))?;
    let mut images = Vec::new();
    for image in &settings.images {
        for file in [&image.kernel, &image.initrd] {
            assets
                .import(&file.path, &file.sha256)
                .map_err(|source| failed(&image.name, source))?;
        }
        images.push(Image {
            name: image.name.clone(),
            arch: image.arch,
            kernel: image.kernel.sha256,
            initrd: image.initrd.sha256,
            arguments: image.arguments.clone(),
        });
    }
    Ok((assets, images))
}

async fn bind_plane(
    settings: &Settings,
    records: &Arc<Records>,
    reconciler: &Arc<Reconciler>,
    assets: Assets,
) -> Result<BoundPlane<BootDirectory>, StartError> {
    let (loaders, missing) = Loaders::read(&settings.loaders);
    for loader in &missing {
        warn!("{loader}");
    }
    let mut known = Vec::new();
    for subnet in &records.subnets {
        known.extend(leases::of_subnet(&records.db, &subnet.name).await?);
    }
    let reserved = reservations::list(&records.db)
        .await?
        .into_iter()
        .map(|it| Reservation {
            client: ClientKey::Hardware(it.mac),
            address: it.address,
        });
    let served = records
        .subnets
        .iter()
        .zip(&settings.subnets)
        .map(|(subnet, told)| ServedSubnet {
            subnet: subnet.clone(),
            interface: told.interface.clone(),
        });
    let plane = BootPlane {
        settings: BootPlaneSettings {
            subnets: served.collect(),
            http_port: settings.http_port,
            tftp_port: settings.tftp_port,
        },
        directory: BootDirectory::new(Arc::clone(records), Arc::clone(reconciler)),
        assets: Arc::new(assets),
        loaders: Arc::new(loaders),
        leases: known,
        reservations: reserved.collect(),
    };
    Ok(plane.bind()?)
}

async fn listen(subnets: &[Subnet], port: u16) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for subnet in subnets {
        let at = SocketAddr::new(subnet.server, port);
        let listener = TcpListener::bind(at).await;
        listeners.push(listener.map_err(|source| StartError::Listen {
            at: at.to_string(),
            source,
        })?);
    }
    Ok(listeners)
}

async fn serve(bound: Bound, settings: &Settings, stop: CancellationToken) {
    let Bound {
        records,
        power,
        status,
        reconciler,
        plane,
        ..
    } = bound;
    let tasks = TaskTracker::new();
    let reports = Arc::new(Reports::new(Arc::clone(&records)));
    for listener in bound.event_sinks {
        let (reports, stop) = (Arc::clone(&reports), stop.clone());
        tasks.spawn(async move {
            if let Err(error) = event_sink::serve(listener, reports, stop.cancelled_owned()).await {
                error!(error = crate::error::chain(&error), "the event sink ended");
            }
        });
    }
    for listener in bound.logs {
        let (reports, stop) = (Arc::clone(&reports), stop.clone());
        tasks.spawn(kernel_log::serve_tcp(
            listener,
            reports,
            stop.cancelled_owned(),
        ));
    }
    let effects = DaemonEffects {
        records: Arc::clone(&records),
        power,
        status: Arc::clone(&status),
        dhcp: plane.control(),
    };
    let operations = Operations::new(records.db.clone(), Arc::new(effects));
    let stopped = stop.clone();
    tasks.spawn(async move {
        if let Err(error) = grpc::serve(bound.api, operations, stopped.cancelled_owned()).await {
            error!(error = crate::error::chain(&error), "the API ended");
        }
    });
    tasks.spawn(reconciler.run(settings.sweep, stop.clone()));
    tasks.spawn(Clusters::new(Arc::clone(&records), status).run(stop.clone()));
    tasks.spawn(plane.run(stop.clone()));
    tasks.close();
    stop.cancelled().await;
    info!("stopping: transfers may finish");
    tasks.wait().await;
    records.commit.close();
    if let Err(error) = bound.committing.await {
        error!(%error, "the commit task broke off");
    }
    records.db.close().await;
    info!("stopped");
}
