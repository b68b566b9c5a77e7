//! iPXE, as Debian's package `ipxe` ships it (1.0.0+git-20190125 in Debian 12).
//!
//! The builds that use the firmware's own network driver come first: they work on every card that
//! the firmware booted from, and many of iPXE's own drivers hang on some card (iPXE issues 291, 541,
//! 853, 937). That version has no HTTPS, no VLAN and no 64-bit Arm build.

use machine_core::hardware::{Arch, Firmware};

use crate::bootloader::{Bootloader, LoaderFile};

/// The iPXE of the distribution.
#[derive(Debug)]
pub struct Ipxe;

impl Bootloader for Ipxe {
    fn name(&self) -> &'static str {
        "iPXE"
    }

    fn package(&self) -> &'static str {
        "ipxe"
    }

    fn directory(&self) -> &'static str {
        "/usr/lib/ipxe"
    }

    fn files(&self) -> &'static [LoaderFile] {
        &FILES
    }

    /// Builds of 2025 and later look for a script next to the loader before they do DHCP
    /// (`efi_autoexec.c`), wait for it up to 30 s, and go on when it is not found. A build that
    /// goes on meets its script in DHCP, as all builds do.
    fn probes(&self) -> &'static [&'static str] {
        &["autoexec.ipxe"]
    }
}

const FILES: [LoaderFile; 3] = [
    LoaderFile {
        name: "undionly.kpxe",
        arch: Arch::X86_64,
        firmware: Firmware::Bios,
    },
    LoaderFile {
        name: "snponly.efi",
        arch: Arch::X86_64,
        firmware: Firmware::Uefi,
    },
    // With iPXE's own drivers: for firmware whose driver is broken. In the package it is a link to
    // /boot/ipxe.efi.
    LoaderFile {
        name: "ipxe.efi",
        arch: Arch::X86_64,
        firmware: Firmware::Uefi,
    },
];
