//! One BMC, and how to log in to it.

use std::net::SocketAddr;

use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::error::{IpmiError, Step};
use bmc_ipmi::login::Login;
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::session::Settings;
use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::ended::Ended;
use crate::error::{BmcError, Operation};
use crate::limits::Limits;
use crate::line::{Line, LineError};
use crate::memory::Memory;

/// One BMC, and how to log in to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) login: Login,
    pub(crate) limits: Limits,
}

impl Target {
    /// Does `work` for `operation`, unless it takes too long.
    pub(super) async fn within<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, Ended>> + Send,
    ) -> Result<T, BmcError> {
        let limit = self.limits.operation;
        match timeout(limit, work).await {
            Ok(result) => result.map_err(|ended| {
                let (address, username) = (self.address, self.login.username.as_str());
                ended.explain(operation, address, username)
            }),
            Err(_elapsed) => Err(BmcError::Deadline {
                operation,
                address: self.address,
                limit,
            }),
        }
    }

    /// Logs in, with the best suite that the BMC takes.
    pub(super) async fn open(&self, memory: &mut Memory) -> Result<Line, Ended> {
        self.refuse_if_locked_out(memory)?;
        let mut result = Err(LineError::from(IpmiError::NotReady));
        let suites = memory.suites(Instant::now());
        for (index, suite) in suites.iter().enumerate() {
            let last = index + 1 == suites.len();
            result = self.open_in_step(*suite, last).await;
            match &result {
                Ok(_) => {
                    memory.succeeded(*suite, &self.login, Instant::now());
                    break;
                }
                Err(LineError::Ipmi(error)) if !last && is_no_to_the_suite(error) => {
                    debug!(address = %self.address, %suite, %error, "next cipher suite");
                }
                Err(LineError::Ipmi(IpmiError::CipherSuiteRefused { .. })) => memory.refused(),
                Err(LineError::Ipmi(IpmiError::AuthenticationFailed(_))) => {
                    memory.lockouts.failed(&self.login, Instant::now());
                    break;
                }
                Err(_) => break,
            }
        }
        Ok(result?)
    }

    /// Logs in with one suite, once more if the first login lost step.
    async fn open_in_step(&self, suite: CipherSuite, last: bool) -> Result<Line, LineError> {
        let settings = self.settings(suite, last);
        let open = || Line::open(self.address, self.login.clone(), settings);
        match open().await {
            Err(LineError::Ipmi(error)) if error.is_out_of_step() => {
                debug!(address = %self.address, %suite, %error, "the login begins anew");
                open().await
            }
            other => other,
        }
    }

    fn refuse_if_locked_out(&self, memory: &Memory) -> Result<(), Ended> {
        let Limits {
            login_failures,
            login_window,
            ..
        } = self.limits;
        let limit = (login_failures, login_window);
        match memory
            .lockouts
            .remaining(&self.login, limit, Instant::now())
        {
            None => Ok(()),
            Some(wait) => Err(Ended::LockedOut {
                failures: login_failures,
                retry_in: wait,
            }),
        }
    }

    /// Silence may be a BMC's way to refuse a suite, so it is cheap while there is another to try.
    fn settings(&self, suite: CipherSuite, last: bool) -> Settings {
        let mut timing = self.limits.timing;
        if !last {
            timing.sends_of_open_session = timing.sends_of_open_session.min(2);
        }
        Settings {
            suite,
            privilege: Privilege::Operator,
            timing,
        }
    }
}

const fn is_no_to_the_suite(error: &IpmiError) -> bool {
    matches!(
        error,
        IpmiError::CipherSuiteRefused { .. }
            | IpmiError::Timeout {
                step: Step::OpenSession,
                ..
            }
    )
}
