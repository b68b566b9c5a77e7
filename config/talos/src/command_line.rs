//! The kernel's own words on how it was started: does this system run from the network, or from
//! its disk?
//!
//! Drover marks the command line of every network boot with the id of that boot. A command line
//! without the mark is one that we did not write: the installed system's. This decides whether a
//! machine counts as installed, so a line that could have lost the mark says neither.

use std::str::FromStr;

use machine_core::id::BootId;

/// Where the running system came from, as far as its command line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootSource {
    /// From the network, in this boot of ours.
    Network(BootId),
    /// From its disk: it does not carry our mark.
    Disk,
    /// It can't be told: the line may have been cut before the mark, or the mark is not readable.
    Unclear,
}

/// A command line that a kernel printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Where the system came from.
    pub source: BootSource,
}

impl CommandLine {
    /// The command line in a message of the kernel, if it is one. x86 prints `Command line: …`
    /// early, every architecture `Kernel command line: …` a little later.
    pub(crate) fn in_message(message: &str) -> Option<Self> {
        let message = message.trim_start();
        let arguments = PREFIXES
            .iter()
            .find_map(|prefix| message.strip_prefix(prefix))?;
        Some(Self {
            source: source(arguments),
        })
    }
}

impl BootSource {
    /// Where a system came from whose `/proc/cmdline` this is. Unlike a line of the log, it is
    /// whole.
    pub(crate) fn of_whole_line(arguments: &str) -> Self {
        match source(arguments) {
            Self::Unclear if !arguments.contains(BootId::KERNEL_ARGUMENT) => Self::Disk,
            source => source,
        }
    }
}

fn source(arguments: &str) -> BootSource {
    let mut marks = arguments
        .split_whitespace()
        .filter_map(|argument| {
            argument
                .strip_prefix(BootId::KERNEL_ARGUMENT)?
                .strip_prefix('=')
        })
        .map(BootId::from_str);
    match (marks.next(), marks.next()) {
        (Some(Ok(boot)), None) => BootSource::Network(boot),
        (Some(_), _) => BootSource::Unclear,
        (None, _) if may_be_cut(arguments) => BootSource::Unclear,
        (None, _) => BootSource::Disk,
    }
}

/// printk cuts a record at 1024 bytes with its prefix; newer kernels wrap this very line instead
/// and end each part but the last in a backslash.
fn may_be_cut(arguments: &str) -> bool {
    arguments.len() >= SAFE_LENGTH || arguments.trim_end().ends_with('\\')
}

/// How the kernel begins that line (arch/x86/kernel/setup.c, init/main.c).
const PREFIXES: [&str; 2] = ["Command line:", "Kernel command line:"];
/// Well below what printk keeps of one record.
const SAFE_LENGTH: usize = 900;

#[cfg(test)]
mod tests {
    use super::*;

    fn boot() -> BootId {
        BootId::from_bytes([0xab; 16])
    }

    #[test]
    fn a_whole_line_without_the_mark_is_of_a_disk_however_long_it_is() {
        let mark = format!("drover.boot={}", boot());
        let long = "x".repeat(SAFE_LENGTH);
        for (line, wanted) in [
            (format!("talos.platform=metal {long}"), BootSource::Disk),
            (format!("{long} {mark}"), BootSource::Network(boot())),
            ("drover.boot=00ff".to_owned(), BootSource::Unclear),
        ] {
            assert_eq!(BootSource::of_whole_line(&line), wanted, "{line}");
        }
    }

    #[test]
    fn the_mark_tells_network_from_disk() {
        let mark = format!("drover.boot={}", boot());
        let long = "x".repeat(SAFE_LENGTH);
        for (message, wanted) in [
            (
                format!("Command line: quiet {mark} panic=0"),
                Some(BootSource::Network(boot())),
            ),
            (
                format!("Kernel command line: {mark}"),
                Some(BootSource::Network(boot())),
            ),
            (
                format!("Kernel command line: {mark} {long}"),
                Some(BootSource::Network(boot())),
            ),
            (
                "Command line: BOOT_IMAGE=/A/vmlinuz talos.platform=metal".into(),
                Some(BootSource::Disk),
            ),
            ("Command line:".into(), Some(BootSource::Disk)),
            (
                "Command line: drover.bootless=1 xdrover.boot=1".into(),
                Some(BootSource::Disk),
            ),
            (
                "Command line: drover.boot=".into(),
                Some(BootSource::Unclear),
            ),
            (
                "Command line: drover.boot=00ff".into(),
                Some(BootSource::Unclear),
            ),
            (
                format!("Command line: {mark} {mark}"),
                Some(BootSource::Unclear),
            ),
            (format!("Command line: {long}"), Some(BootSource::Unclear)),
            (
                "Kernel command line: quiet \\".into(),
                Some(BootSource::Unclear),
            ),
            (
                "Unknown kernel command line parameters \"quiet\"".into(),
                None,
            ),
            (format!("fetched by Command line: {mark}"), None),
            (String::new(), None),
        ] {
            let found = CommandLine::in_message(&message).map(|line| line.source);
            assert_eq!(found, wanted, "{message:?}");
        }
    }
}
