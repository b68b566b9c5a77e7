//! How many times Drover syncs its database for a number of leases, counted by strace: once for
//! each batch, and no ACK before.

use std::fs;
use std::path::Path;

use crate::dhcp_load::DhcpLoad;
use crate::error::BenchError;
use crate::report::Report;
use crate::servers::{ENDS_WITHIN, start_drover};
use crate::site::{BenchSite, DROVER, tell};

/// Exchanges in a second while it is counted.
const RATES: [u32; 2] = [100, 1000];
const SECONDS: u32 = 2;

/// Counts at some rates.
pub(crate) async fn measure(site: &BenchSite, report: &mut Report) -> Result<(), BenchError> {
    tell("counting how often leases are synced");
    let calls = site.path("calls");
    let under = counted_in(&calls);
    let mut drover = start_drover(site, "state-traced", &under, None).await?;
    let mut told = Vec::new();
    for (seed, rate) in (100..).zip(RATES) {
        let load = DhcpLoad {
            rate,
            seconds: SECONDS,
            firmware: false,
            times: false,
            seed,
        };
        let before = syncs(&calls)?;
        let exchanges = load.run(site, &drover, DROVER)?;
        let syncs = syncs(&calls)?.saturating_sub(before);
        told.push(format!(
            "{} leases at {rate}/s took {syncs} syncs",
            exchanges.complete
        ));
    }
    drover.stop(ENDS_WITHIN).await?;
    report.remark(format!(
        "Drover's leases are synced before their ACK, several at once (`fsync` and `fdatasync`, \
         counted by strace): {}.",
        told.join(", ")
    ));
    Ok(())
}

/// The command under which a program's syncs are written to this file, a line each. With -D the program
/// keeps its own pid; with --seccomp-bpf other calls are not slowed down.
pub(crate) fn counted_in(calls: &Path) -> Vec<String> {
    let under = "strace -D -f --seccomp-bpf -qq -e trace=fsync,fdatasync -o".split(' ');
    let mut under: Vec<String> = under.map(str::to_owned).collect();
    under.push(calls.display().to_string());
    under
}

/// Calls begun so far.
pub(crate) fn syncs(calls: &Path) -> Result<usize, BenchError> {
    let text = fs::read_to_string(calls)
        .map_err(BenchError::system(format!("read {}", calls.display())))?;
    let begun = |line: &&str| line.contains("sync(");
    Ok(text.lines().filter(begun).count())
}
