//! One line of a node's kernel log or of its services' logs: JSON in, a value out.
//!
//! Pure, and total: any bytes are a line or a [`Dropped`]. Talos sends both logs as JSON objects
//! with `msg`, `talos-level` and `talos-time`. A kernel line has `facility`, `seq`, `clock` and
//! `priority` beside them, a service's line `talos-service` and the extra tags that the config gave
//! its destination, as further fields.

use std::collections::BTreeMap;

use machine_core::id::AttemptId;
use serde_json::{Map, Value};

use crate::command_line::CommandLine;
use crate::dropped::Dropped;
use crate::text::cleaned;

/// Who wrote a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogSource {
    /// The node's kernel.
    Kernel,
    /// A program, by way of the kernel's log.
    KernelLog,
    /// A service of Talos.
    Service(String),
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Who wrote it.
    pub source: LogSource,
    /// What it says, cleaned: no control characters, no URL beyond its host.
    pub message: String,
    /// Its level, as Talos names it.
    pub level: Option<String>,
    /// Its number in the kernel's log, which begins at 0 with each boot.
    pub sequence: Option<u64>,
    /// When it was written, by the node's clock, as it said it (RFC 3339).
    pub at_text: Option<String>,
    /// The kernel's command line, if this is the line that shows it.
    pub command_line: Option<CommandLine>,
    /// The extra tags that the config gave this log.
    pub tags: BTreeMap<String, String>,
}

impl LogLine {
    /// The attempt on whose config the node runs, if its lines say so.
    pub fn attempt(&self) -> Option<AttemptId> {
        self.tags.get(AttemptId::LOG_TAG)?.parse().ok()
    }
}

/// The line in these bytes: one JSON object, with or without the newline behind it.
pub fn parse_line(bytes: &[u8]) -> Result<LogLine, Dropped> {
    let fields: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|_| Dropped::NotAnObject {
            got: cleaned(&String::from_utf8_lossy(bytes), EXCERPT_LIMIT),
        })?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let raw = text("msg").ok_or(Dropped::NoMessage)?;
    let source = source(text("talos-service"), text("facility"));
    Ok(LogLine {
        message: cleaned(raw, MESSAGE_LIMIT),
        level: text("talos-level").map(|level| cleaned(level, TAG_LIMIT)),
        sequence: fields.get("seq").and_then(Value::as_u64),
        at_text: text("talos-time").map(|at| cleaned(at, TAG_LIMIT)),
        command_line: match source {
            LogSource::Kernel => CommandLine::in_message(raw),
            LogSource::KernelLog | LogSource::Service(_) => None,
        },
        tags: match source {
            LogSource::Service(_) => tags(&fields),
            LogSource::Kernel | LogSource::KernelLog => BTreeMap::new(),
        },
        source,
    })
}

/// What a program writes to the kernel's log has another facility than the kernel's own: it can't
/// pass for the kernel's word on the command line.
fn source(service: Option<&str>, facility: Option<&str>) -> LogSource {
    match (service, facility) {
        (Some(name), _) => LogSource::Service(cleaned(name, TAG_LIMIT)),
        (None, Some("kern")) => LogSource::Kernel,
        (None, _) => LogSource::KernelLog,
    }
}

fn tags(fields: &Map<String, Value>) -> BTreeMap<String, String> {
    fields
        .iter()
        .filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str()) && name.len() <= TAG_LIMIT)
        .filter_map(|(name, value)| Some((cleaned(name, TAG_LIMIT), value.as_str()?)))
        .map(|(name, value)| (name, cleaned(value, TAG_LIMIT)))
        .take(TAGS_LIMIT)
        .collect()
}

/// Fields that are Talos' own, and not tags.
const OWN_FIELDS: [&str; 4] = ["msg", "talos-level", "talos-service", "talos-time"];

