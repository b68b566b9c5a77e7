//! One life of Drover: the parts that ship, wired as the daemon wires them, on simulated ports.
//!
//! A life has a runtime of its own. Killing it drops the runtime with every task in it, each at the
//! await that it had come to; the database stays.

use std::sync::Arc;
use std::time::Duration;

use api_server::operations::Operations;
use fleet::boot_plane_view::BootPlaneView;
use fleet::boots::BootAnswers;
use fleet::clusters::Clusters;
use fleet::expiry;
use fleet::expiry::retention::Retention;
use fleet::node_reports::NodeReports;
use fleet::power::Power;
use fleet::random::{NoRandomness, Randomness};
use fleet::reconcile::Reconciler;
use fleet::site::{Image, Ports, Site};
use fleet::status::Status;
use fleet::use_cases::UseCaseEffects;
use machine_core::hardware::Arch;
use machine_core::plan::work::CONFIG_REQUEST_TIMEOUT;
use machine_core::time::Timestamp;
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::moments;
use machine_store::token::TokenKey;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bmc::LabBmcs;
use crate::dhcp_link::DhcpLinks;
use crate::ground::Ground;
use crate::lab::Lab;
use crate::neighbours::LabNeighbours;
use crate::node_api::LabNodes;
use crate::subnet::subnets;
use crate::virtual_clock::VirtualClock;

/// How often the reconcile loop looks at every machine: the daemon's own default.
const SWEEP: Duration = Duration::from_secs(30);

/// One life of Drover.
#[derive(Debug)]
pub(crate) struct Drover {
    runtime: Runtime,
    pub(crate) parts: Parts,
}

/// What the world turns to.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) links: Arc<DhcpLinks>,
    pub(crate) directory: BootAnswers,
    pub(crate) reports: Arc<NodeReports>,
    pub(crate) operations: Operations,
    pub(crate) status: Arc<Status>,
}

/// The random bytes of a run.
#[derive(Debug)]
struct Drawn(Arc<Lab>);

impl Randomness for Drawn {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.with(|world| {
            for chunk in bytes.chunks_mut(16) {
                let drawn = world.random.bytes();
                chunk.copy_from_slice(&drawn[..chunk.len()]);
            }
        });
        Ok(())
    }
}

impl Drover {
    /// Starts it over the database.
    pub(crate) fn start(lab: &Arc<Lab>, ground: &Ground) -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .event_interval(1)
            .build()
            .map_err(|_| StoreError::Closed)?;
        let parts = runtime.block_on(wire_up(lab, ground))?;
        Ok(Self { runtime, parts })
    }

    /// Does work in this life.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// Work that is not awaited begins in this life.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// Lets everything go on until the world's next event.
    pub(crate) fn run(&self, lab: &Lab) {
        self.runtime.block_on(async {
            let next = lab.with(|world| {
                let (began, at) = world.life?;
                let next = world.next_moment()?;
                Some(began + next.since(at))
            });
            let Some(next) = next else { return };
            tokio::select! {
                biased;
                () = lab.sooner.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
            lab.with(|_| ());
        });
    }

    /// Lets it take so many more turns at this moment, and no time go by.
    pub(crate) fn run_turns(&self, turns: u64) {
        self.runtime.block_on(async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        });
    }
}

async fn wire_up(lab: &Arc<Lab>, ground: &Ground) -> Result<Parts, StoreError> {
    let db = ground.db.clone();
    let last = moments::latest(&db).await?;
    let clock = begin(lab, last);
    let now = fleet::clock::Clock::now(&clock);
    let tokens = TokenKey::load_or_make(&db, &ground.seal, now).await;
    let tokens = tokens.map_err(|_| StoreError::Closed)?;
    let (commit, _) = Committer::spawn(db.clone());
    let site = Arc::new(Site {
        bmcs: Arc::new(LabBmcs {
            lab: Arc::clone(lab),
            db: db.clone(),
        }),
        db,
        commit,
        seal: ground.seal.clone(),
        tokens,
        subnets: subnets(),
        images: vec![image()],
        ports: Ports {
            http: 8080,
            event_sink: 8081,
            log: 8082,
        },
        config_request_timeout: CONFIG_REQUEST_TIMEOUT,
        retention: Retention::DEFAULT,
        readers: Arc::default(),
        wake: Arc::default(),
        clock: Arc::new(clock),
        nodes: Arc::new(LabNodes(Arc::clone(lab))),
        randomness: Arc::new(Drawn(Arc::clone(lab))),
    });
    let power = Arc::new(Power::new(Arc::clone(&site)));
    let status = Arc::<Status>::default();
    let reconciler = Reconciler::new(Arc::clone(&site), Arc::clone(&power), Arc::clone(&status));
    let reconciler = Arc::new(reconciler);
    let neighbours = Arc::new(LabNeighbours(Arc::clone(lab)));
    let reports = NodeReports::new(Arc::clone(&site), reconciler.heard(), neighbours);
    let reports = Arc::new(reports);
    let (records, loops) = (Arc::clone(&site), Arc::clone(&reconciler));
    let directory = BootAnswers::new(records, loops, Arc::clone(&reports));
    let links = Arc::new(DhcpLinks::begin(&site.db, directory.clone()).await?);
    let effects = UseCaseEffects {
        site: Arc::clone(&site),
        power,
        status: Arc::clone(&status),
        dhcp: links.control(),
        boots: BootPlaneView {
            answers: directory.clone(),
            witness: Arc::default(),
            loaders: Arc::default(),
        },
    };
    let operations = Operations::new(site.db.clone(), site.commit.clone(), Arc::new(effects));
    // It is killed, never stopped.
    let stop = CancellationToken::new();
    tokio::spawn(reconciler.run(SWEEP, stop.clone()));
    let clusters = Clusters::new(Arc::clone(&site), Arc::clone(&status));
    tokio::spawn(clusters.run(stop.clone()));
    tokio::spawn(expiry::run(Arc::clone(&site), stop));
    Ok(Parts {
        db: site.db.clone(),
        links,
        directory,
        reports,
        operations,
        status,
    })
}

/// Begins a life's clock: by the system's, and no earlier than the last moment on record.
fn begin(lab: &Arc<Lab>, last: Option<Timestamp>) -> VirtualClock {
    let read = Instant::now();
    lab.with(|world| {
        world.life = Some((read, world.now));
        world.begin_clock(last);
    });
    VirtualClock(Arc::clone(lab))
}

fn image() -> Image {
    Image {
        name: "talos".to_owned(),
        arch: Arch::X86_64,
        kernel: [1; 32],
        initrd: [2; 32],
        arguments: Vec::new(),
        installer: None,
    }
}
