//! TFTP: fifty clients at once read a loader of 4 MiB, in blocks of 1468 bytes.
//!
//! dnsmasq and async-tftp grant no window: beside a window of ours stands their lock step.

use std::net::SocketAddrV4;

use testbed::program::Program;

use crate::error::BenchError;
use crate::load::{self, Moved};
use crate::report::{Report, Row};
use crate::servers::{ASYNC_TFTP_PORT, LOADER, Servers};
use crate::site::{BenchSite, CLIENTS, DROVER, PEERS, Wire, tell};
use crate::tftp_client::Fetch;

const WINDOWS: [u16; 3] = [1, 4, 16];

struct Round {
    drover: [Moved; 3],
    dnsmasq: Moved,
    async_tftp: Moved,
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
        let [lock_step, small, large] = WINDOWS;
        let ours = |window| fetch(site, &servers.drover, DROVER, 69, window);
        let first = ours(lock_step)?;
        let dnsmasq = fetch(site, &servers.dnsmasq, PEERS, 69, 1)?;
        let async_tftp = fetch(site, &servers.async_tftp, PEERS, ASYNC_TFTP_PORT, 1)?;
        rounds.push(Round {
            drover: [first, ours(small)?, ours(large)?],
            dnsmasq,
            async_tftp,
        });
    }
    let measures: [(&str, Figure); 2] = [
        ("MB/s", Moved::rate),
        ("server CPU s/GB", Moved::cpu_per_gigabyte),
    ];
    for (measure, figure) in measures {
        for (index, window) in WINDOWS.into_iter().enumerate() {
            let beside = |peer, of: fn(&Round) -> Moved| Row {
                case: format!("TFTP, {CLIENTS} × 4 MiB, window {window}"),
                measure,
                peer,
                rounds: rounds
                    .iter()
                    .filter_map(|it| Some([figure(*it.drover.get(index)?), figure(of(it))]))
                    .collect(),
            };
            if window == 1 {
                report.add(beside("dnsmasq", |it| it.dnsmasq));
                report.add(beside("async-tftp", |it| it.async_tftp));
            } else {
                report.add(beside("dnsmasq, window 1", |it| it.dnsmasq));
            }
        }
    }
    Ok(())
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
