//! Lines for people: each goes to the serial console and into the kernel log.
//!
//! The kernel's own messages are kept off the console from here on, so that a line stands there once.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Prints `node: [seconds since boot] text`.
pub(crate) fn say(text: &str) {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let uptime = uptime.split(' ').next().unwrap_or_default().to_owned();
    write("/dev/ttyS0", &format!("node: [{uptime}] {text}\r\n"));
    // Priority 30: facility daemon, level info.
    write("/dev/kmsg", &format!("<30>[talos] {text}\n"));
}

/// What cannot be printed is lost: there is nobody to tell.
fn write(path: &str, line: &str) {
    if let Ok(mut file) = OpenOptions::new().write(true).open(path) {
        let _lost = file.write_all(line.as_bytes());
    }
}
