//! How long to wait for a BMC, and how often to let a login fail.

use std::time::Duration;

use bmc_ipmi::retry::Timing;

/// The limits of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One question, with the login that it may take; and the wait for a session's turn.
    pub operation: Duration,
    /// Each request within it.
    pub timing: Timing,
    /// So many logins may fail within the window; BMCs lock a user out after a few more.
    pub login_failures: usize,
    /// The window.
    pub login_window: Duration,
}

impl Limits {
    /// 30 seconds per question: a request that is not answered is given up after 7, and a login that
    /// begins anew may take two of them. Three failed logins in ten minutes.
    pub const DEFAULT: Self = Self {
        operation: Duration::from_secs(30),
        timing: Timing::DEFAULT,
        login_failures: 3,
        login_window: Duration::from_mins(10),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
