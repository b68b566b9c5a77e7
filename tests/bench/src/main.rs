//! `make bench`: Drover beside its peers, in one run, on network namespaces of its own.
//!
//! The rule it keeps: every figure of Drover stands beside one of a peer that was taken a moment
//! earlier or later by the same client, and what is told is their ratio. Absolute figures differ by
//! a factor of two from one hour to the next on a machine that others use.

mod dhcp;
mod dhcp_at_once;
mod dhcp_client;
mod dhcp_load;
mod durability;
mod environment;
mod error;
mod fleet;
mod http;
mod load;
mod pinning;
mod probe;
mod report;
mod servers;
mod site;
mod start;
mod tftp;
mod tftp_client;
mod usage;
mod waiting;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::error::{BenchError, with_causes};
use crate::report::Report;
use crate::servers::Servers;
use crate::site::BenchSite;

#[tokio::main]
async fn main() -> ExitCode {
    let mut report = Report::default();
    let measured = measure(&mut report).await;
    // What was measured before something failed is still true.
    let _ = io::stdout().write_all(report.markdown().as_bytes());
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bench: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// Measures the cases that the arguments name, or all.
async fn measure(report: &mut Report) -> Result<(), BenchError> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let unknown = named.iter().find(|name| !CASES.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(BenchError::Unexpected {
            who: "the command line".to_owned(),
            wanted: "start, tftp, http, dhcp, durability, fleet or waiting",
            got: name.clone(),
        });
    }
    let wanted = |case: &str| named.is_empty() || named.iter().any(|name| name == case);
    let site = BenchSite::up()?;
    report.head(environment::lines(&named, site.rounds, site.lab.folder())?);
    if wanted("start") {
        start::measure(&site, report).await?;
    }
    if ["tftp", "http", "dhcp"].into_iter().any(wanted) {
        let servers = Servers::start(&site).await?;
        if wanted("tftp") {
            tftp::measure(&site, &servers, report)?;
        }
        if wanted("http") {
            http::measure(&site, &servers, report)?;
        }
        if wanted("dhcp") {
            dhcp::measure(&site, &servers, report)?;
        }
        servers.stop().await?;
    }
    if wanted("dhcp") {
        dhcp_at_once::measure(&site, report).await?;
    }
    if wanted("durability") {
        durability::measure(&site, report).await?;
    }
    if wanted("fleet") {
        fleet::measure(&site, report).await?;
    }
    if wanted("waiting") {
        waiting::measure(&site, report).await?;
    }
    site.down();
    Ok(())
}

const CASES: [&str; 7] = [
    "start",
    "tftp",
    "http",
    "dhcp",
    "durability",
    "fleet",
    "waiting",
];