/// Characters of a message that are kept.
const MESSAGE_LIMIT: usize = 4096;
/// Characters of a tag's name, and of its value, that are kept.
const TAG_LIMIT: usize = 128;
/// Tags that are kept.
const TAGS_LIMIT: usize = 16;
/// Characters shown of what is not a line.
const EXCERPT_LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_line::BootSource;
    use machine_core::id::BootId;
    use proptest::prelude::*;

    fn parsed(line: &str) -> LogLine {
        parse_line(line.as_bytes()).unwrap()
    }

    #[test]
    fn a_kernel_line_is_read() {
        let line = parsed(
            r#"{"msg":"e1000: eth0 up\n","talos-time":"2026-11-23T10:00:00.5Z","talos-level":"info",
                "facility":"kern","seq":42,"clock":1234,"priority":"notice","x":"y"}"#,
        );
        assert_eq!(
            line,
            LogLine {
                source: LogSource::Kernel,
                message: "e1000: eth0 up".into(),
                level: Some("info".into()),
                sequence: Some(42),
                at_text: Some("2026-11-23T10:00:00.5Z".into()),
                command_line: None,
                tags: BTreeMap::new(),
            }
        );
        assert_eq!(line.attempt(), None);
    }

    #[test]
    fn a_services_line_carries_its_attempt() {
        let attempt = AttemptId::from_bytes([7; 16]);
        let line = parsed(&format!(
            r#"{{"msg":"ready","talos-service":"machined","talos-level":"info","n":1,
                "drover-attempt":"{attempt}","rack":"r1"}}"#
        ));
        assert_eq!(line.source, LogSource::Service("machined".into()));
        assert_eq!(line.attempt(), Some(attempt));
        let tags: Vec<&str> = line.tags.keys().map(String::as_str).collect();
        assert_eq!(tags, ["drover-attempt", "rack"]);
    }

    #[test]
    fn only_the_kernel_speaks_of_its_command_line() {
        let boot = BootId::from_bytes([1; 16]);
        let message = format!("Command line: talos.config=http://h/c/s3cret drover.boot={boot}");
        for (fields, wanted) in [
            (r#""facility":"kern""#, Some(BootSource::Network(boot))),
            (r#""facility":"user""#, None),
            (r#""talos-service":"kubelet""#, None),
            (r#""talos-service":"kubelet","facility":"kern""#, None),
            (r#""seq":1"#, None),
        ] {
            let line = parsed(&format!(r#"{{"msg":"{message}",{fields}}}"#));
            assert_eq!(
                line.command_line.map(|line| line.source),
                wanted,
                "{fields}"
            );
            assert!(!line.message.contains("s3cret"), "{fields}");
        }
    }

    #[test]
    fn what_is_no_line_is_dropped_with_the_reason() {
        let not_an_object = |got: &str| Dropped::NotAnObject { got: got.into() };
        for (bytes, wanted) in [
            (&b""[..], not_an_object("")),
            (b"hello", not_an_object("hello")),
            (b"[1]", not_an_object("[1]")),
            (b"{\"msg\":\"a\"}{", not_an_object("{\"msg\":\"a\"}{")),
            (b"\xff\x00", not_an_object("\u{fffd} ")),
            (b"{}", Dropped::NoMessage),
            (b"{\"msg\":7}", Dropped::NoMessage),
        ] {
            assert_eq!(parse_line(bytes), Err(wanted), "{bytes:?}");
        }
        let deep = "[".repeat(16_000);
        assert!(matches!(
            parse_line(deep.as_bytes()),
            Err(Dropped::NotAnObject { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line_or_dropped(bytes: Vec<u8>) {
            let _ = parse_line(&bytes);
        }

        #[test]
        fn any_message_comes_out_bounded(
            message: String,
            service: Option<String>,
            extra in prop::collection::btree_map(".{0,200}", ".{0,200}", 0..30),
        ) {
            let mut fields: Map<String, Value> =
                extra.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
            fields.insert("msg".into(), message.into());
            if let Some(service) = service {
                fields.insert("talos-service".into(), service.into());
            }
            let line = parse_line(&serde_json::to_vec(&fields).unwrap()).unwrap();
            prop_assert!(line.message.chars().count() <= MESSAGE_LIMIT);
            prop_assert!(line.tags.len() <= TAGS_LIMIT);
            prop_assert!(line.tags.values().all(|value| value.chars().count() <= TAG_LIMIT));
            prop_assert!(!line.message.chars().any(char::is_control));
        }
    }
}
