//! Talos on bare metal: its kernel line (talos `website/content/v1.13/reference/kernel.md`).

use machine_core::hardware::Arch;

use crate::os::{Netboot, NetbootError, Os};
use crate::talos::contract::TalosContract;

/// Talos.
#[derive(Debug, Clone, Copy)]
pub struct Talos;

impl Os for Talos {
    fn name(&self) -> &'static str {
        "talos"
    }

    fn documents(&self) -> &'static [&'static str] {
        &[MACHINE_CONFIG]
    }

    fn kernel_arguments(&self, boot: &Netboot<'_>) -> Result<Vec<String>, NetbootError> {
        let contract: TalosContract = boot.version.parse()?;
        let mut arguments = vec!["talos.platform=metal".to_owned()];
        arguments.extend(contract.kernel_arguments().iter().map(ToString::to_string));
        for console in boot.consoles {
            arguments.push(format!("console={}", checked("console", console)?));
        }
        // The last console named is /dev/console.
        let own = own_consoles(boot.arch).iter();
        arguments.extend(own.map(|console| format!("console={console}")));
        if let Some(url) = boot.config {
            let url = config_url(checked("talos.config", url)?);
            arguments.push(format!("talos.config={url}"));
        }
        if let Some(receiver) = boot.event_sink {
            arguments.push(format!("talos.events.sink={receiver}"));
        }
        if let Some(receiver) = boot.kernel_log {
            arguments.push(format!("talos.logging.kernel=tcp://{receiver}"));
        }
        arguments.push(format!("drover.boot={}", boot.boot));
        Ok(arguments)
    }
}

/// The one document of a machine.
pub const MACHINE_CONFIG: &str = "config";

/// Talos fills the parameter `uuid` if it is empty (talos `platform/metal/url`). So it needs no `$` on
/// a line that boot loaders expand. `serial` and `mac` stay empty: Talos 1.13.9 was seen to send them
/// as they are.
fn config_url(url: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}uuid=&serial=&mac=")
}

const fn own_consoles(arch: Arch) -> &'static [&'static str] {
    match arch {
        Arch::X86_64 => &["tty0"],
        Arch::Arm64 => &["ttyAMA0", "tty0"],
    }
}

/// The kernel splits its line at blanks and reads quotes.
fn checked<'a>(argument: &'static str, value: &'a str) -> Result<&'a str, NetbootError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'\\$".contains(&byte);
    if value.is_empty() || !value.bytes().all(plain) {
        return Err(NetbootError::Argument {
            argument,
            got: value.chars().take(128).collect(),
        });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use machine_core::id::BootId;

    use super::*;

    fn netboot<'a>(version: &'a str, config: Option<&'a str>) -> Netboot<'a> {
        Netboot {
            version,
            arch: Arch::X86_64,
            boot: BootId::from_bytes([1; 16]),
            config,
            event_sink: Some("10.77.0.1:6000".parse().unwrap()),
            kernel_log: Some("[fd77::1]:6001".parse().unwrap()),
            consoles: &["ttyS0,115200"],
        }
    }

    #[test]
    fn the_line_of_1_13() {
        let config = Some("http://10.77.0.1/c/t0/config");
        let line = Talos.kernel_arguments(&netboot("1.13.9", config)).unwrap();
        assert_eq!(
            line.join(" "),
            "talos.platform=metal init_on_alloc=1 slab_nomerge pti=on consoleblank=0 \
             nvme_core.io_timeout=4294967295 printk.devkmsg=on selinux=1 module.sig_enforce=1 \
             proc_mem.force_override=never console=ttyS0,115200 console=tty0 \
             talos.config=http://10.77.0.1/c/t0/config?uuid=&serial=&mac= \
             talos.events.sink=10.77.0.1:6000 talos.logging.kernel=tcp://[fd77::1]:6001 \
             drover.boot=01010101010101010101010101010101"
        );
    }

    #[test]
    fn a_query_is_extended() {
        assert_eq!(
            config_url("http://h/c?a=b"),
            "http://h/c?a=b&uuid=&serial=&mac="
        );
    }

    #[test]
    fn unknown_versions_and_broken_values_are_refused() {
        assert!(matches!(
            Talos.kernel_arguments(&netboot("1.9.0", None)),
            Err(NetbootError::Version(_))
        ));
        for url in [
            "",
            "http://h/a b",
            "http://h/\"",
            "http://h/${x}",
            "http://h/\n",
        ] {
            let refused = Talos.kernel_arguments(&netboot("1.13.9", Some(url)));
            assert!(
                matches!(
                    refused,
                    Err(NetbootError::Argument {
                        argument: "talos.config",
                        ..
                    })
                ),
                "{url:?}"
            );
        }
    }
}
