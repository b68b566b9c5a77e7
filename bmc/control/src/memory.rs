//! What is remembered of one BMC from operation to operation. Whoever holds its lock has the BMC for
//! himself.

use bmc_ipmi::cipher::CipherSuite;

use crate::lockout::Lockout;

/// One BMC's memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The suite of the last login that was good.
    pub(crate) suite: Option<CipherSuite>,
    /// The logins that were not.
    pub(crate) lockout: Lockout,
}

impl Memory {
    /// The suites to try, best first. A BMC that has spoken one is not asked for another: whoever can
    /// forge its refusal could take us down to the weaker one.
    pub(crate) const fn suites(&self) -> &'static [CipherSuite] {
        match self.suite {
            None => &[CipherSuite::Suite17, CipherSuite::Suite3],
            Some(CipherSuite::Suite17) => &[CipherSuite::Suite17],
            Some(CipherSuite::Suite3) => &[CipherSuite::Suite3],
        }
    }
}
