//! What a bootloader is, seen from the network: files that firmware can start.
//!
//! The contract that each case in `bootloaders/` keeps: a file is named once, for one kind of
//! machine, and a name that clients try on their own account is known as such.

use std::fmt;

use machine_core::hardware::{Arch, Firmware};

/// A family of files that one package ships.
pub trait Bootloader: fmt::Debug + Sync {
    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// The Debian package that ships its files, to be named where a file is missing.
    fn package(&self) -> &'static str;

    /// Where that package puts them.
    fn directory(&self) -> &'static str;

    /// Its files; of several for one kind of machine, the first is advertised.
    fn files(&self) -> &'static [LoaderFile];

    /// Names beside its own that it asks for by itself, and does without.
    fn probes(&self) -> &'static [&'static str];
}

/// A file that firmware of one kind can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderFile {
    /// Its name: in DHCP answers, over TFTP and HTTP, and in the loader directory.
    pub name: &'static str,
    /// The instruction set of the machines that it is for.
    pub arch: Arch,
    /// Their firmware.
    pub firmware: Firmware,
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
