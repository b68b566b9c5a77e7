//! `make bench`: Drover beside its peers, in one run, on network namespaces of its own.
//!
//! The rule it keeps: every figure of Drover stands beside one of a peer that was taken a moment
//! earlier or later by the same client, and what is told is their ratio. Absolute figures differ by
//! a factor of two from one hour to the next on a machine that others use.

mod dhcp;
mod dhcp_load;
mod durability;
mod error;
mod http;
mod load;
mod probe;
mod report;
mod servers;
mod site;
mod start;
mod tftp;
mod tftp_client;
mod usage;

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

async fn measure(report: &mut Report) -> Result<(), BenchError> {
    let site = BenchSite::up()?;
    start::measure(&site, report).await?;
    let servers = Servers::start(&site).await?;
    tftp::measure(&site, &servers, report)?;
    http::measure(&site, &servers, report)?;
    dhcp::measure(&site, &servers, report)?;
    servers.stop().await?;
    durability::measure(&site, report).await?;
    site.down();
    Ok(())
}
