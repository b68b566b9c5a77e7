//! A BMC that speaks IPMI.
//!
//! Suite 17 is tried before suite 3, none else; which one was good is remembered, suite 3 for a
//! while. A login that fails is not tried again within the operation, and after a few not at all for
//! a while. One that has lost step with the BMC begins anew, once.

mod boot_override;
mod commands;
mod session;
pub(crate) mod target;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::bmc::{Bmc, BmcSession};
use crate::error::{BmcError, Operation};
use crate::ipmi::session::IpmiSession;
use crate::ipmi::target::Target;
use crate::memory::Memory;

/// The driver of one BMC.
#[derive(Debug)]
pub(crate) struct IpmiBmc {
    pub(crate) target: Target,
    pub(crate) memory: Arc<Mutex<Memory>>,
}

#[async_trait]
impl Bmc for IpmiBmc {
    async fn session(&self) -> Result<Box<dyn BmcSession>, BmcError> {
        let turn = async { Ok(Arc::clone(&self.memory).lock_owned().await) };
        let memory = self.target.within(Operation::AwaitTurn, turn).await?;
        Ok(Box::new(IpmiSession::new(self.target.clone(), memory)))
    }
}
