//! iPXE, as Debian's package `ipxe` ships it (1.0.0+git-20190125 in Debian 12).
//!
//! The builds that use the firmware's own network driver come first: they work on every card that
//! the firmware booted from, and many of iPXE's own drivers hang on some card (iPXE issues 291, 541,
//! 853, 937). The version of Debian 12 has no HTTPS, no VLAN and no 64-bit Arm build, and never asks
//! for `autoexec.ipxe`; Debian 13's has all of them. Nobody signed these builds.

use machine_core::hardware::{Arch, Firmware};

use crate::bootloader::{Bootloader, LoaderFile, Package};
use crate::loader_choice::LoaderChoice;

/// The iPXE of the distribution.
#[derive(Debug)]
pub struct Ipxe;

impl Bootloader for Ipxe {
    fn name(&self) -> &'static str {
        "iPXE"
    }

    fn files(&self) -> &'static [LoaderFile] {
        &FILES
    }

    /// Its one question is for a script, which is made for each machine
    /// ([`crate::made::Made::Autoexec`]).
    fn probes(&self) -> &'static [&'static str] {
        &[]
    }
}

const fn file(
    name: &'static str,
    (arch, firmware): (Arch, Firmware),
    chosen_by: &'static [LoaderChoice],
) -> LoaderFile {
    LoaderFile {
        name,
        package: Package {
            name: "ipxe",
            directory: "/usr/lib/ipxe",
            file: name,
        },
        arch,
        firmware,
        signer: None,
        chosen_by,
        next: None,
    }
}

const FILES: [LoaderFile; 4] = [
    // The one loader for BIOS, whatever was chosen: Secure Boot is a matter of UEFI.
    file(
        "undionly.kpxe",
        (Arch::X86_64, Firmware::Bios),
        &LoaderChoice::ALL,
    ),
    file(
        "snponly.efi",
        (Arch::X86_64, Firmware::Uefi),
        &[LoaderChoice::Ipxe],
    ),
    // In the package it is a link to /boot/ipxe.efi.
    file(
        "ipxe.efi",
        (Arch::X86_64, Firmware::Uefi),
        &[LoaderChoice::IpxeNative],
    ),
    // From Debian 13 on. It has the driver of the firmware, too.
    file(
        "ipxe-arm64.efi",
        (Arch::Arm64, Firmware::Uefi),
        &[LoaderChoice::Ipxe, LoaderChoice::IpxeNative],
    ),
];
