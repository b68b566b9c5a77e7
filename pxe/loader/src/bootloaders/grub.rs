//! GRUB for the network, as Debian's packages `grub-efi-…-signed` ship it: started by shim, and
//! itself a starter of kernels that Debian signed.
//!
//! That of Debian 12 (2.06) has no module for HTTP and fetches everything by TFTP. Its prefix is
//! `/grub` on the server that it came from; its configuration is made
//! ([`crate::made::Made::GrubConfig`]).

use machine_core::hardware::{Arch, Firmware};

use crate::bootloader::{Bootloader, LoaderFile, Package, Signer};

/// The GRUB of the distribution.
#[derive(Debug)]
pub struct Grub;

impl Bootloader for Grub {
    fn name(&self) -> &'static str {
        "GRUB"
    }

    fn files(&self) -> &'static [LoaderFile] {
        &FILES
    }

    /// A configuration for its instruction set, which comes before the general one, and lists of
    /// modules, which a signed GRUB would not load (`normal/main.c`).
    fn probes(&self) -> &'static [&'static str] {
        &[
            "grub/x86_64-efi/grub.cfg",
            "grub/x86_64-efi/command.lst",
            "grub/x86_64-efi/fs.lst",
            "grub/x86_64-efi/crypto.lst",
            "grub/x86_64-efi/terminal.lst",
            "grub/arm64-efi/grub.cfg",
            "grub/arm64-efi/command.lst",
            "grub/arm64-efi/fs.lst",
            "grub/arm64-efi/crypto.lst",
            "grub/arm64-efi/terminal.lst",
        ]
    }
}

const fn file(name: &'static str, package: Package, arch: Arch) -> LoaderFile {
    LoaderFile {
        name,
        package,
        arch,
        firmware: Firmware::Uefi,
        signer: Some(Signer::Distribution),
        chosen_by: &[],
        next: None,
    }
}

const FILES: [LoaderFile; 2] = [
    file(
        "grubx64.efi",
        Package {
            name: "grub-efi-amd64-signed",
            directory: "/usr/lib/grub/x86_64-efi-signed",
            file: "grubnetx64.efi.signed",
        },
        Arch::X86_64,
    ),
    file(
        "grubaa64.efi",
        Package {
            name: "grub-efi-arm64-signed",
            directory: "/usr/lib/grub/arm64-efi-signed",
            file: "grubnetaa64.efi.signed",
        },
        Arch::Arm64,
    ),
];
