//! From an endpoint and its secrets to a BMC.
//!
//! A connector lives as long as the daemon: what it has learned of a BMC (its suite, its failed
//! logins, that somebody is using it) counts for every driver that it makes for the same address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bmc_ipmi::login::{BmcKey, Login, Password};
use machine_core::bmc_secret::BmcSecret;
use machine_core::endpoint::BmcEndpoint;

use crate::bmc::Bmc;
use crate::ipmi::IpmiBmc;
use crate::ipmi::target::Target;
use crate::limits::Limits;
use crate::memory::Memory;

/// What one logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The user's password.
    pub password: Password,
    /// The BMC's own key, if one is set.
    pub bmc_key: Option<BmcKey>,
}

impl From<Password> for Secrets {
    fn from(password: Password) -> Self {
        Self {
            password,
            bmc_key: None,
        }
    }
}

impl From<BmcSecret> for Secrets {
    fn from(secret: BmcSecret) -> Self {
        Self {
            password: Password::new(secret.password.as_bytes()),
            bmc_key: secret.k_g.map(|key| BmcKey::from_bytes(*key)),
        }
    }
}

/// Makes drivers, and remembers.
#[derive(Debug, Default)]
pub struct Connector {
    limits: Limits,
    memories: Mutex<BTreeMap<SocketAddr, Arc<tokio::sync::Mutex<Memory>>>>,
}

impl Connector {
    /// A connector that has learned nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            memories: Mutex::default(),
        }
    }

    /// A driver for the BMC at `endpoint`. Nothing is sent before it is used.
    pub fn connect(&self, endpoint: &BmcEndpoint, secrets: impl Into<Secrets>) -> Box<dyn Bmc> {
        let Secrets { password, bmc_key } = secrets.into();
        let memory = self
            .memories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(endpoint.address())
            .or_default()
            .clone();
        match endpoint {
            BmcEndpoint::Ipmi(ipmi) => Box::new(IpmiBmc {
                target: Target {
                    address: ipmi.address,
                    login: Login {
                        username: ipmi.username.clone(),
                        password,
                        bmc_key,
                        workarounds: ipmi.workarounds.unwrap_or_default(),
                    },
                    limits: self.limits,
                },
                memory,
            }),
        }
    }
}
