//! The words on a boot from the network: which step came last, what comes next, and, when that does
//! not come, since when nothing came and what to look at.
//!
//! Nothing is done about a step that does not come: who waits at the console sees more than we do.
//! Each step has a time of its own within which the next one should be seen.

use std::time::Duration;

use crate::boot::{Boot, BootOrigin, BootStep};
use crate::plan::pace::{DISK_BOOT, SCRIPT_SILENCE};
use crate::plan::step::Step;
use crate::plan::work::Work;
use crate::time::Timestamp;

/// How long a file of a boot may take: an initial RAM disk of 100 MiB at 3 Mbit/s. A kernel is
/// noted when its transfer begins, the RAM disk after it.
const DOWNLOAD: Duration = Duration::from_mins(5);
/// How long a kernel may take from its last file to the first request or word of its system: it
/// unpacks its RAM disk, and a card may wait for a switch port and for an address.
const START: Duration = Duration::from_mins(5);
/// How long the node may take from its config to its first word on the install: Talos tells
/// within seconds, or does not reach us.
const FIRST_WORD: Duration = Duration::from_mins(5);

/// What should follow a step.
struct Next {
    /// What that is, in the past tense: it should have come.
    what: &'static str,
    /// Within how long.
    limit: Duration,
    /// The usual reasons why it does not come.
    reasons: &'static str,
}

/// What should follow this step; nothing where a plan has rules of its own for what comes.
const fn next(step: BootStep) -> Option<Next> {
    let (what, limit, reasons) = match step {
        BootStep::Discover | BootStep::Offer | BootStep::Lease => (
            "its firmware should have fetched a bootloader",
            Boot::REPEATS,
            "another DHCP server answers it, a firewall stops TFTP (UDP 69) or HTTP, or the request \
             was not the machine's: anybody can send one with its card's address",
        ),
        BootStep::Loader => (
            "the bootloader should have asked for an address",
            Boot::CHAIN,
            "Secure Boot refuses the bootloader, it does not know the network card, or the switch \
             port is not let through yet (spanning tree)",
        ),
        BootStep::Ipxe => (
            "the bootloader should have fetched its script",
            SCRIPT_SILENCE,
            "a firewall stops Drover's HTTP port, or the address that it got is in another network",
        ),
        BootStep::Script => (
            "it should have fetched the kernel, or asked for its script again",
            SCRIPT_SILENCE,
            "it was switched off or restarted, or the way to Drover's HTTP port broke",
        ),
        BootStep::Kernel => (
            "it should have fetched its initial RAM disk (initrd)",
            DOWNLOAD,
            "its memory is too small for the image, or the network loses packets",
        ),
        BootStep::Initrd => (
            "its system should have started and asked for its config",
            START,
            "the kernel stopped (a panic, or too little memory: Talos needs 2 GiB), it does not know \
             the network card, or that card gets no address",
        ),
        BootStep::Config => (
            "its node should have told that it installs",
            FIRST_WORD,
            "the config sends it to another network, or a firewall stops Drover's event and log \
             ports",
        ),
        BootStep::Installed => (
            "it should have started from its disk",
            DISK_BOOT,
            "its firmware does not have the disk in its boot order, or can't start from it",
        ),
        BootStep::System | BootStep::Installing | BootStep::Disk | BootStep::Joined => return None,
    };
    Some(Next {
        what,
        limit,
        reasons,
    })
}

/// The wait of a machine that nobody but a person can switch on. One that began to boot from the
/// network since `since` and then fell silent is told of, however long ago that was.
pub(crate) fn plan_without_bmc(work: &Work<'_>, since: Timestamp, now: Timestamp) -> Step {
    let begun = work.dossier.boots.first().filter(|boot| {
        boot.origin == BootOrigin::Network && !boot.sent_to_disk && boot.opened >= since
    });
    begun
        .and_then(|boot| overdue(boot, now))
        .unwrap_or_else(|| Step::wait("it has no BMC: switch it on, to boot from the network"))
}

/// The wait for the next step of the newest boot.
pub(crate) fn progress(work: &Work<'_>, now: Timestamp) -> Step {
    let Some(boot) = work.dossier.boots.first() else {
        return Step::wait("it boots from the network");
    };
    overdue(boot, now).unwrap_or_else(|| Step::Wait {
        until: next(boot.step).map(|next| boot.step_at.plus(next.limit)),
        why: format!("it boots from the network (last step: {})", boot.step),
    })
}

/// The wait of a boot whose next step did not come in time.
pub(crate) fn overdue(boot: &Boot, now: Timestamp) -> Option<Step> {
    let next = next(boot.step).filter(|next| now.since(boot.step_at) >= next.limit)?;
    Some(Step::wait(format!(
        "{}: {} within {}, and nothing came since; look at its console: {}",
        last(boot),
        next.what,
        minutes(next.limit),
        next.reasons
    )))
}

/// The last step, and when it came.
fn last(boot: &Boot) -> String {
    let what = match boot.step {
        BootStep::Discover | BootStep::Offer | BootStep::Lease => "its firmware asked for a boot",
        BootStep::Loader => "its firmware fetched the bootloader",
        BootStep::Ipxe => "the bootloader asked for an address",
        BootStep::Script => "the bootloader fetched its script",
        BootStep::Kernel => "it fetched the kernel",
        BootStep::Initrd => "it fetched its initial RAM disk (initrd)",
        BootStep::System => "its system started",
        BootStep::Config => "it got its config",
        BootStep::Installing => "it began to install",
        BootStep::Installed => "it installed and restarts",
        BootStep::Disk => "it started from its disk",
        BootStep::Joined => "its API answered",
    };
    format!("{what} (step {}) at {}", boot.step, boot.step_at)
}

fn minutes(limit: Duration) -> String {
    format!("{} min", limit.as_secs() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, boot};

    #[test]
    fn each_step_after_which_nothing_comes_says_what_should_have_come() {
        for step in BootStep::ALL {
            let Some(next) = next(step) else { continue };
            let boot = boot(1, 100, step);
            let end = boot.step_at.plus(next.limit);
            let before = Timestamp::from_millis(end.as_millis() - 1);
            assert_eq!(overdue(&boot, before), None, "{step}");
            let Some(Step::Wait { why, .. }) = overdue(&boot, end) else {
                panic!("{step} says nothing");
            };
            let says = |text: &str| assert!(why.contains(text), "{text} is not in: {why}");
            says(step.as_str());
            says(&at(100).to_string());
            says(next.what);
            says("console");
        }
    }
}
