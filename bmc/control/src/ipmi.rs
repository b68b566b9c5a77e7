//! A BMC that speaks IPMI: a session per operation, opened, used and closed.
//!
//! Suite 17 is tried before suite 3, none else; which one was good is remembered, suite 3 for a
//! while. A login that fails is not tried again within the operation, and after a few not at all for
//! a while.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bmc_ipmi::application::GetSystemGuid;
use bmc_ipmi::chassis::{ChassisControl, GetBootFlags, GetChassisStatus, SetBootOptions};
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::command::CompletionCode;
use bmc_ipmi::error::{IpmiError, Step};
use bmc_ipmi::login::Login;
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::session::Settings;
use ipmi_rs_core::app::GetDeviceId;
use machine_core::power::{BootDevice, BootOverride, PowerState};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::{debug, info};

use crate::bmc::{Bmc, BmcIdentity, BootOverrideOutcome, PowerChange};
use crate::ended::Ended;
use crate::error::{BmcError, Operation};
use crate::limits::Limits;
use crate::line::{Line, LineError};
use crate::memory::Memory;

/// One BMC.
#[derive(Debug)]
pub(crate) struct IpmiBmc {
    pub(crate) address: SocketAddr,
    pub(crate) login: Login,
    pub(crate) limits: Limits,
    pub(crate) memory: Arc<Mutex<Memory>>,
}

#[async_trait]
impl Bmc for IpmiBmc {
    async fn power(&self) -> Result<PowerState, BmcError> {
        self.within(Operation::ReadPower, async {
            let mut memory = self.memory.lock().await;
            let mut line = self.open(&mut memory).await?;
            let status = line.call(GetChassisStatus).await;
            line.close(self.limits.timing.first_wait).await;
            Ok(status?.power)
        })
        .await
    }

    async fn set_power(&self, wanted: PowerState) -> Result<PowerChange, BmcError> {
        self.within(Operation::SetPower(wanted), async {
            let mut memory = self.memory.lock().await;
            let mut line = self.open(&mut memory).await?;
            let change = bring_power(&mut line, wanted).await;
            line.close(self.limits.timing.first_wait).await;
            let change = change?;
            info!(address = %self.address, %wanted, ?change, "power");
            Ok(change)
        })
        .await
    }

    async fn set_boot(&self, wanted: BootOverride) -> Result<BootOverrideOutcome, BmcError> {
        self.within(Operation::SetBoot, async {
            let mut memory = self.memory.lock().await;
            let mut line = self.open(&mut memory).await?;
            let outcome = override_boot(&mut line, wanted).await;
            line.close(self.limits.timing.first_wait).await;
            let outcome = outcome?;
            info!(address = %self.address, ?outcome, "boot override");
            Ok(outcome)
        })
        .await
    }

    async fn identity(&self) -> Result<BmcIdentity, BmcError> {
        self.within(Operation::Identify, async {
            let mut memory = self.memory.lock().await;
            let mut line = self.open(&mut memory).await?;
            let identity = identify(&mut line).await;
            line.close(self.limits.timing.first_wait).await;
            Ok(identity?)
        })
        .await
    }
}

impl IpmiBmc {
    async fn within<T>(
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

    async fn open(&self, memory: &mut Memory) -> Result<Line, Ended> {
        let Limits {
            login_failures,
            login_window,
            ..
        } = self.limits;
        let lockout = &mut memory.lockout;
        if let Some(wait) = lockout.remaining(login_failures, login_window, Instant::now()) {
            return Err(Ended::LockedOut {
                failures: login_failures,
                retry_in: wait,
            });
        }
        let mut result = Err(LineError::from(IpmiError::NotReady));
        let suites = memory.suites(Instant::now());
        for (index, suite) in suites.iter().enumerate() {
            let last = index + 1 == suites.len();
            result = Line::open(
                self.address,
                self.login.clone(),
                self.settings(*suite, last),
            )
            .await;
            match &result {
                Ok(_) => {
                    memory.succeeded(*suite, Instant::now());
                    break;
                }
                Err(LineError::Ipmi(error)) if !last && is_no_to_the_suite(error) => {
                    debug!(address = %self.address, %suite, %error, "next cipher suite");
                }
                Err(LineError::Ipmi(IpmiError::CipherSuiteRefused { .. })) => memory.refused(),
                Err(LineError::Ipmi(IpmiError::AuthenticationFailed(_))) => {
                    memory.lockout.failed(Instant::now());
                    break;
                }
                Err(_) => break,
            }
        }
        Ok(result?)
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

async fn bring_power(line: &mut Line, wanted: PowerState) -> Result<PowerChange, LineError> {
    if line.call(GetChassisStatus).await?.power == wanted {
        return Ok(PowerChange::AlreadyThere);
    }
    match line.call(ChassisControl(wanted)).await {
        Ok(()) => Ok(PowerChange::Commanded),
        // Somebody else was faster, or the machine itself.
        Err(LineError::Ipmi(IpmiError::CompletionCode {
            code: CompletionCode::NOT_IN_THIS_STATE,
            ..
        })) if line.call(GetChassisStatus).await?.power == wanted => Ok(PowerChange::AlreadyThere),
        Err(error) => Err(error),
    }
}

async fn override_boot(
    line: &mut Line,
    asked: BootOverride,
) -> Result<BootOverrideOutcome, LineError> {
    if asked.device != BootDevice::Default {
        for option in [SetBootOptions::KeepUntilUsed, SetBootOptions::Unseen] {
            // Neither is mandatory (table 28-14): a BMC that does not know them does without.
            match line.call(option).await {
                Err(LineError::Ipmi(error @ IpmiError::CompletionCode { .. })) => {
                    debug!(?option, %error, "boot option not taken");
                }
                other => other?,
            }
        }
    }
    line.call(SetBootOptions::Flags(asked)).await?;
    let flags = line.call(GetBootFlags).await?;
    let read_back = flags.said();
    Ok(BootOverrideOutcome {
        asked,
        read_back,
        efi_kept: read_back.efi == asked.efi,
        valid: flags.valid,
        persistent: flags.valid && flags.persistent,
    })
}

async fn identify(line: &mut Line) -> Result<BmcIdentity, LineError> {
    let device = line.call(GetDeviceId).await?;
    let system_guid = match line.call(GetSystemGuid).await {
        Ok(guid) => Some(guid),
        Err(LineError::Ipmi(IpmiError::CompletionCode { .. } | IpmiError::Malformed { .. })) => {
            None
        }
        Err(error) => return Err(error),
    };
    Ok(BmcIdentity {
        manufacturer: device.manufacturer_id,
        product: device.product_id,
        firmware: format!(
            "{}.{:02}",
            device.major_fw_revision, device.minor_fw_revision
        ),
        system_guid,
    })
}
