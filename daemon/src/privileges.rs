//! What the daemon may do on this host beyond what it needs.
//!
//! It needs its ports below 1024 and sockets that are bound to an interface. Started as root it may do
//! all, and whoever takes it over has the host: that is told. It gives nothing up by itself, because
//! what it may have to open belongs to whom the administrator says (see `docs/decisions/034`).

use std::fs;

use nix::unistd::geteuid;
use tracing::warn;

/// `CAP_NET_BIND_SERVICE`, `CAP_NET_ADMIN` and `CAP_NET_RAW` (`linux/capability.h`). The second is for
/// receive buffers beyond `net.core.rmem_max` only.
const NEEDED: u64 = (1 << 10) | (1 << 12) | (1 << 13);

/// Tells in the log if this process may do more than it needs.
pub fn tell() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let user = geteuid().as_raw();
    if has_more_than_needed(&status) {
        warn!(
            user,
            "Drover has more rights on this host than it needs, and so has whoever takes it over: \
             deploy/drover.service runs it as a user of its own"
        );
    }
}

/// Whether a process of this `/proc/PID/status` has capabilities that Drover does not need.
fn has_more_than_needed(status: &str) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    effective.is_some_and(|it| it & !NEEDED != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rights_that_are_not_needed_are_told() {
        for (capabilities, wanted) in [
            ("000001ffffffffff", true),
            ("0000000000002400", false),
            ("0000000000003400", false),
            ("0000000000000000", false),
            ("0000000000000002", true),
            ("unreadable", false),
        ] {
            let status =
                format!("Name:\tdrover\nCapPrm:\t000001ffffffffff\nCapEff:\t{capabilities}\n");
            assert_eq!(has_more_than_needed(&status), wanted, "{capabilities}");
        }
        assert!(!has_more_than_needed(""));
    }
}
