//! Failed logins, counted here before the BMC counts too many: BMCs lock a user out after a few, and
//! the user that is locked out may be the only one.
//!
//! They are counted by user and secret, so a password that was corrected is tried at once.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use bmc_ipmi::login::Login;
use tokio::time::Instant;

/// The failed logins at one BMC.
#[derive(Default)]
pub(crate) struct Lockouts {
    /// Its key is drawn once: a digest says nothing of a password to who reads it.
    digests: RandomState,
    by_login: BTreeMap<u64, Failures>,
}

impl Lockouts {
    /// How long this login may not be tried, if so many of its tries failed within the window.
    pub(crate) fn remaining(
        &self,
        login: &Login,
        (limit, window): (usize, Duration),
        now: Instant,
    ) -> Option<Duration> {
        let failures = self.by_login.get(&self.digest(login))?;
        failures.remaining(limit, window, now)
    }

    /// A login failed. What failed longest ago is forgotten first.
    pub(crate) fn failed(&mut self, login: &Login, now: Instant) {
        const LOGINS: usize = 16;
        let digest = self.digest(login);
        self.by_login.entry(digest).or_default().add(now);
        if self.by_login.len() > LOGINS {
            let last = |failures: &Failures| failures.0.last().copied();
            let oldest = self.by_login.iter().min_by_key(|(_, it)| last(it));
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                self.by_login.remove(&oldest);
            }
        }
    }

    /// A login was good, which also clears the BMC's own count of its user.
    pub(crate) fn succeeded(&mut self, login: &Login) {
        self.by_login.remove(&self.digest(login));
    }

    fn digest(&self, login: &Login) -> u64 {
        self.digests.hash_one(login)
    }
}

/// How many logins failed, and of none with what.
impl fmt::Debug for Lockouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = self.by_login.values().map(|it| it.0.len());
        f.debug_list().entries(failures).finish()
    }
}

/// When the tries of one login failed, oldest first.
#[derive(Debug, Default)]
struct Failures(Vec<Instant>);

impl Failures {
    fn remaining(&self, limit: usize, window: Duration, now: Instant) -> Option<Duration> {
        let oldest = self.0.iter().rev().nth(limit.max(1) - 1)?;
        let until = window.checked_sub(now.duration_since(*oldest))?;
        (!until.is_zero()).then_some(until)
    }

    fn add(&mut self, now: Instant) {
        const KEPT: usize = 64;
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmc_ipmi::login::Password;
    use machine_core::endpoint::IpmiWorkarounds;

    const LIMIT: (usize, Duration) = (3, Duration::from_mins(10));

    fn login(password: &str) -> Login {
        Login {
            username: "ADMIN".to_owned(),
            password: Password::new(password),
            bmc_key: None,
            workarounds: IpmiWorkarounds::default(),
        }
    }

    #[test]
    fn three_failures_in_ten_minutes() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (mut lockouts, wrong) = (Lockouts::default(), login("secret124"));
        for seconds in [0, 100, 200] {
            assert_eq!(lockouts.remaining(&wrong, LIMIT, at(seconds)), None);
            lockouts.failed(&wrong, at(seconds));
        }
        for (seconds, remaining) in [(200, Some(400)), (599, Some(1)), (600, None), (700, None)] {
            assert_eq!(
                lockouts.remaining(&wrong, LIMIT, at(seconds)),
                remaining.map(Duration::from_secs),
                "after {seconds} s"
            );
        }
        // The fourth makes it three within ten minutes again.
        lockouts.failed(&wrong, at(601));
        assert!(lockouts.remaining(&wrong, LIMIT, at(602)).is_some());
        lockouts.succeeded(&wrong);
        assert_eq!(lockouts.remaining(&wrong, LIMIT, at(602)), None);
    }

    #[test]
    fn a_corrected_password_or_user_is_not_locked_out() {
        let now = Instant::now();
        let (mut lockouts, wrong) = (Lockouts::default(), login("secret124"));
        for _ in 0..3 {
            lockouts.failed(&wrong, now);
        }
        assert!(lockouts.remaining(&wrong, LIMIT, now).is_some());
        let other_user = Login {
            username: "root".to_owned(),
            ..login("secret124")
        };
        for corrected in [login("secret123"), other_user] {
            assert_eq!(lockouts.remaining(&corrected, LIMIT, now), None);
        }
    }

    #[test]
    fn logins_that_failed_long_ago_are_forgotten() {
        let start = Instant::now();
        let mut lockouts = Lockouts::default();
        for seconds in 0..100 {
            let at = start + Duration::from_secs(seconds);
            lockouts.failed(&login(&seconds.to_string()), at);
        }
        assert_eq!(lockouts.by_login.len(), 16);
        let first = (1, Duration::from_mins(10));
        let now = start + Duration::from_secs(100);
        assert!(lockouts.remaining(&login("99"), first, now).is_some());
        assert_eq!(lockouts.remaining(&login("0"), first, now), None);
    }
}
