//! perfdhcp, and what it says: complete exchanges from DISCOVER to ACK at a rate.
//!
//! Every exchange is that of another client with a MAC drawn anew: with few clients the figures
//! measure renewals, and with MACs in sequence some servers offer one address to several clients.
//! perfdhcp draws from a list, so it is twenty times longer than the exchanges: one in forty renews.

use std::fmt::Write as _;
use std::time::Duration;

use testbed::program::Program;

use crate::error::BenchError;
use crate::site::{BenchSite, Wire};
use crate::usage;

/// A load of exchanges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DhcpLoad {
    /// Exchanges begun in a second.
    pub(crate) rate: u32,
    /// For how long.
    pub(crate) seconds: u32,
    /// Whether the clients say that they are UEFI firmware that boots from the network.
    pub(crate) firmware: bool,
    /// Whether each answer is timed.
    pub(crate) times: bool,
    /// Differs for each load of a run, so that no client comes twice.
    pub(crate) seed: u32,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exchanges {
    /// DISCOVERs sent.
    pub(crate) begun: u32,
    /// ACKs received.
    pub(crate) complete: u32,
    /// How long the answers took in the mean, in milliseconds, OFFER and ACK together.
    pub(crate) delay: f64,
    /// How long half of the answers took at most, in milliseconds; not a number if they were not timed.
    pub(crate) median: f64,
    /// How long 99 of 100 took at most.
    pub(crate) slowest: f64,
    /// The server's processor time.
    pub(crate) cpu: Duration,
}

impl DhcpLoad {
    /// Runs it against a server.
    pub(crate) fn run(
        self,
        site: &BenchSite,
        server: &Program,
        wire: Wire,
    ) -> Result<Exchanges, BenchError> {
        let list = site.write("macs", self.cards())?;
        let mut command = site.client.command("perfdhcp");
        command.args(["-4", "-l", wire.interface, "-W", "500000"]);
        command.args(["-r", &self.rate.to_string()]);
        command.args(["-p", &self.seconds.to_string()]);
        command.args(["-R", &self.exchanges().to_string()]);
        command.arg("-M").arg(list);
        if self.firmware {
            command.args(["-o", VENDOR_CLASS, "-o", "93,0007"]);
        }
        if self.times {
            command.args(["-x", "t"]);
        }
        command.arg(wire.server().to_string());
        let before = usage::cpu(server)?;
        let output = tokio::task::block_in_place(|| command.output());
        let output = output.map_err(BenchError::system("run perfdhcp"))?;
        let cpu = usage::cpu(server)?.saturating_sub(before);
        let text = String::from_utf8_lossy(&output.stdout);
        let (begun, complete, delay) = parse(&text).ok_or_else(|| BenchError::Unexpected {
            who: "perfdhcp".to_owned(),
            wanted: "its statistics",
            got: format!("{text}{}", String::from_utf8_lossy(&output.stderr)),
        })?;
        let times = answer_times(&text);
        Ok(Exchanges {
            begun,
            complete,
            delay,
            median: percentile(&times, 50),
            slowest: percentile(&times, 99),
            cpu,
        })
    }

    const fn exchanges(self) -> u32 {
        self.rate * self.seconds
    }

    /// MACs that look random (a multiplicative generator modulo 2^32, all different in one list).
    fn cards(self) -> String {
        let mut text = String::new();
        for number in 0..self.exchanges() * 20 {
            let scattered = number.wrapping_mul(0x9e37_79b1) ^ self.seed.wrapping_mul(0x85eb_ca6b);
            let [a, b, c, d] = scattered.to_be_bytes();
            let part = self.seed.to_le_bytes()[0];
            let _ = writeln!(text, "02:{part:02x}:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
        }
        text
    }
}

impl Exchanges {
    /// The share that got no ACK.
    pub(crate) fn lost(self) -> f64 {
        1.0 - f64::from(self.complete) / f64::from(self.begun.max(1))
    }

    /// Whether less than one in a hundred was lost.
    pub(crate) fn is_clean(self) -> bool {
        self.lost() < 0.01
    }

