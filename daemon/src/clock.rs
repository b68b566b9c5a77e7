//! The clock: the one place that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use machine_core::time::Timestamp;

/// Now, as a value for those who decide.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
