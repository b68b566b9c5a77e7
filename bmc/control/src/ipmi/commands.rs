//! Power and identity, as commands of IPMI.

use bmc_ipmi::application::GetSystemGuid;
use bmc_ipmi::chassis::{ChassisControl, GetChassisStatus};
use bmc_ipmi::command::CompletionCode;
use bmc_ipmi::error::IpmiError;
use ipmi_rs_core::app::GetDeviceId;
use machine_core::power::PowerState;
use tracing::debug;

use crate::bmc::{BmcIdentity, PowerChange, ShutdownRequest};
use crate::line::{Line, LineError};

pub(super) async fn bring_power(
    line: &mut Line,
    wanted: PowerState,
) -> Result<PowerChange, LineError> {
    if line.call(GetChassisStatus).await?.power == wanted {
        return Ok(PowerChange::AlreadyThere);
    }
    match line.call(ChassisControl::from(wanted)).await {
        Ok(()) => Ok(PowerChange::Commanded),
        // Somebody else was faster, or the machine itself.
        Err(LineError::Ipmi(IpmiError::CompletionCode {
            code: CompletionCode::NOT_IN_THIS_STATE,
            ..
        })) if line.call(GetChassisStatus).await?.power == wanted => Ok(PowerChange::AlreadyThere),
        Err(error) => Err(error),
    }
}

/// Not every BMC knows this, and some only while a system runs that listens.
pub(super) async fn shut_down(line: &mut Line) -> Result<ShutdownRequest, LineError> {
    if line.call(GetChassisStatus).await?.power == PowerState::Off {
        return Ok(ShutdownRequest::AlreadyOff);
    }
    match line.call(ChassisControl::SoftShutdown).await {
        Ok(()) => Ok(ShutdownRequest::Asked),
        Err(LineError::Ipmi(IpmiError::CompletionCode { code, .. }))
            if code != CompletionCode::INSUFFICIENT_PRIVILEGE && line.is_usable() =>
        {
            debug!(%code, "no soft shutdown");
            Ok(ShutdownRequest::NotOffered)
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn identify(line: &mut Line) -> Result<BmcIdentity, LineError> {
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
