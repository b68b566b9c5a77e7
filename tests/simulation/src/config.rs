//! What a config says whose bytes were seen: only what the lab looks at.

use machine_core::id::AttemptId;

/// What a config says whose bytes were seen on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) attempt: AttemptId,
    pub(crate) machine: String,
    pub(crate) cluster: String,
    pub(crate) disk: String,
}

impl Config {
    /// Reads it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (attempt, disk) = attempt_and_disk(text)?;
        Some(Self {
            attempt,
            machine: value(text, "hostname")?,
            cluster: value(text, "clusterName")?,
            disk,
        })
    }
}

/// The attempt that a config belongs to, and the serial number of its disk.
pub(crate) fn attempt_and_disk(text: &str) -> Option<(AttemptId, String)> {
    let attempt = value(text, AttemptId::LOG_TAG)?.parse().ok()?;
    Some((attempt, value(text, "serial")?))
}

/// The value of a key in a config, wherever it stands.
fn value(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.trim().split_once(':')?;
        (key == name).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}
