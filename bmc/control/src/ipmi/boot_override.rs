//! The boot override by IPMI: written, read back, and written in another way if the BMC did not keep
//! the device.

use bmc_ipmi::chassis::{BootFlags, GetBootFlags, SetBootOptions};
use bmc_ipmi::error::IpmiError;
use machine_core::power::{BootDevice, BootOverride};
use tracing::debug;

use crate::bmc::BootOverrideOutcome;
use crate::line::{Line, LineError};

/// A way to write the boot flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// As they are.
    Plain,
    /// With word that parameters are being written (parameter 0), without which some BMCs drop them.
    InProgress,
    /// For the other kind of firmware: some BMCs know the network for one of them only, and a device
    /// that is kept counts for more than the flag.
    OtherFirmware,
}

/// From the one that says what is meant to the one that says least of it.
const METHODS: [Method; 3] = [Method::Plain, Method::InProgress, Method::OtherFirmware];

pub(super) async fn override_boot(
    line: &mut Line,
    asked: BootOverride,
) -> Result<BootOverrideOutcome, LineError> {
    if asked.device == BootDevice::Default {
        return written(line, asked, Method::Plain).await;
    }
    for option in [SetBootOptions::KeepUntilUsed, SetBootOptions::Unseen] {
        optional(line, option).await?;
    }
    let mut last = written(line, asked, Method::Plain).await;
    for method in METHODS.into_iter().skip(1) {
        let is_lost = match &last {
            // Who does not tell what it kept can't be improved upon.
            Ok(outcome) => outcome.read_back.is_some() && !outcome.device_kept(),
            Err(error) => line.is_usable() && is_refusal(error),
        };
        if !is_lost {
            break;
        }
        debug!(?method, ?last, "the boot device was not kept; another way");
        last = written(line, asked, method).await;
    }
    last
}

/// Writes the flags in one way, and reads them back.
async fn written(
    line: &mut Line,
    asked: BootOverride,
    method: Method,
) -> Result<BootOverrideOutcome, LineError> {
    let efi = asked.efi != (method == Method::OtherFirmware);
    let is_marked = method != Method::Plain;
    if is_marked {
        optional(line, SetBootOptions::InProgress(true)).await?;
    }
    let flags = BootOverride { efi, ..asked };
    let result = line.call(SetBootOptions::Flags(flags)).await;
    if is_marked && line.is_usable() {
        optional(line, SetBootOptions::InProgress(false)).await?;
    }
    result?;
    read_back(line, asked).await
}

async fn read_back(line: &mut Line, asked: BootOverride) -> Result<BootOverrideOutcome, LineError> {
    let flags = match line.call(GetBootFlags).await {
        Ok(flags) => Some(flags),
        Err(error) if line.is_usable() && is_refusal(&error) => {
            debug!(%error, "what became of the boot flags is not told");
            None
        }
        Err(error) => return Err(error),
    };
    Ok(BootOverrideOutcome {
        asked,
        read_back: flags.map(BootFlags::said),
        valid: flags.is_some_and(|it| it.valid),
        persistent: flags.is_some_and(|it| it.valid && it.persistent),
    })
}

/// Only parameter 5 is mandatory (table 28-14): a BMC that does not know another does without.
async fn optional(line: &mut Line, option: SetBootOptions) -> Result<(), LineError> {
    match line.call(option).await {
        Err(error) if line.is_usable() && is_refusal(&error) => {
            debug!(?option, %error, "boot option not taken");
            Ok(())
        }
        other => other,
    }
}

/// Whether it is what the BMC said, and not the end of the session.
const fn is_refusal(error: &LineError) -> bool {
    matches!(
        error,
        LineError::Ipmi(IpmiError::CompletionCode { .. } | IpmiError::Malformed { .. })
    )
}
