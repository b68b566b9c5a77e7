//! TFTP: fifty clients at once read a loader of 4 MiB, in blocks of 1468 bytes.
//!
//! dnsmasq grants no window: beside a window of ours stands its lock step.

use std::net::SocketAddrV4;

use testbed::program::Program;

use crate::error::BenchError;
use crate::load::{self, Moved};
use crate::report::{Report, Row};
use crate::servers::{ASYNC_TFTP_PORT, Servers};
use crate::site::{BenchSite, CLIENTS, DROVER, LOADER, PEERS, Wire, in_turn, tell};
use crate::tftp_client::Fetch;

const WINDOWS: [u16; 3] = [1, 4, 16];

struct Round {
    drover: [Moved; 3],
    async_tftp: [Moved; 3],
    dnsmasq: Moved,
}

type Figure = fn(Moved) -> f64;

/// Measures throughput and processor time.
pub(crate) fn measure(
    site: &BenchSite,
    servers: &Servers,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut rounds = Vec::new();
    for number in 1..=site.rounds {
        tell(&format!("TFTP, round {number} of {}", site.rounds));
        rounds.push(Round::run(site, servers, number)?);
    }
    let measures: [(&str, Figure); 2] = [
        ("MB/s", Moved::rate),
        ("server CPU s/GB", Moved::cpu_per_gigabyte),
    ];
    for (measure, figure) in measures {
        for (index, window) in WINDOWS.into_iter().enumerate() {
            let mut beside = |peer, of: &dyn Fn(&Round) -> Option<Moved>| {
                let pair = |it: &Round| Some([figure(*it.drover.get(index)?), figure(of(it)?)]);
                report.add(Row {
                    case: format!("TFTP, {CLIENTS} × 4 MiB, window {window}"),
                    measure,
                    peer,
                    rounds: rounds.iter().filter_map(pair).collect(),
                });
            };
            let dnsmasq = match window {
                1 => "dnsmasq",
                _ => "dnsmasq, window 1",
            };
            beside(dnsmasq, &|it| Some(it.dnsmasq));
            beside("async-tftp", &|it| it.async_tftp.get(index).copied());
        }
    }
    Ok(())
}

impl Round {
    fn run(site: &BenchSite, servers: &Servers, number: u32) -> Result<Self, BenchError> {
        let [lock_step, small, large] = WINDOWS;
        let ours = |window| fetch(site, &servers.drover, DROVER, 69, window);
        let theirs = |window| fetch(site, &servers.async_tftp, PEERS, ASYNC_TFTP_PORT, window);
        let both = |window| in_turn(number, || ours(window), || theirs(window));
        let first = both(lock_step)?;
        let dnsmasq = fetch(site, &servers.dnsmasq, PEERS, 69, lock_step)?;
        let (second, third) = (both(small)?, both(large)?);
        let rounds = [first, second, third];
        Ok(Self {
            drover: rounds.map(|[ours, _]| ours),
            async_tftp: rounds.map(|[_, theirs]| theirs),
            dnsmasq,
        })
    }
}

fn fetch(
    site: &BenchSite,
    server: &Program,
    wire: Wire,
    port: u16,
    window: u16,
) -> Result<Moved, BenchError> {
    let clients = (0..CLIENTS).map(|number| {
        let fetch = Fetch {
            from: wire.client(number),
            server: SocketAddrV4::new(wire.server(), port),
            file: LOADER,
            window,
        };
        fetch.run()
    });
    load::measure(&site.client, server, clients)
}
