//! From exec to the first answer, and the memory of a server that has nothing to do.
//!
//! Drover starts without a settings file, as a proxy: an authoritative one listens for three seconds
//! whether there is another DHCP server. Its first start makes a database and its keys.

use std::path::Path;
use std::time::Instant;

use testbed::program::Program;

use crate::error::BenchError;
use crate::probe::Question;
use crate::report::{Report, Row};
use crate::servers::{
    ENDS_WITHIN, NGINX_PORT, first_answer, start_default_drover, start_dnsmasq, start_kea,
    start_nginx,
};
use crate::site::{BenchSite, DROVER, PEERS, Wire, tell};
use crate::usage::idle_mebibytes;

/// A start: milliseconds to the first answer, and MiB once it is idle.
#[derive(Debug, Clone, Copy)]
struct Start {
    milliseconds: f64,
    memory: f64,
}

/// One round of starts.
struct Round {
    first: Start,
    again: Start,
    dnsmasq: Start,
    nginx: Start,
    kea: Start,
}

/// Starts Drover and its peers in turn.
pub(crate) async fn measure(site: &BenchSite, report: &mut Report) -> Result<(), BenchError> {
    let mut rounds = Vec::new();
    for number in 1..=site.rounds {
        tell(&format!(
            "start and memory, round {number} of {}",
            site.rounds
        ));
        rounds.push(Round::run(site, number).await?);
    }
    let mut add = |case: &str, measure, peer, of: fn(&Round) -> [f64; 2]| {
        report.add(Row {
            case: case.to_owned(),
            measure,
            peer,
            rounds: rounds.iter().map(of).collect(),
        });
    };
    let time = "ms from exec to the first answer";
    add("first start", time, "dnsmasq", |it| {
        [it.first.milliseconds, it.dnsmasq.milliseconds]
    });
    add("start", time, "dnsmasq", |it| {
        [it.again.milliseconds, it.dnsmasq.milliseconds]
    });
    add("start", time, "nginx", |it| {
        [it.again.milliseconds, it.nginx.milliseconds]
    });
    add("start", time, "Kea", |it| {
        [it.again.milliseconds, it.kea.milliseconds]
    });
    let memory = "MiB, proportional";
    add("idle", memory, "dnsmasq", |it| {
        [it.again.memory, it.dnsmasq.memory]
    });
    add("idle", memory, "nginx", |it| {
        [it.again.memory, it.nginx.memory]
    });
    add("idle", memory, "Kea", |it| [it.again.memory, it.kea.memory]);
    Ok(())
}

impl Round {
    async fn run(site: &BenchSite, number: u32) -> Result<Self, BenchError> {
        let state = site.path(&format!("state-{number}"));
        let drover = || start_default_drover(site, &state);
        let stock = Path::new("/usr/lib/ipxe");
        Ok(Self {
            first: started(site, drover, Question::Tftp, DROVER, 69).await?,
            dnsmasq: started(
                site,
                || start_dnsmasq(site, stock),
                Question::Tftp,
                PEERS,
                69,
            )
            .await?,
            again: started(site, drover, Question::Tftp, DROVER, 69).await?,
            nginx: started(
                site,
                || start_nginx(site),
                Question::Http,
                PEERS,
                NGINX_PORT,
            )
            .await?,
            kea: started(
                site,
                || start_kea(site, "kea.leases"),
                Question::Dhcp,
                PEERS,
                67,
            )
            .await?,
        })
    }
}

async fn started(
    site: &BenchSite,
    start: impl Fn() -> Result<Program, BenchError>,
    question: Question,
    wire: Wire,
    port: u16,
) -> Result<Start, BenchError> {
    let began = Instant::now();
    let mut program = start()?;
    first_answer(site, question, wire, port)?;
    let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
    let memory = idle_mebibytes(&program).await?;
    program.stop(ENDS_WITHIN).await?;
    Ok(Start {
        milliseconds,
        memory,
    })
}
