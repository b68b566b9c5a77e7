//! What iPXE itself fills in: its settings, as the only `${…}` that a script can hold.
//!
//! Each has the form that survives a URL. `:uristring` escapes all that ends a value, but iPXE
//! before November 2021 decodes a URL and encodes it anew without `&` and `=`: a serial number with
//! an `&` arrives cut there. So texts that people or vendors chose come after all others, where they
//! can displace nothing. All names exist in 1.0.0+git-20190125; a setting without a value is empty.

/// A setting of iPXE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    /// The SMBIOS system UUID, in printed order.
    Uuid,
    /// `pcbios` or `efi`.
    Platform,
    /// The instruction set that iPXE was built for: `i386`, `x86_64`, `arm64`. The BIOS builds are
    /// `i386` on 64-bit machines too.
    Architecture,
    /// The hardware address of the card that was opened last: the one that boots.
    BootCard,
    /// The hardware address of a card, counted from 0.
    Card(u8),
    /// iPXE's own version.
    Version,
    /// The SMBIOS system serial number.
    Serial,
    /// The SMBIOS manufacturer.
    Manufacturer,
    /// The SMBIOS product name.
    Product,
}

impl Expansion {
    /// All that iPXE knows of its machine, the booting card before the others, and free texts last.
    pub const IDENTITY: [Self; 12] = [
        Self::Uuid,
        Self::Platform,
        Self::Architecture,
        Self::BootCard,
        Self::Card(0),
        Self::Card(1),
        Self::Card(2),
        Self::Card(3),
        Self::Version,
        Self::Serial,
        Self::Manufacturer,
        Self::Product,
    ];

    /// Its name in a query.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Platform => "platform",
            Self::Architecture => "arch",
            Self::BootCard | Self::Card(_) => "mac",
            Self::Version => "version",
            Self::Serial => "serial",
            Self::Manufacturer => "manufacturer",
            Self::Product => "product",
        }
    }

    /// What iPXE replaces.
    pub(crate) fn reference(self) -> String {
        let setting = match self {
            Self::Uuid => "uuid",
            Self::Platform => "platform",
            Self::Architecture => "buildarch",
            Self::BootCard => "netX/mac:hexhyp",
            Self::Card(number) => return format!("${{net{number}/mac:hexhyp}}"),
            Self::Version => "version:uristring",
            Self::Serial => "serial:uristring",
            Self::Manufacturer => "manufacturer:uristring",
            Self::Product => "product:uristring",
        };
        format!("${{{setting}}}")
    }
}
