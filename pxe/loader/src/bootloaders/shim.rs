//! shim, as Debian's package `shim-signed` ships it: signed by Microsoft, so that firmware starts it
//! under Secure Boot, and with Debian's certificate inside, so that it starts Debian's GRUB.
//!
//! Over TFTP it asks for its next loader from the root of the server, not from its own directory;
//! over HTTP with a doubled slash.

use machine_core::hardware::{Arch, Firmware};

use crate::bootloader::{Bootloader, LoaderFile, Package, Signer};
use crate::loader_choice::LoaderChoice;

/// The shim of the distribution.
#[derive(Debug)]
pub struct Shim;

impl Bootloader for Shim {
    fn name(&self) -> &'static str {
        "shim"
    }

    fn files(&self) -> &'static [LoaderFile] {
        &FILES
    }

    /// Revocations and certificates that a site may add (shim 16.1: `shim.c`), and the program that
    /// enrolls keys, which it starts where somebody has asked for that.
    fn probes(&self) -> &'static [&'static str] {
        &[
            "revocations.efi",
            "revocations_sku.efi",
            "revocations_sbat.efi",
            "shim_certificate.efi",
            "shim_certificate_0.efi",
            "mmx64.efi",
            "mmaa64.efi",
        ]
    }
}

const fn file(
    name: &'static str,
    source: &'static str,
    arch: Arch,
    next: &'static str,
) -> LoaderFile {
    LoaderFile {
        name,
        package: Package {
            name: "shim-signed",
            directory: "/usr/lib/shim",
            file: source,
        },
        arch,
        firmware: Firmware::Uefi,
        signer: Some(Signer::Microsoft),
        chosen_by: &[LoaderChoice::Grub],
        next: Some(next),
    }
}

const FILES: [LoaderFile; 2] = [
    file(
        "shimx64.efi",
        "shimx64.efi.signed",
        Arch::X86_64,
        "grubx64.efi",
    ),
    file(
        "shimaa64.efi",
        "shimaa64.efi.signed",
        Arch::Arm64,
        "grubaa64.efi",
    ),
];
