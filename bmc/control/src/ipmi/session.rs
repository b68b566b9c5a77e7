//! A session with a BMC by IPMI: opened by the first question, and anew by the next one after it was
//! lost.

use async_trait::async_trait;
use bmc_ipmi::chassis::GetChassisStatus;
use machine_core::power::{BootOverride, PowerState};
use tokio::sync::OwnedMutexGuard;
use tracing::{debug, info};

use crate::bmc::{BmcIdentity, BmcSession, BootOverrideOutcome, PowerChange, ShutdownRequest};
use crate::ended::Ended;
use crate::error::{BmcError, Operation};
use crate::ipmi::boot_override::override_boot;
use crate::ipmi::commands::{bring_power, identify, shut_down};
use crate::ipmi::target::Target;
use crate::line::Line;
use crate::memory::Memory;

/// One session. Who has it has the BMC for himself.
#[derive(Debug)]
pub(super) struct IpmiSession {
    target: Target,
    memory: OwnedMutexGuard<Memory>,
    /// The session on the wire. While a question is under way it is not here, so a question that is
    /// dropped half-way takes it along.
    line: Option<Line>,
}

impl IpmiSession {
    pub(super) fn new(target: Target, memory: OwnedMutexGuard<Memory>) -> Self {
        Self {
            target,
            memory,
            line: None,
        }
    }
}

/// The session on the wire; logs in if there is none.
async fn taken(
    target: &Target,
    memory: &mut Memory,
    line: &mut Option<Line>,
) -> Result<Line, Ended> {
    match line.take() {
        Some(line) => Ok(line),
        None => target.open(memory).await,
    }
}

/// Asks something in the session, within the limit of time, and keeps the session if it lives on. A
/// macro, because a function would have to name a future that borrows the session.
macro_rules! ask {
    ($session:ident, $operation:expr, |$line:ident| $question:expr) => {{
        let IpmiSession {
            target,
            memory,
            line,
        } = $session;
        let operation = $operation;
        target
            .within(operation, async {
                let mut held = taken(target, memory, line).await?;
                let $line = &mut held;
                let answer = $question.await;
                *line = held.is_usable().then_some(held);
                Ok(answer?)
            })
            .await
    }};
}

#[async_trait]
impl BmcSession for IpmiSession {
    async fn power(&mut self) -> Result<PowerState, BmcError> {
        let status = ask!(self, Operation::ReadPower, |line| line
            .call(GetChassisStatus));
        Ok(status?.power)
    }

    async fn set_power(&mut self, wanted: PowerState) -> Result<PowerChange, BmcError> {
        let change = ask!(self, Operation::SetPower(wanted), |line| bring_power(
            line, wanted
        ))?;
        info!(address = %self.target.address, %wanted, ?change, "power");
        Ok(change)
    }

    async fn shut_down(&mut self) -> Result<ShutdownRequest, BmcError> {
        let request = ask!(self, Operation::ShutDown, |line| shut_down(line))?;
        info!(address = %self.target.address, ?request, "shutdown");
        Ok(request)
    }

    async fn set_boot(&mut self, wanted: BootOverride) -> Result<BootOverrideOutcome, BmcError> {
        let outcome = ask!(self, Operation::SetBoot, |line| override_boot(line, wanted))?;
        info!(address = %self.target.address, ?outcome, "boot override");
        Ok(outcome)
    }

    async fn identity(&mut self) -> Result<BmcIdentity, BmcError> {
        ask!(self, Operation::Identify, |line| identify(line))
    }

    async fn close(self: Box<Self>) {
        if let Some(line) = self.line {
            line.close(self.target.limits.timing.first_wait).await;
            debug!(address = %self.target.address, "session closed");
        }
    }
}
