//! Which bootloader machines are given: a choice of people, by what their machines trust and can run.

/// A choice. It speaks of UEFI; there is one loader for BIOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LoaderChoice {
    /// iPXE with the network driver of the firmware: it works on every card that the firmware booted
    /// from. Nobody signed it.
    #[default]
    Ipxe,
    /// iPXE with its own drivers: for firmware whose driver is broken.
    IpxeNative,
    /// GRUB behind shim, both signed: for machines that enforce Secure Boot.
    Grub,
}

impl LoaderChoice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ipxe, Self::IpxeNative, Self::Grub];

    /// Its word in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipxe => "ipxe",
            Self::IpxeNative => "ipxe-native",
            Self::Grub => "grub",
        }
    }

    /// What is tried where the chosen one has no file. Whoever wants signed files is never given
    /// others: the firmware would refuse them at each boot.
    pub(crate) const fn order(self) -> &'static [Self] {
        match self {
            Self::Ipxe => &[Self::Ipxe, Self::IpxeNative, Self::Grub],
            Self::IpxeNative => &[Self::IpxeNative, Self::Ipxe, Self::Grub],
            Self::Grub => &[Self::Grub],
        }
    }
}
