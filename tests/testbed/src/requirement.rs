//! What a lab needs of the system that it runs on, and the sentence that says what is missing.

use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::machine::SecureBoot;

/// Why programs are needed: each purpose includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Racks machines, drives their power, watches them.
    Demo,
    /// Besides, real DHCP and TFTP clients, and tools to look with.
    Test,
    /// Besides, the peers that Drover is measured against.
    Bench,
}

impl Purpose {
    /// The group of packages in `scripts/install-packages`.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Test => "test",
            Self::Bench => "bench",
        }
    }
}

/// A file that a Debian package brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// A program in `$PATH` or a path.
    pub program: &'static str,
    /// The Debian 12 package that has it.
    pub package: &'static str,
    /// For what it is needed.
    pub purpose: Purpose,
}

impl Requirement {
    /// Whether it is there.
    pub fn is_installed(&self) -> bool {
        if self.program.starts_with('/') {
            return Path::new(self.program).exists();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .any(|directory| directory.join(self.program).exists())
    }
}

/// What is needed for `purpose` and is not installed.
pub fn missing(purpose: Purpose) -> Vec<Requirement> {
    REQUIREMENTS
        .iter()
        .filter(|requirement| requirement.purpose <= purpose && !requirement.is_installed())
        .copied()
        .collect()
}

/// Refuses, with the way to install them, if programs are missing for `purpose`.
pub fn check(purpose: Purpose) -> Result<(), LabError> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<String> = missing
        .iter()
        .map(|it| format!("{} ({})", it.program, it.package))
        .collect();
    Err(LabError::NotInstalled {
        programs: programs.join(", "),
        group: purpose.group(),
    })
}

/// A program of this workspace, which cargo puts beside the running one (a test lies one folder
/// deeper, in `deps`).
pub fn built(program: &str, package: &'static str) -> Result<PathBuf, LabError> {
    let own = std::env::current_exe().map_err(LabError::system("find the running program"))?;
    let mut directory = own.parent().unwrap_or_else(|| Path::new("/"));
    if directory.ends_with("deps") {
        directory = directory.parent().unwrap_or(directory);
    }
    let path = directory.join(program);
    if path.exists() {
        return Ok(path);
    }
    Err(LabError::NotBuilt { path, package })
}

/// The firmware image that runs a UEFI machine.
pub const UEFI_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/// The variables that a new UEFI machine starts with.
pub const UEFI_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// The firmware image that enforces Secure Boot.
pub const SECURE_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
/// The variables of a machine that trusts Microsoft's keys, and enforces Secure Boot.
pub const SECURE_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd";

/// The variables that such a UEFI machine starts with.
pub(crate) const fn variables(secure_boot: SecureBoot) -> &'static str {
    if matches!(secure_boot, SecureBoot::Enforced) {
        SECURE_VARIABLES
    } else {
        UEFI_VARIABLES
    }
}

const fn demo(program: &'static str, package: &'static str) -> Requirement {
    Requirement {
        program,
        package,
        purpose: Purpose::Demo,
    }
}

const fn test(program: &'static str, package: &'static str) -> Requirement {
    Requirement {
        program,
        package,
        purpose: Purpose::Test,
    }
}

const fn bench(program: &'static str, package: &'static str) -> Requirement {
    Requirement {
        program,
        package,
        purpose: Purpose::Bench,
    }
}

const REQUIREMENTS: &[Requirement] = &[
    demo("ip", "iproute2"),
    demo("nsenter", "util-linux"),
    demo("nice", "coreutils"),
    demo("qemu-system-x86_64", "qemu-system-x86"),
    demo(UEFI_CODE, "ovmf"),
    demo(UEFI_VARIABLES, "ovmf"),
    test(SECURE_CODE, "ovmf"),
    test(SECURE_VARIABLES, "ovmf"),
    test("/usr/lib/shim/shimx64.efi.signed", "shim-signed"),
    test(
        "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
        "grub-efi-amd64-signed",
    ),
    demo("/usr/lib/ipxe/qemu/pxe-virtio.rom", "ipxe-qemu"),
    demo("/usr/lib/ipxe/undionly.kpxe", "ipxe"),
    demo("/usr/lib/ipxe/snponly.efi", "ipxe"),
    demo("ipmi_sim", "openipmi"),
    demo("tcpdump", "tcpdump"),
    test("udhcpc", "udhcpc"),
    test("dhclient", "isc-dhcp-client"),
    test("curl", "curl"),
    test("tftp", "tftp-hpa"),
    test("dnsmasq", "dnsmasq-base"),
    test("ipmitool", "ipmitool"),
    test("strace", "strace"),
    bench("nginx", "nginx-light"),
    bench("kea-dhcp4", "kea-dhcp4-server"),
    bench("perfdhcp", "kea-admin"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// What Debian installs with another package or with every system.
    const COME_ALONG: [&str; 3] = ["coreutils", "ipxe-qemu", "util-linux"];

    #[test]
    fn the_script_installs_every_package_that_is_asked_for() {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../scripts/install-packages"
        );
        for requirement in REQUIREMENTS {
            let output = Command::new(script)
                .args(["--list", requirement.purpose.group()])
                .output()
                .unwrap();
            let listed = String::from_utf8(output.stdout).unwrap();
            assert!(
                listed.lines().any(|line| line == requirement.package)
                    || COME_ALONG.contains(&requirement.package),
                "{requirement:?}"
            );
        }
    }

    #[test]
    fn what_is_not_there_is_missing() {
        assert!(!demo("drover-no-such-program", "none").is_installed());
        assert!(!demo("/no/such/file", "none").is_installed());
        assert!(demo("sh", "dash").is_installed());
    }
}
