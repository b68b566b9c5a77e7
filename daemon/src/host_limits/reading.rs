//! What the kernel says of its limits, as plain numbers: nothing, where it does not say.

use std::fs;
use std::str::FromStr;

/// The number in this file below `/proc`.
pub(super) fn number<T: FromStr>(path: &str) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether the kernel drops what comes in by this interface from where it would not answer by it: the
/// higher of the interface's value and that of all interfaces counts, and 1 is strict (`rp_filter` in
/// the kernel's `networking/ip-sysctl.rst`).
pub(super) fn is_strict(interface: &str) -> bool {
    let of = |name: &str| number(&format!("/proc/sys/net/ipv4/conf/{name}/rp_filter")).unwrap_or(0);
    of(interface).max(of("all")) == 1
}
