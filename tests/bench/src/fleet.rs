//! What a large fleet costs while nothing happens to it, and how long it takes to list it.
//!
//! There is no peer to stand beside: the figures are wanted ones, and are told with what is wanted.

use std::time::{Duration, Instant};

use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::apply::apply;
use machine_store::change::{Change, MachineWrite};
use machine_store::db::Db;
use machine_store::evidence::{Evidence, Fact};
use machine_store::location::Location;
use testbed::requirement::built;

use crate::error::BenchError;
use crate::report::Report;
use crate::servers::{ENDS_WITHIN, start_drover};
use crate::site::{BenchSite, tell};
use crate::usage::{cpu, idle_mebibytes};

/// Machines on record, each found in the network and waiting to be accepted.
const MACHINES: u32 = 10_000;
/// Machines in one transaction.
const TOGETHER: u32 = 1_000;
/// How long it is looked how much processor time the fleet takes: two sweeps of 30 s. The first
/// minute after a start is told apart: in it each machine is looked at once.
const WHILE: Duration = Duration::from_mins(1);

/// Measures a fleet at rest.
pub(crate) async fn measure(site: &BenchSite, report: &mut Report) -> Result<(), BenchError> {
    tell("a fleet of 10,000 machines at rest");
    // The first start makes the database.
    let mut drover = start_drover(site, "state-fleet", &[], None).await?;
    drover.stop(ENDS_WITHIN).await?;
    register(site).await?;
    let mut drover = start_drover(site, "state-fleet", &[], None).await?;
    let started = cpu(&drover)?;
    tokio::time::sleep(WHILE).await;
    let first = cpu(&drover)?.saturating_sub(started);
    let memory = idle_mebibytes(&drover).await?;
    let before = cpu(&drover)?;
    tokio::time::sleep(WHILE).await;
    let taken = cpu(&drover)?.saturating_sub(before);
    let mut listings = Vec::new();
    for _ in 0..site.rounds {
        listings.push(list(site)?);
    }
    listings.sort();
    let listing = listings
        .get(listings.len() / 2)
        .copied()
        .unwrap_or_default();
    drover.stop(ENDS_WITHIN).await?;
    report.remark(format!(
        "{MACHINES} machines at rest: {:.2} s of processor time in a minute (wanted: at most 0.2), \
         {:.2} s in the first one, in which each is looked at once; {memory:.0} MiB; `drover machine list` of all of them: {} ms, the command itself included \
         (wanted: 300).",
        taken.as_secs_f64(),
        first.as_secs_f64(),
        listing.as_millis()
    ));
    Ok(())
}

async fn register(site: &BenchSite) -> Result<(), BenchError> {
    let file = site.path("state-fleet").join("drover.db");
    let failed = |error: machine_store::error::StoreError| BenchError::Unexpected {
        who: "the database of a large fleet".to_owned(),
        wanted: "a write",
        got: error.to_string(),
    };
    let db = Db::open(&Location::SqliteFile(file))
        .await
        .map_err(failed)?;
    for first in (0..MACHINES).step_by(usize::try_from(TOGETHER).unwrap_or(1)) {
        let mut change = Change::default();
        for number in first..first + TOGETHER {
            let (machine, evidence) = found(number);
            change.machines.push(MachineWrite::Insert(machine));
            change.evidence.push(evidence);
        }
        apply(&db, &change).await.map_err(failed)?;
    }
    db.close().await;
    Ok(())
}

/// A machine that was found by its card.
fn found(number: u32) -> (Machine, Evidence) {
    let [a, b, c, d] = number.to_be_bytes();
    let id = MachineId::from_bytes([[a, b, c, d]; 4].concat().try_into().unwrap_or_default());
    let at = Timestamp::from_millis(i64::from(number));
    let machine = Machine::discovered(id, format!("m-{number:05}"), at);
    let evidence = Evidence {
        machine: id,
        at,
        source: EvidenceSource::Registered,
        facts: vec![Fact::Mac(MacAddress::new([2, 0, a, b, c, d]))],
    };
    (machine, evidence)
}

/// How long it takes to list them.
fn list(site: &BenchSite) -> Result<Duration, BenchError> {
    let mut command = site.lab.server().command(built("drover", "drover")?);
    command.args(["machine", "list"]);
    command.env(
        "DROVER_SOCKET",
        site.path("state-fleet").join("drover.sock"),
    );
    let before = Instant::now();
    let output = tokio::task::block_in_place(|| command.output());
    let output = output.map_err(BenchError::system("list machines"))?;
    let taken = before.elapsed();
    let lines = output.stdout.split(|byte| *byte == b'\n').count();
    if lines < usize::try_from(MACHINES).unwrap_or(usize::MAX) {
        return Err(BenchError::Unexpected {
            who: "drover machine list".to_owned(),
            wanted: "a line for each machine",
            got: format!("{lines} lines: {}", String::from_utf8_lossy(&output.stderr)),
        });
    }
    Ok(taken)
}
