//! The kernel command line: what it tells the node, and what a node refuses to boot without.
//!
//! Talos checks two hardening arguments before anything else (its KSPP check, all versions up to
//! 1.15): `slab_nomerge` and `pti=on`. A machine that lacks one does not boot. `talos.platform` is
//! mandatory too. Everything unknown is passed over, `drover.boot` among it: it is there to be read
//! back in the kernel log.

use thiserror::Error;

/// The arguments in their order; quotes are resolved as the kernel resolves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    arguments: Vec<(String, String)>,
}

impl CommandLine {
    /// Splits the line at blanks outside double quotes, and each argument at its first `=`.
    pub fn parse(text: &str) -> Self {
        let mut arguments = Vec::new();
        let mut current = String::new();
        let mut quoted = false;
        for character in text.chars() {
            match character {
                '"' => quoted = !quoted,
                blank if blank.is_whitespace() && !quoted => push(&mut arguments, &mut current),
                other => current.push(other),
            }
        }
        push(&mut arguments, &mut current);
        Self { arguments }
    }

    /// The first value of an argument; an argument without `=` has the value "".
    pub fn first(&self, name: &str) -> Option<&str> {
        let argument = self.arguments.iter().find(|(key, _)| key == name);
        argument.map(|(_, value)| value.as_str())
    }

    /// Every value of an argument, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.arguments
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

fn push(arguments: &mut Vec<(String, String)>, current: &mut String) {
    let argument = std::mem::take(current);
    if argument.is_empty() {
        return;
    }
    let (name, value) = argument.split_once('=').unwrap_or((&argument, ""));
    arguments.push((name.to_owned(), value.to_owned()));
}

/// What the node takes from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelArguments {
    /// `talos.config`, unless it is absent or `none`.
    pub config_url: Option<String>,
    /// `talos.events.sink`.
    pub event_sink: Option<String>,
    /// Each `talos.logging.kernel`.
    pub kernel_logs: Vec<String>,
    /// `talos.hostname`.
    pub hostname: Option<String>,
    /// `talos.dashboard.disabled`: one phase less.
    pub no_dashboard: bool,
    /// `talos.experimental.wipe` has a value: the system disk is wiped instead of asking for a config.
    pub wipe: bool,
    /// `node.slot`: the stand-in's own argument on the line that its boot loader entries carry. Its
    /// presence says that the system came from a disk.
    pub slot: Option<String>,
}

impl KernelArguments {
    /// Reads the arguments, or says why Talos would not boot with them.
    pub fn read(line: &CommandLine) -> Result<Self, BootRefused> {
        require(line, "slab_nomerge", "")?;
        require(line, "pti", "on")?;
        require(line, "talos.platform", "metal")?;
        Ok(Self {
            config_url: text(line, "talos.config").filter(|url| url != "none"),
            event_sink: text(line, "talos.events.sink"),
            kernel_logs: line
                .all("talos.logging.kernel")
                .map(str::to_owned)
                .collect(),
            hostname: text(line, "talos.hostname"),
            no_dashboard: matches!(
                line.first("talos.dashboard.disabled"),
                Some("1" | "t" | "true")
            ),
            wipe: text(line, "talos.experimental.wipe").is_some(),
            slot: text(line, "node.slot"),
        })
    }
}

fn text(line: &CommandLine, name: &str) -> Option<String> {
    line.first(name)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}

fn require(
    line: &CommandLine,
    name: &'static str,
    wanted: &'static str,
) -> Result<(), BootRefused> {
    match line.first(name) {
        Some(value) if value == wanted => Ok(()),
        Some(value) => Err(BootRefused::Differs {
            name,
            wanted,
            got: value.to_owned(),
        }),
        None => Err(BootRefused::Missing { name, wanted }),
    }
}

/// Why the node does not boot with this command line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BootRefused {
    /// A required argument is not there.
    #[error("kernel argument {name} is required to be {wanted:?}, it is missing")]
    Missing {
        /// The argument.
        name: &'static str,
        /// The value it must have.
        wanted: &'static str,
    },
    /// A required argument has another value.
    #[error("kernel argument {name} is required to be {wanted:?}, it is {got:?}")]
    Differs {
        /// The argument.
        name: &'static str,
        /// The value it must have.
        wanted: &'static str,
        /// The value it has.
        got: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDENED: &str = "slab_nomerge= pti=on talos.platform=metal";

    fn read(more: &str) -> Result<KernelArguments, BootRefused> {
        KernelArguments::read(&CommandLine::parse(&format!("{HARDENED} {more}")))
    }

    #[test]
    fn refuses_to_boot_without_the_hardening_arguments() {
        for (line, missing) in [
            ("pti=on talos.platform=metal", "slab_nomerge"),
            ("slab_nomerge= talos.platform=metal", "pti"),
            ("slab_nomerge pti=on", "talos.platform"),
        ] {
            match KernelArguments::read(&CommandLine::parse(line)) {
                Err(BootRefused::Missing { name, .. }) => assert_eq!(name, missing),
                other => panic!("{line}: {other:?}"),
            }
        }
        let refused = KernelArguments::read(&CommandLine::parse("slab_nomerge pti=off"));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "kernel argument pti is required to be \"on\", it is \"off\""
        );
    }

    #[test]
    fn slab_nomerge_counts_with_and_without_the_equals_sign() {
        assert!(read("").is_ok());
        let bare = CommandLine::parse("slab_nomerge pti=on talos.platform=metal");
        assert!(KernelArguments::read(&bare).is_ok());
    }

    #[test]
    fn takes_its_own_arguments_and_passes_over_the_rest() {
        let arguments = read(
            "drover.boot=abc talos.config=http://h/c?a=1&b=${uuid} talos.events.sink=10.0.0.1:4001 \
             talos.logging.kernel=tcp://10.0.0.1:4002 talos.logging.kernel=udp://h:5 node.slot=A",
        )
        .unwrap();
        assert_eq!(
            arguments.config_url.as_deref(),
            Some("http://h/c?a=1&b=${uuid}")
        );
        assert_eq!(arguments.event_sink.as_deref(), Some("10.0.0.1:4001"));
        assert_eq!(arguments.kernel_logs, ["tcp://10.0.0.1:4002", "udp://h:5"]);
        assert_eq!(arguments.slot.as_deref(), Some("A"));
    }

    #[test]
    fn config_none_means_no_config() {
        assert_eq!(read("talos.config=none").unwrap().config_url, None);
        assert_eq!(read("talos.config=").unwrap().config_url, None);
    }

    #[test]
    fn quotes_keep_blanks_together() {
        let line = CommandLine::parse("a=\"b c\" \"d=e f\" g");
        assert_eq!(line.first("a"), Some("b c"));
        assert_eq!(line.first("d"), Some("e f"));
        assert_eq!(line.first("g"), Some(""));
    }
}
