//! The daemon as a whole: everything is bound, then everything runs, then it drains.
//!
//! ```text
//!  subnets ─► state directory ─► images? ─► interfaces ─► another DHCP server? ─► database ─► keys
//!   ─► images ─► bind ─► run ─► drain
//! ```
//! What can fail fails before anything is answered, with one sentence. It ends when it is asked to,
//! whatever it is doing, and when one of its parts ends by itself. When its network has changed, it
//! drains and binds anew.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api_server::grpc;
use api_server::operations::Operations;
use config_talos::{event_sink, kernel_log};
use machine_core::network::Subnet;
use machine_store::exclusive::Exclusive;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::bound::{Bound, bind};
use crate::descriptors;
use crate::host::{StateDirectory, this_process};
use crate::network_watch::NetworkWatch;
use crate::parts::Parts;
use crate::preflight::{checked_subnets, look_at_host};
use crate::privileges::Privileges;
use crate::settings::Settings;
use crate::start_error::StartError;
use crate::state_access::open_to_others;
use fleet::clusters::Clusters;
use fleet::error::chain;
use fleet::expiry;
use fleet::node_reports::NodeReports;
use fleet::site::Site;
use fleet::status::publication;
use fleet::use_cases::UseCaseEffects;

/// How long all parts together may take to end. The servers cut off their transfers after 10 s.
const GRACE: Duration = Duration::from_secs(15);
/// How long it may then take to write what was promised, and to close the database.
const FLUSH: Duration = Duration::from_secs(10);

/// How long the guards of the database may take to let it go.
const LET_GO: Duration = Duration::from_secs(1);

/// Why a life of the daemon ended well.
enum Ended {
    /// It was asked to.
    Asked,
    /// Its subnets are others now: the next life begins with them.
    Moved(Vec<Subnet>),
}

/// Runs the daemon until `stop`, or until a part of it ends by itself.
pub async fn run(settings: Settings, stop: CancellationToken) -> Result<(), StartError> {
    descriptors::raise();
    let mut subnets = checked_subnets(&settings)?;
    let limited = look_at_host(&settings, &subnets)?;
    // Not told by `--check`, which root may run for a service that is not root's.
    for note in Privileges::own().excess().into_iter().chain(limited) {
        warn!("{note}");
    }
    let state = StateDirectory::take(&settings.state_directory, &this_process())?;
    for complaint in open_to_others(&settings.state_directory) {
        warn!("{complaint}");
    }
    while let Ended::Moved(now) = live(&settings, &state, subnets, &stop).await? {
        info!("the network of Drover has changed: it begins anew, with the addresses of now");
        subnets = now;
    }
    drop(state);
    Ok(())
}

/// From binding to draining.
async fn live(
    settings: &Settings,
    state: &StateDirectory,
    subnets: Vec<Subnet>,
    stop: &CancellationToken,
) -> Result<Ended, StartError> {
    let stop = stop.child_token();
    let watch = NetworkWatch::begin(&settings.subnets, &subnets);
    let bound = tokio::select! {
        biased;
        () = stop.cancelled() => {
            info!("stopped before it was ready");
            return Ok(Ended::Asked);
        }
        bound = Box::pin(bind(settings, state, subnets, &stop)) => bound?,
    };
    info!(directory = %settings.state_directory.display(), "ready");
    serve(bound, settings, watch, stop).await
}

