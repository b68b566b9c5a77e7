//! How long things take: what is silent for longer is lost.

use std::time::Duration;

use crate::boot::BootOrigin;
use crate::plan::work::Work;
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
/// How long a boot that waits in its script may be silent: it asks again every few seconds.
pub(crate) const SCRIPT_SILENCE: Duration = Duration::from_mins(1);

/// Whether the newest boot is a network boot that began after `since`, or one that still asks.
pub(crate) fn is_netbooting(work: &Work<'_>, since: Timestamp, now: Timestamp) -> bool {
    work.boots.first().is_some_and(|boot| {
        let fresh = boot.opened >= since && now.since(boot.step_at) < POWER_ON_SELF_TEST;
        let asks = now.since(boot.step_at) < SCRIPT_SILENCE;
        boot.origin == BootOrigin::Network && !boot.sent_to_disk && (fresh || asks)
    })
}
