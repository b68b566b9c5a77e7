//! How long things take: what is silent for longer is lost.

use std::time::Duration;

use crate::boot::BootOrigin;
use crate::plan::step::Step;
use crate::plan::work::Work;
use crate::power::{PowerCommand, PowerObservation};
use crate::time::Timestamp;

/// How long firmware may take from power on to its first DISCOVER: servers test their memory.
pub(crate) const POWER_ON_SELF_TEST: Duration = Duration::from_mins(15);
/// How long a machine that lost its way may stay silent before it is started anew.
pub(crate) const RESTART_GRACE: Duration = Duration::from_secs(20);
/// How long a machine that was sent to its disk may take to show that it runs from it.
pub(crate) const DISK_BOOT: Duration = Duration::from_mins(10);
/// How long firmware may try one card, before a request of that card means that the machine has
/// started anew: over IPv4 and IPv6, by PXE and HTTP, each for a minute. A restart of a server
/// takes as long.
pub(crate) const COME_BACK: Duration = Duration::from_mins(5);
/// How long a node that has its config may be silent before a boot of its machine that came to its
/// script counts as a new start: a restart by kexec is silent for about 15 s.
pub(crate) const SILENCE: Duration = Duration::from_mins(2);
/// For how long a BMC has to say that a machine is off, before an install counts as cut off: some
/// say so in passing, while they or the machine restart.
pub(crate) const OFF_CONFIRMED: Duration = Duration::from_secs(20);
/// How long a boot that waits in its script may be silent: it asks again every few seconds.
pub(crate) const SCRIPT_SILENCE: Duration = Duration::from_mins(1);

/// How long firmware is waited for, after so many power commands: longer each time.
pub(crate) fn self_test(commands: u32) -> Duration {
    POWER_ON_SELF_TEST * 2_u32.pow((commands / 2).min(4))
}

/// Whether the newest boot is a network boot that began after `since`, or one that still asks.
pub(crate) fn is_netbooting(work: &Work<'_>, since: Timestamp, now: Timestamp) -> bool {
    work.dossier.boots.first().is_some_and(|boot| {
        let fresh = boot.opened >= since && now.since(boot.step_at) < POWER_ON_SELF_TEST;
        let asks = now.since(boot.step_at) < SCRIPT_SILENCE;
        boot.origin == BootOrigin::Network && !boot.sent_to_disk && (fresh || asks)
    })
}

/// How long a BMC that did not do what it was told is left alone; longer each time.
fn pause(count: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(30);
    const MOST_DOUBLINGS: u32 = 4;
    FIRST * 2_u32.pow(count.saturating_sub(1).min(MOST_DOUBLINGS))
}

/// The command since `since`, if there was one.
pub(crate) fn command_since<'a>(work: &Work<'a>, since: Timestamp) -> Option<&'a PowerCommand> {
    work.command.filter(|command| command.at >= since)
}

/// The wait of a machine whose BMC has not done what it was told since `since`, and is told again
/// in a while.
pub(crate) fn paused(work: &Work<'_>, since: Timestamp, now: Timestamp) -> Option<Step> {
    let command = command_since(work, since)?;
    let is_followed = *work.power == PowerObservation::Is(command.wanted);
    let until = command.at.plus(pause(command.count));
    if (command.refused.is_none() && is_followed) || now >= until {
        return None;
    }
    let wanted = command.wanted;
    let why = match &command.refused {
        Some(error) => format!("its BMC refused to switch it {wanted}: {error}"),
        None => format!("its BMC was told to switch it {wanted}, and it did not follow yet"),
    };
    Some(Step::Wait {
        until: Some(until),
        why: format!("{why} (it is told again later)"),
    })
}
