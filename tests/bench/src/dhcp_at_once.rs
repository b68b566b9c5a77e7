//! What a DHCP server serves on a core of its own, as fast as it can: a rack that is switched on for the
//! first time. Each round begins with servers that were just started and have no lease.

use crate::dhcp_client::{self, AT_ONCE, Served};
use crate::error::BenchError;
use crate::probe::Question;
use crate::report::{Report, Row};
use crate::servers::{ENDS_WITHIN, first_answer, start_drover, start_kea};
use crate::site::{BenchSite, DROVER, PEERS, tell};

/// Measures both servers, the one after the other.
pub(crate) async fn measure(site: &BenchSite, report: &mut Report) -> Result<(), BenchError> {
    let case = format!("DHCP, hosts, {AT_ONCE} at once, a core each");
    let mut served = Vec::new();
    for round in 1..=site.rounds {
        tell(&format!("{case}, round {round} of {}", site.rounds));
        served.push(if round % 2 == 1 {
            let first = drover(site, round).await?;
            [first, kea(site, round).await?]
        } else {
            let first = kea(site, round).await?;
            [drover(site, round).await?, first]
        });
    }
    let mut add = |measure, figure: fn(Served) -> f64| {
        report.add(Row {
            case: case.clone(),
            measure,
            peer: "Kea",
            rounds: served.iter().map(|it| it.map(figure)).collect(),
        });
    };
    add("exchanges/s", Served::rate);
    add("server CPU µs each", Served::cpu_each);
    Ok(())
}

async fn drover(site: &BenchSite, round: u32) -> Result<Served, BenchError> {
    let state = format!("state-at-once-{round}");
    let mut drover = start_drover(site, &state, &[], None).await?;
    first_answer(site, Question::Dhcp, DROVER, 67)?;
    let served = dhcp_client::run(site, &drover, (DROVER, 2 * round))?;
    drover.stop(ENDS_WITHIN).await?;
    Ok(told("Drover", served))
}

async fn kea(site: &BenchSite, round: u32) -> Result<Served, BenchError> {
    let mut kea = start_kea(site, &format!("kea-at-once-{round}.leases"))?;
    first_answer(site, Question::Dhcp, PEERS, 67)?;
    let served = dhcp_client::run(site, &kea, (PEERS, 2 * round + 1))?;
    kea.stop(ENDS_WITHIN).await?;
    Ok(told("Kea", served))
}

fn told(name: &str, served: Served) -> Served {
    tell(&format!(
        "  {name}: {:.0}/s, {} lost, {:.0} µs each",
        served.rate(),
        served.lost(),
        served.cpu_each()
    ));
    served
}
