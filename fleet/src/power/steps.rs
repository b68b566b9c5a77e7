//! What is done with power in a session with a BMC, and how it is seen that the machine followed.
//!
//! BMCs take commands that they do not carry out, say at once what they were told, and lose a question
//! now and then. So a level counts when it was said twice in a row, a look that fails is passed over,
//! and a power-on that is not followed is given again.

use std::time::Duration;

use api_server::effects::power::PowerOff;
use bmc_control::bmc::{BmcSession, BootOverrideOutcome, PowerChange, ShutdownRequest};
use bmc_control::error::BmcError;
use machine_core::power::{BootOverride, PowerState};
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::error::{StepError, chain};

/// How long a machine may take to follow a command of its BMC: servers say it within seconds, a
/// blade's chassis takes longer.
const FOLLOW: Duration = Duration::from_secs(20);
/// How long a system may take to shut down. Kubernetes gives pods 30 s by default to end, and services
/// and disks follow.
const SHUTDOWN: Duration = Duration::from_mins(1);
/// How often a machine is switched on that stays off: some BMCs ignore a power-on right after a
/// power-off.
const POWER_ONS: u32 = 3;
/// How often it is looked at meanwhile. All looks are in one session.
const LOOK: Duration = Duration::from_secs(1);

/// Writes the boot override and switches power on. What the BMC lost of the override, if anything.
pub(super) async fn start_from_network(
    session: &mut dyn BmcSession,
    wanted: BootOverride,
) -> Result<Option<String>, StepError> {
    let outcome = session.set_boot(wanted).await;
    let outcome = outcome.map_err(|error| outside(&error))?;
    let on = session.set_power(PowerState::On).await;
    on.map_err(|error| outside(&error))?;
    Ok(lost(outcome))
}

/// What a BMC did not keep of a boot override, as a sentence.
fn lost(outcome: BootOverrideOutcome) -> Option<String> {
    if outcome.read_back.is_none() {
        return Some(
            "the BMC does not tell whether it kept the boot override (it may start from its disk)"
                .to_owned(),
        );
    }
    let lost = [
        (
            !outcome.device_kept(),
            "the device, in whatever way it was told (it may start from its disk)",
        ),
        (!outcome.efi_kept(), "the EFI flag"),
        (outcome.persistent, "that it is for once"),
    ];
    let lost = lost.iter().filter(|(is, _)| *is);
    let lost: Vec<&str> = lost.map(|(_, what)| *what).collect();
    (!lost.is_empty()).then(|| format!("the BMC did not keep {}", lost.join(", ")))
}

/// Switches a machine off. Why its power was cut though it was to shut down, if so.
pub(super) async fn switch_off(
    name: &str,
    session: &mut dyn BmcSession,
    way: PowerOff,
) -> Result<Option<String>, StepError> {
    let why = match way {
        PowerOff::Forced => None,
        PowerOff::Graceful => match shut_down(session).await? {
            ShutDown::Off => return Ok(None),
            ShutDown::Refused(why) => Some(why),
        },
    };
    let change = session.set_power(PowerState::Off).await;
    match change.map_err(|error| outside(&error))? {
        PowerChange::AlreadyThere => Ok(None),
        PowerChange::Commanded => {
            let seen = look(session, PowerState::Off, FOLLOW).await?;
            seen.ok_or_unmoved(name, PowerState::Off)?;
            Ok(why)
        }
    }
}

/// What came of the request to shut down.
enum ShutDown {
    Off,
    /// Why the power has to be cut.
    Refused(String),
}

async fn shut_down(session: &mut dyn BmcSession) -> Result<ShutDown, StepError> {
    let request = session.shut_down().await;
    match request.map_err(|error| outside(&error))? {
        ShutdownRequest::AlreadyOff => return Ok(ShutDown::Off),
        ShutdownRequest::NotOffered => {
            let why = "its power is cut: its BMC can't ask the system to shut down";
            return Ok(ShutDown::Refused(why.to_owned()));
        }
        ShutdownRequest::Asked => {}
    }
    Ok(match look(session, PowerState::Off, SHUTDOWN).await? {
        Seen::Followed => ShutDown::Off,
        Seen::Unmoved | Seen::Unknown(_) => ShutDown::Refused(format!(
            "its power is cut: it was asked to shut down, and was not off after {SHUTDOWN:?}"
        )),
    })
}

/// What was done in the session before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing: that the BMC does not answer is told at once.
    Nothing,
    /// Power was switched: one question that fails must not leave the machine off.
    Switched,
}

/// Switches a machine on, again if it does not follow.
pub(super) async fn switch_on(
    name: &str,
    session: &mut dyn BmcSession,
    mut before: Before,
) -> Result<PowerState, StepError> {
    let mut seen = Seen::Unmoved;
    for _ in 0..POWER_ONS {
        match session.set_power(PowerState::On).await {
            Ok(PowerChange::AlreadyThere) => return Ok(PowerState::On),
            Ok(PowerChange::Commanded) => before = Before::Switched,
            Err(error) if error.is_lasting() || before == Before::Nothing => {
                return Err(outside(&error));
            }
            Err(error) => {
                seen = Seen::Unknown(error);
                sleep(LOOK).await;
                continue;
            }
        }
        seen = look(session, PowerState::On, FOLLOW / POWER_ONS).await?;
        if matches!(seen, Seen::Followed) {
            return Ok(PowerState::On);
        }
        debug!(name, "it was switched on and is not on");
    }
    seen.ok_or_unmoved(name, PowerState::On)?;
    Ok(PowerState::On)
}

/// What was seen of a machine that was told to follow.
enum Seen {
    Followed,
    Unmoved,
    /// The last look failed: what was said instead.
    Unknown(BmcError),
}

impl Seen {
    fn ok_or_unmoved(self, name: &str, wanted: PowerState) -> Result<(), StepError> {
        Err(StepError::Outside(match self {
            Self::Followed => return Ok(()),
            Self::Unmoved => format!(
                "{name}: the BMC took the command, but the machine is not {wanted} after \
                 {FOLLOW:?}: look at it, and at its BMC"
            ),
            Self::Unknown(error) => format!(
                "{name}: it was told to switch {wanted}, and its BMC does not say what became of \
                 it: look at the machine ({})",
                chain(&error)
            ),
        }))
    }
}

/// Looks until the BMC says twice in a row that the machine has followed: some servers come back by
/// themselves, and a BMC may say at once what it was told.
async fn look(
    session: &mut dyn BmcSession,
    wanted: PowerState,
    patience: Duration,
) -> Result<Seen, StepError> {
    let mut failure = None;
    let looks = async {
        let mut has_followed = false;
        loop {
            match session.power().await {
                Ok(power) => {
                    if power == wanted && has_followed {
                        return Ok(());
                    }
                    has_followed = power == wanted;
                    failure = None;
                }
                Err(error) if error.is_lasting() => return Err(outside(&error)),
                Err(error) => {
                    debug!(error = chain(&error), "a look at the power failed");
                    has_followed = false;
                    failure = Some(error);
                }
            }
            sleep(LOOK).await;
        }
    };
    match timeout(patience, looks).await {
        Ok(followed) => followed.map(|()| Seen::Followed),
        Err(_elapsed) => Ok(failure.map_or(Seen::Unmoved, Seen::Unknown)),
    }
}

pub(super) fn outside(error: &BmcError) -> StepError {
    StepError::Outside(chain(error))
}
