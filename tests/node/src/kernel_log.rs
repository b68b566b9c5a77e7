//! The kernel log as Talos sends it: one JSON object a line, for each record of `/dev/kmsg`.
//!
//! Reading starts at the beginning of the ring buffer, so each boot's log begins with its `Linux
//! version` and its `Command line`. Keys: `msg`, `talos-time`, `talos-level`, `facility`, `seq`,
//! `clock`, `priority`. A record's message keeps its newline; a "notice" arrives as level "info", and
//! everything from "emerg" to "err" as "error". A ring that overflows before the network is up has
//! lost its beginning.

use machine_core::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// A record, as the kernel's Documentation/ABI/testing/dev-kmsg describes it:
/// `priority,sequence,microseconds,flags;text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelRecord {
    /// Facility and level in one number, as in syslog.
    pub priority: u32,
    /// Its number since boot.
    pub sequence: u64,
    /// Microseconds since boot.
    pub clock: u64,
    /// The text, without the continuation lines that carry device names.
    pub text: String,
}

impl KernelRecord {
    /// Reads one record; `None` if it is not one.
    pub fn parse(record: &[u8]) -> Option<Self> {
        let record = String::from_utf8_lossy(record);
        let (prefix, text) = record.split_once(';')?;
        let mut fields = prefix.split(',');
        let priority = fields.next()?.parse().ok()?;
        let sequence = fields.next()?.parse().ok()?;
        let clock = fields.next()?.parse().ok()?;
        let text = text.split('\n').next().unwrap_or_default().to_owned();
        Some(Self {
            priority,
            sequence,
            clock,
            text,
        })
    }

    /// The line that goes to a destination, newline included; `booted` is when the clock was zero.
    pub fn to_line(&self, booted: Timestamp) -> String {
        let level = match self.priority & 7 {
            0..=3 => "error",
            4 => "warn",
            5 | 6 => "info",
            _ => "debug",
        };
        let line = json!({
            "msg": format!("{}\n", self.text),
            "talos-time": self.at(booted).to_string(),
            "talos-level": level,
            "facility": self.facility(),
            "seq": self.sequence,
            "clock": self.clock,
            "priority": self.priority_name(),
        });
        format!("{line}\n")
    }

    /// When it was written; `booted` is when the kernel's clock was zero.
    pub fn at(&self, booted: Timestamp) -> Timestamp {
        booted.plus(Duration::from_micros(self.clock))
    }

    /// The name of its priority.
    pub fn priority_name(&self) -> &'static str {
        match self.priority & 7 {
            0 => "emerg",
            1 => "alert",
            2 => "crit",
            3 => "err",
            4 => "warning",
            5 => "notice",
            6 => "info",
            _ => "debug",
        }
    }

    /// The name of its facility.
    pub fn facility(&self) -> String {
        facility(self.priority >> 3)
    }
}

fn facility(number: u32) -> String {
    let known = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
    ];
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    known
        .get(at)
        .map_or_else(|| format!("local{number}"), |name| (*name).to_owned())
}

/// `tcp://host:port` or `udp://host:port` of a destination.
pub fn destination(url: &str) -> Option<(Transport, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let transport = match scheme {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => return None,
    };
    Some((transport, rest.trim_end_matches('/')))
}

/// How lines travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A stream of lines.
    Tcp,
    /// A line a datagram.
    Udp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn a_record_becomes_a_line_with_all_keys() {
        let record = b"5,0,1500000,-;Command line: drover.boot=abc pti=on\n SUBSYSTEM=x\n";
        let record = KernelRecord::parse(record).unwrap();
        let line = record.to_line(Timestamp::from_millis(1_000));
        assert!(line.ends_with('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["msg"], "Command line: drover.boot=abc pti=on\n");
        assert_eq!(line["talos-time"], "1970-01-01T00:00:02.500Z");
        assert_eq!(line["talos-level"], "info");
        assert_eq!(line["priority"], "notice");
        assert_eq!(line["facility"], "kern");
        assert_eq!(
            (&line["seq"], &line["clock"]),
            (&0.into(), &1_500_000.into())
        );
        assert_eq!(line.as_object().unwrap().len(), 7);
    }

    #[test]
    fn the_four_worst_priorities_are_all_errors() {
        for (priority, name) in [(0, "emerg"), (1, "alert"), (2, "crit"), (3, "err")] {
            let record = format!("{priority},7,8,-;x");
            let record = KernelRecord::parse(record.as_bytes()).unwrap();
            let line = record.to_line(Timestamp::from_millis(0));
            let line: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line["talos-level"], "error");
            assert_eq!(line["priority"], name);
        }
    }

    #[test]
    fn a_destination_is_a_scheme_and_a_place() {
        assert_eq!(
            destination("tcp://10.0.0.1:4/"),
            Some((Transport::Tcp, "10.0.0.1:4"))
        );
        assert_eq!(destination("udp://h:5"), Some((Transport::Udp, "h:5")));
        assert_eq!(destination("http://h:5"), None);
        assert_eq!(destination("h:5"), None);
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_whatever_the_record_holds(record in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut bytes = b"30,7,8,-;".to_vec();
            bytes.extend(record);
            let line = KernelRecord::parse(&bytes).unwrap().to_line(Timestamp::from_millis(0));
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert!(serde_json::from_str::<Value>(&line).is_ok());
        }
    }
}