async fn serve(
    bound: Bound,
    settings: &Settings,
    watch: io::Result<NetworkWatch>,
    stop: CancellationToken,
) -> Result<Ended, StartError> {
    let site = Arc::clone(&bound.site);
    let mut ground = Parts::default();
    let committing = bound.committing;
    ground.spawn("the commit task", async move {
        committing.await.map_err(|error| error.to_string())
    });
    let over = CancellationToken::new();
    let mut guards = guard_database(bound.exclusive, &site, &over);
    let mut parts = start_receivers(&bound.reports, (bound.event_sinks, bound.logs), &stop);
    let effects = UseCaseEffects {
        site: Arc::clone(&site),
        power: bound.power,
        status: Arc::clone(&bound.status),
        dhcp: bound.plane.control(),
        boots: bound.boots,
    };
    let operations = Operations::new(site.db.clone(), site.commit.clone(), Arc::new(effects));
    let stopped = stop.clone().cancelled_owned();
    parts.spawn("the API", async move {
        let ended = grpc::serve(bound.api, operations, stopped).await;
        ended.map_err(|error| chain(&error))
    });
    let sweeps = bound.reconciler.run(settings.sweep, stop.clone());
    parts.spawn_endless("the reconcile loop", sweeps);
    let status = Arc::clone(&bound.status);
    let clusters = Clusters::new(Arc::clone(&site), bound.status);
    parts.spawn_endless("the loop of the clusters", clusters.run(stop.clone()));
    let publishing = publication::run(Arc::clone(&site), status, stop.clone());
    parts.spawn_endless("the statuses of machines", publishing);
    let forgetting = expiry::run(Arc::clone(&site), stop.clone());
    parts.spawn_endless("the expiry of found machines", forgetting);
    let plane = bound.plane.run(stop.clone());
    parts.spawn("the boot plane", async move {
        plane.await.map_err(|ended| chain(&ended))
    });

    let moved = follow(watch);
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(Ended::Asked),
        ended = parts.first_end() => Err(ended),
        ended = ground.first_end() => Err(ended),
        ended = guards.first_end() => Err(ended),
        subnets = moved => Ok(Ended::Moved(subnets)),
    };
    if let Err(failed) = &ended {
        error!(%failed, "the daemon can't go on");
    }
    stop.cancel();
    info!("stopping: transfers may finish");
    drain(parts, ground, &site).await;
    over.cancel();
    guards.end_within(LET_GO).await;
    Ok(ended?)
}

/// The subnets of the next life, when the network has changed so much that there must be one.
async fn follow(watch: io::Result<NetworkWatch>) -> Vec<Subnet> {
    let moved = match watch {
        Ok(mut watch) => watch.moved().await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(subnets) => subnets,
        Err(error) => {
            warn!(%error, "changes of interfaces are not followed: restart Drover after one");
            std::future::pending().await
        }
    }
}

/// What ends only when the database is no longer ours, or no longer to be trusted. It guards until
/// all is `over`.
fn guard_database(exclusive: Exclusive, site: &Site, over: &CancellationToken) -> Parts {
    let mut guards = Parts::default();
    let (kept, db) = (site.db.clone(), site.db.clone());
    let mut guard = |part, broken: Pin<Box<dyn Future<Output = String> + Send>>| {
        let over = over.clone();
        guards.spawn(part, async move {
            let broken = over.run_until_cancelled_owned(broken);
            broken.await.map_or(Ok(()), Err)
        });
    };
    guard(
        "the lock on the database",
        Box::pin(async move { chain(&exclusive.keep(kept).await) }),
    );
    guard(
        "the database",
        Box::pin(async move { chain(&db.broken().await) }),
    );
    guards
}

/// The receivers of what Talos tells.
fn start_receivers(
    reports: &Arc<NodeReports>,
    (event_sinks, logs): (Vec<TcpListener>, Vec<TcpListener>),
    stop: &CancellationToken,
) -> Parts {
    let mut parts = Parts::default();
    for listener in event_sinks {
        let (reports, stop) = (Arc::clone(reports), stop.clone().cancelled_owned());
        parts.spawn("the event sink", async move {
            let ended = event_sink::serve(listener, reports, stop).await;
            ended.map_err(|error| chain(&error))
        });
    }
    for listener in logs {
        let (reports, stop) = (Arc::clone(reports), stop.clone().cancelled_owned());
        let receiver = kernel_log::serve_tcp(listener, reports, stop);
        parts.spawn_endless("the log receiver", receiver);
    }
    parts
}

/// Lets the parts finish, then writes what they promised: each within its limit, so that somebody
/// who holds a connection does not hold the daemon.
async fn drain(parts: Parts, ground: Parts, site: &Site) {
    let left = parts.end_within(GRACE).await;
    if !left.is_empty() {
        let left = left.join(", ");
        warn!(
            left,
            "the grace period is over: what did not end is left behind"
        );
    }
    site.commit.close();
    let left = ground.end_within(FLUSH).await;
    let is_closed = timeout(FLUSH, site.db.close()).await.is_ok();
    if !left.is_empty() || !is_closed {
        warn!("the database did not end its work: what was not acknowledged may be lost");
    }
    info!("stopped");
}
