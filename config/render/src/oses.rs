//! The operating systems that Drover can boot: the one table of them.

pub mod talos;

use crate::os::Os;
use crate::oses::talos::Talos;

/// Every operating system there is.
pub static OSES: [&dyn Os; 1] = [&Talos];

/// The operating system of this name.
pub fn find_os(name: &str) -> Option<&'static dyn Os> {
    OSES.iter().copied().find(|os| os.name() == name)
}

#[cfg(test)]
mod tests {
    use machine_core::hardware::Arch;
    use machine_core::id::BootId;

    use super::*;
    use crate::os::Netboot;

    #[test]
    fn names_are_unique_and_found() {
        for os in OSES {
            assert_eq!(find_os(os.name()).map(Os::name), Some(os.name()));
            assert!(!os.documents().is_empty(), "{}", os.name());
        }
        assert!(find_os("plan9").is_none());
    }

    #[test]
    fn every_boot_is_marked() {
        let boot = BootId::from_bytes([0xab; 16]);
        for os in OSES {
            let netboot = Netboot {
                version: "1.13.9",
                arch: Arch::X86_64,
                boot,
                config: None,
                event_sink: None,
                kernel_log: None,
                consoles: &[],
            };
            let arguments = os.kernel_arguments(&netboot).unwrap();
            assert!(
                arguments.contains(&format!("drover.boot={boot}")),
                "{}",
                os.name()
            );
        }
    }
}
