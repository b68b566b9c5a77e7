//! Files that are made for whoever asks: a loader asks for them by fixed names, and what is in them
//! depends on the machine.

/// A file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made<'a> {
    /// The script that a newer iPXE under UEFI fetches from where it was loaded, before it does DHCP
    /// (`efi_autoexec.c`); that of Debian 12 does not.
    Autoexec,
    /// GRUB's first configuration: it has GRUB say what its machine is, and is the same for all.
    GrubConfig,
    /// What was decided for a machine, as GRUB's commands. It holds what GRUB says of the machine.
    GrubScript(&'a [u8]),
    /// A kernel or initial RAM disk, by the digits of its SHA-256.
    Asset {
        /// The digits.
        digest: &'a [u8],
        /// `kernel` or `initrd`.
        name: &'a [u8],
    },
}

/// Where GRUB asks for what was decided, followed by what it says of its machine.
pub(crate) const GRUB_SCRIPT: &str = "grub/script/";
const AUTOEXEC: &str = "autoexec.ipxe";
const GRUB_CONFIG: &str = "grub/grub.cfg";
const ASSETS: &str = "assets/";

impl<'a> Made<'a> {
    /// The file of this name, which has no slashes before it and no doubled ones.
    pub(crate) fn of(name: &'a [u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(AUTOEXEC.as_bytes()) {
            return Some(Self::Autoexec);
        }
        if name == GRUB_CONFIG.as_bytes() {
            return Some(Self::GrubConfig);
        }
        if let Some(said) = name.strip_prefix(GRUB_SCRIPT.as_bytes()) {
            return Some(Self::GrubScript(said));
        }
        let mut parts = name
            .strip_prefix(ASSETS.as_bytes())?
            .split(|it| *it == b'/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(digest), Some(name), None) => Some(Self::Asset { digest, name }),
            _ => None,
        }
    }

    /// The name of a kernel or initial RAM disk.
    pub(crate) fn asset(digest: &str, name: &str) -> String {
        format!("{ASSETS}{digest}/{name}")
    }
}
