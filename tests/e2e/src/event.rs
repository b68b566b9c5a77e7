//! An event of a timeline, as `drover machine timeline --output json` prints it.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// Something that happened to a machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// Its place among all events of this Drover.
    pub sequence: i64,
    /// When, in RFC 3339.
    pub at: String,
    /// Who did it.
    pub actor: String,
    /// A step of a boot, or `state`, `power`, `attempt` …
    pub kind: String,
    /// What happened, for people.
    pub detail: String,
    /// The boot that it belongs to, if it belongs to one.
    pub boot: Option<String>,
}

impl Event {
    /// When it happened, in time since `began`; nothing if it was before, or cannot be read.
    pub fn since(&self, began: SystemTime) -> Option<Duration> {
        let at = humantime::parse_rfc3339(&self.at).ok()?;
        at.duration_since(began).ok()
    }

    /// Whether the machine entered this state with it.
    pub fn enters(&self, state: &str) -> bool {
        let end = self.detail.split_once(" -> ").map(|(_, end)| end);
        self.kind == "state" && end.is_some_and(|end| end.starts_with(state))
    }

    /// Whether the machine's power was switched on with it, to boot from the network.
    pub fn switches_on(&self) -> bool {
        self.kind == "power" && self.detail.starts_with("on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, detail: &str) -> Event {
        let line = format!(
            r#"{{"sequence":1,"at":"2026-11-23T22:20:05.250Z","actor":"drover","kind":"{kind}","detail":"{detail}","boot":null}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn times_count_from_a_beginning() {
        let began = humantime::parse_rfc3339("2026-11-23T22:20:00Z").unwrap();
        let at = event("disk", "").since(began);
        assert_eq!(at, Some(Duration::from_millis(5250)));
        let later = began + Duration::from_mins(1);
        assert_eq!(event("disk", "").since(later), None);
    }

    #[test]
    fn states_are_entered_not_left() {
        let active = event("state", "provisioning -> active: it runs");
        assert!(active.enters("active") && !active.enters("provisioning"));
        assert!(!event("status", "provisioning -> active").enters("active"));
    }
}
