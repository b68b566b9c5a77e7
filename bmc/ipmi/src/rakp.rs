//! The codes of the RAKP exchange, and the keys that come out of it (§13.31, §13.32).
//!
//! Numbers stand in the codes as they stand on the wire, least significant byte first.

use crate::cipher::{CipherSuite, Code};
use crate::login::Login;

/// What both sides have told each other by RAKP-2.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// The console's session id (`SID_M`) and the BMC's (`SID_C`).
    pub(crate) console_id: u32,
    pub(crate) bmc_id: u32,
    /// The console's random number (`R_M`) and the BMC's (`R_C`).
    pub(crate) console_random: [u8; 16],
    pub(crate) bmc_random: [u8; 16],
    /// The BMC's GUID (`GUID_C`).
    pub(crate) guid: [u8; 16],
    /// The requested privilege and the way to look the user up (`Role_M`).
    pub(crate) role: u8,
}

/// The keys of a session.
pub(crate) struct SessionKeys {
    pub(crate) suite: CipherSuite,
    /// K1.
    pub(crate) integrity: Code,
    /// The first 16 bytes of K2.
    pub(crate) confidentiality: Code,
}

impl Exchange {
    /// Whether `code` is the one that a BMC with the same password puts into RAKP-2.
    pub(crate) fn bmc_proved(&self, suite: CipherSuite, login: &Login, code: &[u8]) -> bool {
        let parts: [&[u8]; 7] = [
            &self.console_id.to_le_bytes(),
            &self.bmc_id.to_le_bytes(),
            &self.console_random,
            &self.bmc_random,
            &self.guid,
            &name_head(self.role, login),
            login.username.as_bytes(),
        ];
        code.len() == suite.code_length() && suite.verify(login.password.as_bytes(), &parts, code)
    }

    /// The code that goes into RAKP-3.
    pub(crate) fn proof(&self, suite: CipherSuite, login: &Login) -> Code {
        let parts: [&[u8]; 4] = [
            &self.bmc_random,
            &self.console_id.to_le_bytes(),
            &name_head(self.role, login),
            login.username.as_bytes(),
        ];
        suite.code(login.password.as_bytes(), &parts)
    }

    /// The session's integrity key (SIK), under the BMC's own key or, without one, the password.
    pub(crate) fn session_key(&self, suite: CipherSuite, login: &Login) -> Code {
        let key = match &login.bmc_key {
            Some(key) => key.as_bytes(),
            None => login.password.as_bytes(),
        };
        let parts: [&[u8]; 4] = [
            &self.console_random,
            &self.bmc_random,
            &name_head(self.role, login),
            login.username.as_bytes(),
        ];
        suite.code(key, &parts)
    }

    /// Whether `check` is what a BMC with the same session key puts into RAKP-4.
    pub(crate) fn agreed(&self, suite: CipherSuite, session_key: &[u8], check: &[u8]) -> bool {
        let parts: [&[u8]; 3] = [&self.console_random, &self.bmc_id.to_le_bytes(), &self.guid];
        check.len() == suite.check_length() && suite.verify(session_key, &parts, check)
    }
}

impl SessionKeys {
    /// §13.32 makes them from a constant of 20 equal bytes, whatever the hash.
    pub(crate) fn derive(suite: CipherSuite, session_key: &[u8]) -> Self {
        let key = |constant: u8| suite.code(session_key, &[&[constant; 20]]);
        Self {
            suite,
            integrity: key(1),
            confidentiality: key(2),
        }
    }
}

impl std::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionKeys(suite {}, redacted)", self.suite)
    }
}

/// Role and length of the name, which stand before the name in each code.
fn name_head(role: u8, login: &Login) -> [u8; 2] {
    [role, u8::try_from(login.username.len()).unwrap_or(u8::MAX)]
}
