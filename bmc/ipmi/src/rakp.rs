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
        let parts: [&[u8]; 6] = [
            &self.console_id.to_le_bytes(),
            &self.bmc_id.to_le_bytes(),
            &self.console_random,
            &self.bmc_random,
            &self.guid,
            &named(self.role, login),
        ];
        let code = match code.split_last() {
            // The byte too many says nothing (FreeIPMI, "sun20", "supermicro20").
            Some((_, code))
                if login.workarounds.long_codes() && code.len() == suite.code_length() =>
            {
                code
            }
            _ => code,
        };
        code.len() == suite.code_length() && suite.verify(login.password.as_bytes(), &parts, code)
    }

    /// The code that goes into RAKP-3.
    pub(crate) fn proof(&self, suite: CipherSuite, login: &Login) -> Code {
        let parts: [&[u8]; 3] = [
            &self.bmc_random,
            &self.console_id.to_le_bytes(),
            &named(self.role, login),
        ];
        suite.code(login.password.as_bytes(), &parts)
    }

    /// The session's integrity key (SIK), under the BMC's own key or, without one, the password.
    pub(crate) fn session_key(&self, suite: CipherSuite, login: &Login) -> Code {
        let key = match &login.bmc_key {
            Some(key) => key.as_bytes(),
            None => login.password.as_bytes(),
        };
        let parts: [&[u8]; 3] = [
            &self.console_random,
            &self.bmc_random,
            &named(self.role, login),
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

/// Role, length of the name and name, which stand in each code.
fn named(role: u8, login: &Login) -> Vec<u8> {
    let name = login.name();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    [&[role, length][..], &name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::{BmcKey, Password};
    use machine_core::endpoint::IpmiWorkarounds;

    fn exchange() -> Exchange {
        let counted = |from: u8| std::array::from_fn(|index| from + u8::try_from(index).unwrap());
        Exchange {
            console_id: 0xa4a3_a2a1,
            bmc_id: 0x4433_2201,
            console_random: counted(0),
            bmc_random: counted(16),
            guid: counted(32),
            role: 0x13,
        }
    }

    fn login(bmc_key: Option<BmcKey>) -> Login {
        Login {
            username: "ADMIN".to_owned(),
            password: Password::new("secret123"),
            bmc_key,
            workarounds: IpmiWorkarounds::default(),
        }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let byte = |index| u8::from_str_radix(&hex[index..index + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    /// RAKP-2, RAKP-3, SIK, SIK with a BMC key, RAKP-4, K1 and K2, made with Python's `hmac`.
    const VECTORS: [(CipherSuite, [&str; 7]); 2] = [
        (
            CipherSuite::Suite17,
            [
                "0caef5b9fbafd8d8ac714567558ef6ca3cd8995b81d5dcd4fa29782cc8b8577c",
                "552fe66b3a400a48dbf03b25fedac26692ffda9a033a2fe20c7e8c16cc9d522a",
                "26d7ee163f0288545080a05ab9145cc8b9cbd9258508239ea078f3c80f298bac",
                "43955b02a2a210c1cd7c79c070162a90c130df440be05c0bde13524c5eb727b9",
                "ef26d046789b5d4a5b29ce37facea7df",
                "175f57a266ceefa35555daa97839a18b96297edc70393bd51e3c772e301521c6",
                "be6798a965c9030f6a5b67b00b9c6ca0d0f8dba300a27417859e39ddb04938c8",
            ],
        ),
        (
            CipherSuite::Suite3,
            [
                "2539e6cd4a1279cc538ad9eef0af7da8530b2355",
                "dfd487eb10df6316e9d5573dc09ce06c3fedacdd",
                "da2c0f208eecc76a1e53b9b3cc828e7c34b4cc47",
                "a70937bd9e2754b901df0847de7b98282d9995b4",
                "52bafd131ee32647bd6b3332",
                "468321e4eb6c58ba7090dc2cd993d167dcbd5acd",
                "26b95f27775710e6f77a3043ff3391c9212972b5",
            ],
        ),
    ];

    #[test]
    fn codes_and_keys_are_those_of_another_implementation() {
        let exchange = exchange();
        let with_key = login(Some(BmcKey::from_bytes(*b"a-key-of-twenty-byte")));
        let login = login(None);
        for (suite, vectors) in VECTORS {
            let [rakp_2, rakp_3, sik, sik_with_key, rakp_4, k1, k2] = vectors.map(bytes);
            assert!(exchange.bmc_proved(suite, &login, &rakp_2));
            assert_eq!(*exchange.proof(suite, &login), rakp_3);
            assert_eq!(*exchange.session_key(suite, &login), sik);
            assert_eq!(*exchange.session_key(suite, &with_key), sik_with_key);
            assert!(exchange.agreed(suite, &sik, &rakp_4));
            let keys = SessionKeys::derive(suite, &sik);
            assert_eq!((&*keys.integrity, &*keys.confidentiality), (&k1, &k2));
        }
    }

    #[test]
    fn every_bit_of_a_code_counts_and_so_does_its_length() {
        let (exchange, login) = (exchange(), login(None));
        for (suite, vectors) in VECTORS {
            let [rakp_2, _, sik, _, rakp_4, ..] = vectors.map(bytes);
            for index in 0..rakp_2.len() {
                let mut wrong = rakp_2.clone();
                wrong[index] ^= 1;
                assert!(!exchange.bmc_proved(suite, &login, &wrong));
                assert!(!exchange.bmc_proved(suite, &login, &rakp_2[..index]));
            }
            for index in 0..rakp_4.len() {
                let mut wrong = rakp_4.clone();
                wrong[index] ^= 0x80;
                assert!(!exchange.agreed(suite, &sik, &wrong));
                assert!(!exchange.agreed(suite, &sik, &rakp_4[..index]));
            }
        }
    }
}
