//! For how long what happened is kept: events, boots, and requests that were carried out.

use std::time::Duration;

/// For how long what happened is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events, and the requests of people.
    pub events: Duration,
    /// Boots.
    pub boots: Duration,
}

impl Retention {
    /// 90 days: who looks into last quarter's trouble still finds it.
    pub const DEFAULT: Self = Self {
        events: Duration::from_hours(90 * 24),
        boots: Duration::from_hours(90 * 24),
    };
}
