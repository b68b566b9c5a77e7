//! DHCP from DISCOVER to ACK: what each exchange costs at one rate, and the highest clean rate.
//!
//! Drover's leases are on disk before their ACK; Kea's are written to a file and not synced.

use crate::dhcp_load::{DhcpLoad, Exchanges};
use crate::error::BenchError;
use crate::report::{Report, Row};
use crate::servers::Servers;
use crate::site::{BenchSite, DROVER, PEERS, tell};

const SECONDS: u32 = 2;
/// Exchanges a second at which costs are compared.
const COMMON: u32 = 1000;
/// The higher rates that are tried, as far as they are clean.
const LADDER: [u32; 5] = [1700, 2900, 4900, 7000, 9000];

/// Loads both servers in turn.
struct Pair<'a> {
    site: &'a BenchSite,
    servers: &'a Servers,
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
        seed: 0,
    };
    let (mut plain, mut firmware, mut highest) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=site.rounds {
        tell(&format!("DHCP, round {number} of {}", site.rounds));
        firmware.push(pair.both(COMMON, true)?);
        let first = pair.both(COMMON, false)?;
        plain.push(first);
        highest.push(pair.climb(first)?);
    }
    let mut add = |case: String, measure, rounds| {
        report.add(Row {
            case,
            measure,
            peer: "Kea",
            rounds,
        });
    };
    add(
        "DHCP, DISCOVER to ACK".to_owned(),
        "exchanges/s, less than 1 % lost",
        highest,
    );
    for (who, rounds) in [("clients", plain), ("firmware", firmware)] {
        let case = format!("DHCP, {COMMON} {who}/s");
        let of = |figure: fn(Exchanges) -> f64| rounds.iter().map(|it| it.map(figure)).collect();
        add(case.clone(), "server CPU µs each", of(Exchanges::cpu_each));
        add(case, "ms to the OFFER and the ACK, mean", of(|it| it.delay));
    }
    Ok(())
}

impl Pair<'_> {
    /// The highest clean rate of each, from the rate of `first` on.
    fn climb(&mut self, first: [Exchanges; 2]) -> Result<[f64; 2], BenchError> {
        let mut highest = first.map(reached);
        let mut climbs = first.map(Exchanges::is_clean);
        for rate in LADDER {
            for (index, (climbs, highest)) in climbs.iter_mut().zip(&mut highest).enumerate() {
                if *climbs {
                    let exchanges = self.one(index, rate, false)?;
                    *climbs = exchanges.is_clean();
                    if *climbs {
                        *highest = reached(exchanges).max(*highest);
                    }
                }
            }
        }
        Ok(highest)
    }

    fn both(&mut self, rate: u32, firmware: bool) -> Result<[Exchanges; 2], BenchError> {
        Ok([self.one(0, rate, firmware)?, self.one(1, rate, firmware)?])
    }

    fn one(&mut self, index: usize, rate: u32, firmware: bool) -> Result<Exchanges, BenchError> {
        self.seed += 1;
        let load = DhcpLoad {
            rate,
            seconds: SECONDS,
            firmware,
            seed: self.seed,
        };
        let (name, exchanges) = match index {
            0 => ("Drover", load.run(self.site, &self.servers.drover, DROVER)?),
            _ => ("Kea", load.run(self.site, &self.servers.kea, PEERS)?),
        };
        tell(&format!(
            "  {name} at {rate}/s: {:.0}/s complete, {:.2} % lost, {:.0} µs each",
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
