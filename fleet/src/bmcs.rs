//! BMCs, as a port: a driver for each endpoint.

use std::fmt;

use bmc_control::bmc::Bmc;
use bmc_control::connect::{Connector, Secrets};
use machine_core::endpoint::BmcEndpoint;

/// Where drivers of BMCs come from.
pub trait Bmcs: fmt::Debug + Send + Sync {
    /// A driver for the BMC at `endpoint`. Nothing is sent before it is used.
    fn connect(&self, endpoint: &BmcEndpoint, secrets: Secrets) -> Box<dyn Bmc>;
}

impl Bmcs for Connector {
    fn connect(&self, endpoint: &BmcEndpoint, secrets: Secrets) -> Box<dyn Bmc> {
        Self::connect(self, endpoint, secrets)
    }
}
