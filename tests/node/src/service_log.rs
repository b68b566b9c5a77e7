//! The logs of Talos's services as `machine.logging.destinations` get them: format `json_lines`.
//!
//! Keys: `msg`, `talos-level`, `talos-service`, `talos-time`; a destination's `extraTags` are merged
//! into each line, at its top, and win over them. Among the services are some that are no services:
//! `kernel`, `early-startup`, `controller-runtime`, `dns-resolve-cache`.

use crate::kernel_log::KernelRecord;
use machine_core::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One line of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLine {
    /// Which service wrote it.
    pub service: &'static str,
    /// When.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

impl ServiceLine {
    /// A record of the kernel, as Talos repeats it in its services' log. `booted` is when the kernel's
    /// clock was zero.
    pub fn of_kernel(record: &KernelRecord, booted: Timestamp) -> Self {
        let at = record.at(booted);
        let (facility, priority) = (record.facility(), record.priority_name());
        Self {
            service: "kernel",
            at,
            text: format!("{facility}: {priority:>7}: [{at}]: {}", record.text),
        }
    }

    /// What the services that are none say when a node starts.
    pub fn at_start(at: Timestamp) -> [Self; 3] {
        [
            ("early-startup", "INFO platform information"),
            ("controller-runtime", "DEBUG controller starting"),
            ("dns-resolve-cache", "INFO updated dns server nameservers"),
        ]
        .map(|(service, text)| Self {
            service,
            at,
            text: text.to_owned(),
        })
    }

    /// The line for a destination with these tags, newline included.
    pub fn to_line(&self, extra_tags: &BTreeMap<String, String>) -> String {
        let own = [
            ("msg", self.text.clone()),
            ("talos-level", "info".to_owned()),
            ("talos-service", self.service.to_owned()),
            ("talos-time", self.at.to_string()),
        ];
        let own = own
            .into_iter()
            .map(|(key, value)| (key.to_owned(), Value::String(value)));
        let tags = extra_tags
            .iter()
            .map(|(key, value)| (key.clone(), Value::String(value.clone())));
        let line: Map<String, Value> = own.chain(tags).collect();
        format!("{}\n", Value::Object(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_tags_stand_beside_the_own_keys() {
        let line = ServiceLine {
            service: "machined",
            at: Timestamp::from_millis(0),
            text: "line\none".to_owned(),
        };
        let tags = BTreeMap::from([("boot".to_owned(), "abc".to_owned())]);
        let text = line.to_line(&tags);
        assert_eq!(text.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["boot"], "abc");
        assert_eq!(value["msg"], "line\none");
        assert_eq!(value["talos-service"], "machined");
        assert_eq!(value.as_object().unwrap().len(), 5);
    }
}
