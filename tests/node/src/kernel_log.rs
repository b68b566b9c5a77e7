//! The kernel log as Talos sends it: one JSON object a line, for each record of `/dev/kmsg`.
//!
//! Reading starts at the beginning of the ring buffer, so each boot's log begins with its `Linux
//! version` and its `Command line`. Keys: `msg`, `talos-time`, `talos-level`, `facility`, `seq`,
//! `clock`, `priority`. A record's message keeps its newline; a "notice" arrives as level "info".

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
        let at = booted.plus(Duration::from_micros(self.clock));
        let (priority, level) = match self.priority & 7 {
            0 => ("emerg", "fatal"),
            1 => ("alert", "fatal"),
            2 => ("crit", "fatal"),
            3 => ("err", "error"),
            4 => ("warning", "warn"),
            5 => ("notice", "info"),
            6 => ("info", "info"),
            _ => ("debug", "debug"),
        };
        let line = json!({
            "msg": format!("{}\n", self.text),
            "talos-time": at.to_string(),
            "talos-level": level,
            "facility": facility(self.priority >> 3),
            "seq": self.sequence,
            "clock": self.clock,
            "priority": priority,
        });
        format!("{line}\n")
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
