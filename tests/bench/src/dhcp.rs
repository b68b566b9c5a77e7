//! DHCP from DISCOVER to ACK: what each exchange costs at one rate, and the highest clean rate.
//!
//! Hosts are clients that only want an address. Firmware also says so, and Drover looks up who it is
//! and answers that its disk is to be booted; Kea gives an address here too.
//!
//! Drover's leases are on disk before their ACK; Kea's are written to a file and not synced.
//!
//! perfdhcp begins so many exchanges a second, and both cores belong to whoever needs them: what its
//! highest clean rate says is bounded by perfdhcp itself. [`crate::dhcp_at_once`] asks for what the
//! server has on a core of its own.

use crate::dhcp_load::{DhcpLoad, Exchanges};
use crate::error::BenchError;
use crate::report::{Report, Row};
use crate::servers::Servers;
use crate::site::{BenchSite, DROVER, PEERS, tell};

const SECONDS: u32 = 2;

/// Who asks, and at which rates.
#[derive(Debug)]
struct Crowd {
    case: &'static str,
    firmware: bool,
    /// Exchanges a second at which costs are compared.
    common: u32,
    /// The higher rates that are tried, as far as they are clean.
    ladder: &'static [u32],
    /// How the highest clean rate is told.
    highest: &'static str,
}

const CROWDS: [Crowd; 2] = [
    Crowd {
        case: "DHCP, hosts",
        firmware: false,
        common: 1000,
        ladder: &[1700, 2900, 4900, 7000, 9000, 11_000, 13_000],
        highest: "exchanges/s, less than 1 % lost, of at most 13000",
    },
    Crowd {
        case: "DHCP, firmware nobody knows",
        firmware: true,
        common: 200,
        ladder: &[400, 800, 1600, 3200],
        highest: "exchanges/s, less than 1 % lost, of at most 3200",
    },
];

impl Crowd {
    const fn load(&self, rate: u32) -> DhcpLoad {
        DhcpLoad {
            rate,
            seconds: SECONDS,
            firmware: self.firmware,
            times: false,
            seed: 0,
        }
    }
}

/// Loads both servers in turn.
struct Pair<'a> {
    site: &'a BenchSite,
    servers: &'a Servers,
    drover_first: bool,
    seed: u32,
}

/// Measures costs and the highest clean rates.
pub(crate) fn measure(
    site: &BenchSite,
    servers: &Servers,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut pair = Pair {
        site,
        servers,
        drover_first: true,
        seed: 0,
    };
    for crowd in CROWDS {
        let (mut half, mut common, mut highest) = (Vec::new(), Vec::new(), Vec::new());
        for number in 1..=site.rounds {
            tell(&format!(
                "{}, round {number} of {}",
                crowd.case, site.rounds
            ));
            pair.drover_first = number % 2 == 1;
            half.push(pair.both(DhcpLoad {
                times: true,
                ..crowd.load(crowd.common / 2)
            })?);
            let first = pair.both(crowd.load(crowd.common))?;
            common.push(first);
            highest.push(pair.climb(&crowd, first)?);
        }
        let mut add = |case: String, measure, rounds| {
            report.add(Row {
                case,
                measure,
                peer: "Kea",
                rounds,
            });
        };
        add(crowd.case.to_owned(), crowd.highest, highest);
        let case = format!("{}, {}/s", crowd.case, crowd.common);
        add(
            case.clone(),
            "server CPU µs each",
            of(&common, Exchanges::cpu_each),
        );
        add(
            case,
            "ms to the OFFER and the ACK, mean",
            of(&common, |it| it.delay),
        );
        let case = format!("{}, {}/s", crowd.case, crowd.common / 2);
        add(
            case.clone(),
            "ms to an answer, p50",
            of(&half, |it| it.median),
        );
        add(case, "ms to an answer, p99", of(&half, |it| it.slowest));
    }
    Ok(())
}

fn of(rounds: &[[Exchanges; 2]], figure: fn(Exchanges) -> f64) -> Vec<[f64; 2]> {
    rounds.iter().map(|it| it.map(figure)).collect()
}

impl Pair<'_> {
    /// The highest clean rate of each, from the rate of `first` on.
    fn climb(&mut self, crowd: &Crowd, first: [Exchanges; 2]) -> Result<[f64; 2], BenchError> {
        let clean = |it: Exchanges| if it.is_clean() { reached(it) } else { f64::NAN };
        let mut highest = first.map(clean);
        let mut climbs = first.map(Exchanges::is_clean);
        for rate in crowd.ladder {
            let mut both: Vec<_> = climbs.iter_mut().zip(&mut highest).enumerate().collect();
            if !self.drover_first {
                both.reverse();
            }
            for (index, (climbs, highest)) in both.into_iter().filter(|(_, it)| *it.0) {
                let exchanges = self.one(index, crowd.load(*rate))?;
                *climbs = exchanges.is_clean();
                *highest = clean(exchanges).max(*highest);
            }
        }
        Ok(highest)
    }

    fn both(&mut self, load: DhcpLoad) -> Result<[Exchanges; 2], BenchError> {
        if self.drover_first {
            let drover = self.one(0, load)?;
            return Ok([drover, self.one(1, load)?]);
        }
        let kea = self.one(1, load)?;
        Ok([self.one(0, load)?, kea])
    }

    fn one(&mut self, index: usize, load: DhcpLoad) -> Result<Exchanges, BenchError> {
        self.seed += 1;
        let load = DhcpLoad {
            seed: self.seed,
            ..load
        };
        let (name, exchanges) = match index {
            0 => ("Drover", load.run(self.site, &self.servers.drover, DROVER)?),
            _ => ("Kea", load.run(self.site, &self.servers.kea, PEERS)?),
        };
        tell(&format!(
            "  {name} at {}/s: {:.0}/s complete, {:.2} % lost, {:.0} µs each",
            load.rate,
            reached(exchanges),
            exchanges.lost() * 100.0,
            exchanges.cpu_each()
        ));
        Ok(exchanges)
    }
}

fn reached(exchanges: Exchanges) -> f64 {
    f64::from(exchanges.complete) / f64::from(SECONDS)
}
