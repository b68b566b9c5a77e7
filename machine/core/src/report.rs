//! What a system tells of itself, as it counts for its machine: the same words whatever system it
//! is. Whoever reads a system's own words says here what they mean.

use crate::attempt::AttemptEnd;
use crate::boot::BootStep;

/// What one report says. Most say one thing of it, many say nothing that counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A line for the timeline, and how far its install has come.
    pub told: Option<Told>,
    /// Whether the system is ready for work.
    pub ready: Option<bool>,
    /// How the attempt ends whose config the system has, and in which words.
    pub ends: Option<(AttemptEnd, String)>,
    /// What it means for an install that is under way that the system restarts: its end.
    pub restarts: Option<Told>,
    /// It asks for a config: its disk holds none.
    pub asks_for_config: bool,
    /// It runs from its disk.
    pub runs_from_disk: bool,
}

/// A line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The step of the boot that it tells of.
    pub step: Option<BootStep>,
    /// Its kind, as events have it.
    pub kind: &'static str,
    /// Its text.
    pub detail: String,
}

impl Told {
    /// A line that tells of a step.
    pub fn step(step: BootStep, detail: &str) -> Self {
        Self {
            step: Some(step),
            kind: step.as_str(),
            detail: detail.to_owned(),
        }
    }

    /// A line that tells of no step.
    pub const fn note(kind: &'static str, detail: String) -> Self {
        Self {
            step: None,
            kind,
            detail,
        }
    }
}

/// The kind of a system's status on a timeline.
pub const STATUS: &str = "status";

/// The kind of what went wrong on a timeline.
pub const TROUBLE: &str = "trouble";

/// A system's words on one line, at most 800 characters: as long as a line of a timeline may be.
/// Control characters, which a person's terminal would obey, stand for blanks.
pub fn squeezed(text: &str) -> String {
    let words = text.split(|it: char| it.is_whitespace() || it.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(WORDS).collect()
}

const WORDS: usize = 800;