    /// The server's microseconds of processor time for each.
    pub(crate) fn cpu_each(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.complete.max(1))
    }
}

/// `PXEClient:Arch:00007:UNDI:003016` (PXE 2.1, option 60), as perfdhcp wants it.
const VENDOR_CLASS: &str = "60,505845436c69656e743a417263683a30303030373a554e44493a303033303136";

/// DISCOVERs sent, ACKs received, mean delay.
fn parse(text: &str) -> Option<(u32, u32, f64)> {
    let (offers, acknowledgements) = text.split_once("***Statistics for: REQUEST-ACK***")?;
    let (_, offers) = offers.split_once("***Statistics for: DISCOVER-OFFER***")?;
    let begun = after(offers, "sent packets:")?.parse().ok()?;
    let complete = after(acknowledgements, "received packets:")?.parse().ok()?;
    let delay = |part| after(part, "avg delay:")?.parse::<f64>().ok();
    let delay = delay(offers).unwrap_or(f64::NAN) + delay(acknowledgements).unwrap_or(f64::NAN);
    Some((begun, complete, delay))
}

/// What each answer took, in milliseconds, the fastest first. The times are `HHMMSS.` and
/// microseconds since the start, and a load is shorter than a minute.
fn answer_times(text: &str) -> Vec<f64> {
    let pairs = text
        .lines()
        .filter_map(|line| line.strip_prefix("sent / received: "));
    let mut times: Vec<f64> = pairs
        .filter_map(|pair| {
            let (sent, received) = pair.split_once(" / ")?;
            let seconds = received.trim().parse::<f64>().ok()? - sent.parse::<f64>().ok()?;
            Some(seconds * 1000.0)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The least that so many in a hundred do not exceed (nearest rank).
fn percentile(sorted: &[f64], hundredths: usize) -> f64 {
    let rank = (sorted.len() * hundredths).div_ceil(100);
    let found = sorted.get(rank.saturating_sub(1));
    found.copied().unwrap_or(f64::NAN)
}

fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_once(name)?.1.split_ascii_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfdhcps_statistics_are_read() {
        let text = "***Rate statistics***\nRate: 98 4-way exchanges/second, expected rate: 100\n\n\
             ***Statistics for: DISCOVER-OFFER***\nsent packets: 200\nreceived packets: 199\n\
             drops: 1\ndrops ratio: 0.5 %\n\nmin delay: 0.1 ms\navg delay: 0.25 ms\n\n\
             ***Statistics for: REQUEST-ACK***\nsent packets: 199\nreceived packets: 196\n\
             drops: 3\n\navg delay: 1.5 ms\n";
        assert_eq!(parse(text), Some((200, 196, 1.75)));
        assert_eq!(parse("usage: perfdhcp"), None);
    }

    #[test]
    fn answers_are_timed() {
        let text = "***Timestamps for packets: DISCOVER-OFFER***\n\
             sent / received: 000000.000123 / 000000.001123\n\
             sent / received: 000001.400141 / 000001.407141\n\n\
             ***Timestamps for packets: REQUEST-ACK***\n\
             sent / received: 000000.001399 / 000000.003399\n";
        let times = answer_times(text);
        let told = |it: f64| format!("{it:.3}");
        let all: Vec<String> = times.iter().copied().map(told).collect();
        assert_eq!(all, ["1.000", "2.000", "7.000"]);
        assert_eq!(told(percentile(&times, 50)), "2.000");
        assert_eq!(told(percentile(&times, 99)), "7.000");
        assert!(percentile(&answer_times("Unavailable!"), 50).is_nan());
    }

    #[test]
    fn no_card_comes_twice() {
        let load = DhcpLoad {
            rate: 500,
            seconds: 1,
            firmware: false,
            times: false,
            seed: 3,
        };
        let cards = load.cards();
        let mut all: Vec<&str> = cards.lines().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10_000);
        assert!(
            all.iter()
                .all(|it| it.len() == 17 && it.starts_with("02:03:"))
        );
    }
}
