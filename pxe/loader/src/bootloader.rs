//! What a bootloader is, seen from the network: files that firmware, or another loader, can start.
//!
//! The contract that each case in `bootloaders/` keeps: a file is named once, for one kind of
//! machine; what it asks for next is a name of the catalogue; and a name that it tries on its own
//! account and does without is known as such.

use std::fmt;

use machine_core::hardware::{Arch, Firmware};

use crate::loader_choice::LoaderChoice;

/// A family of files.
pub trait Bootloader: fmt::Debug + Sync {
    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// Its files.
    fn files(&self) -> &'static [LoaderFile];

    /// Names beside its own that it asks for by itself, and does without.
    fn probes(&self) -> &'static [&'static str];
}

/// A file that machines of one kind can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderFile {
    /// Its name in DHCP answers, and over TFTP and HTTP.
    pub name: &'static str,
    /// Where it comes from.
    pub package: Package,
    /// The instruction set of the machines that it is for.
    pub arch: Arch,
    /// Their firmware.
    pub firmware: Firmware,
    /// Who signed it; nobody, for most.
    pub signer: Option<Signer>,
    /// The choices for which firmware is told to load it; none for what another loader asks for.
    pub chosen_by: &'static [LoaderChoice],
    /// The file of the catalogue that it asks for next, and can't do without.
    pub next: Option<&'static str>,
}

/// The Debian package that ships a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// Where it puts the file.
    pub directory: &'static str,
    /// What it calls the file.
    pub file: &'static str,
}

/// Whose key signed a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Microsoft, whose certificates nearly all firmware has: under Secure Boot it starts this.
    Microsoft,
    /// The distribution, whose certificate is built into its shim: shim starts this.
    Distribution,
}

impl LoaderFile {
    /// Its media type. UEFI HTTP Boot goes by it (EDK2 `HttpBootSupport.c`).
    pub const fn media_type(&self) -> &'static str {
        match self.firmware {
            Firmware::Bios => "application/octet-stream",
            Firmware::Uefi => "application/efi",
        }
    }

    /// Whether it starts on such a machine.
    pub fn suits(&self, arch: Arch, firmware: Firmware) -> bool {
        self.arch == arch && self.firmware == firmware
    }
}
