//! What is remembered of one BMC from operation to operation. Whoever holds its lock has the BMC for
//! himself.

use std::time::Duration;

use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::login::Login;
use tokio::time::Instant;

use crate::lockout::Lockouts;

/// One BMC's memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The suite of the last login that was good, and since when it has been that one.
    good: Option<(CipherSuite, Instant)>,
    /// The logins that were not.
    pub(crate) lockouts: Lockouts,
}

/// For how long suite 17 is not tried after suite 3 was good. A BMC that meets it with silence costs
/// two requests and their waits, too much for each login and nothing in an hour; and a datagram that
/// was lost, or a refusal that somebody forged, weakens a BMC for an hour at most.
const SUITE_3_FOR: Duration = Duration::from_hours(1);

impl Memory {
    /// The suites to try, best first. A BMC that has spoken suite 17 is not asked for another:
    /// whoever can forge its refusal could take us down to the weaker one.
    pub(crate) fn suites(&self, now: Instant) -> &'static [CipherSuite] {
        match self.good {
            Some((CipherSuite::Suite17, _)) => &[CipherSuite::Suite17],
            Some((CipherSuite::Suite3, since)) if now.duration_since(since) < SUITE_3_FOR => {
                &[CipherSuite::Suite3]
            }
            Some((CipherSuite::Suite3, _)) | None => &[CipherSuite::Suite17, CipherSuite::Suite3],
        }
    }

    /// A login with this suite was good, of those that were to be tried at `now`.
    pub(crate) fn succeeded(&mut self, suite: CipherSuite, login: &Login, now: Instant) {
        if self.suites(now) != [suite] {
            self.good = Some((suite, now));
        }
        self.lockouts.succeeded(login);
    }

    /// All suites that were tried are refused. Where suite 3 was good it may be switched off since;
    /// that suite 17 was good is not forgotten.
    pub(crate) fn refused(&mut self) {
        self.good = self.good.filter(|(suite, _)| *suite != CipherSuite::Suite3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmc_ipmi::login::Password;
    use machine_core::endpoint::IpmiWorkarounds;

    fn login() -> Login {
        Login {
            username: "ADMIN".to_owned(),
            password: Password::new("secret123"),
            bmc_key: None,
            workarounds: IpmiWorkarounds::default(),
        }
    }

    const BOTH: [CipherSuite; 2] = [CipherSuite::Suite17, CipherSuite::Suite3];

    #[test]
    fn suite_3_is_good_for_an_hour() {
        let start = Instant::now();
        let at = |minutes| start + Duration::from_mins(minutes);
        let mut memory = Memory::default();
        assert_eq!(memory.suites(at(0)), BOTH);
        memory.succeeded(CipherSuite::Suite3, &login(), at(0));
        for minutes in [0, 30, 59] {
            assert_eq!(memory.suites(at(minutes)), [CipherSuite::Suite3]);
            // That it is used does not make the hour longer.
            memory.succeeded(CipherSuite::Suite3, &login(), at(minutes));
        }
        assert_eq!(memory.suites(at(60)), BOTH);
        memory.succeeded(CipherSuite::Suite3, &login(), at(60));
        assert_eq!(memory.suites(at(119)), [CipherSuite::Suite3]);
        memory.succeeded(CipherSuite::Suite17, &login(), at(120));
        assert_eq!(memory.suites(at(1_000_000)), [CipherSuite::Suite17]);
    }

    #[test]
    fn only_suite_3_is_forgotten() {
        let now = Instant::now();
        let mut memory = Memory::default();
        for (suite, then) in [
            (CipherSuite::Suite3, &BOTH[..]),
            (CipherSuite::Suite17, &BOTH[..1]),
        ] {
            memory.succeeded(suite, &login(), now);
            memory.refused();
            assert_eq!(memory.suites(now), then);
        }
    }
}
