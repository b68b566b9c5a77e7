//! What a machine is made of, as far as its boot and its identity are concerned.
//!
//! Every text here may come from the network or from firmware. The types accept only what can be
//! printed on one line and put into a script or a document without surprises.

use std::fmt;
use std::str::FromStr;

use macaddr::MacAddr6;
use thiserror::Error;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// A text that is not what a hardware fact looks like.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted {wanted}, got {got:?}")]
pub struct ParseHardwareError {
    /// What would have been accepted.
    pub wanted: &'static str,
    /// What came, at most its first 64 characters.
    pub got: String,
}

impl ParseHardwareError {
    pub(crate) fn new(wanted: &'static str, got: &str) -> Self {
        Self {
            wanted,
            got: got.chars().take(64).collect(),
        }
    }
}

/// An Ethernet hardware address (48 bits). Prints as `52:54:00:77:00:01`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// The address of these six octets.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// Its six octets, as on the wire.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether a network card can have it: neither a group's (bit 0 of the first octet, which
    /// broadcast has too: IEEE 802-2014 §8.2.2) nor zero.
    pub const fn is_of_a_card(self) -> bool {
        let [first, b, c, d, e, f] = self.0;
        first & 1 == 0 && !matches!([first, b, c, d, e, f], [0, 0, 0, 0, 0, 0])
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacAddress({self})")
    }
}

/// Accepts colons or hyphens (iPXE's `:hexhyp`) between the octets, in either case.
impl FromStr for MacAddress {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        let refused =
            || ParseHardwareError::new("six hexadecimal octets such as 52:54:00:77:00:01", text);
        let address: MacAddr6 = text.parse().map_err(|_| refused())?;
        Ok(Self(address.into_array()))
    }
}

/// The SMBIOS system UUID in its printed (RFC 4122) byte order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SystemUuid([u8; 16]);

impl SystemUuid {
    /// From bytes in printed order.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From the little-endian form of SMBIOS and DHCP option 97 (RFC 4578 §2.3): the first three
    /// fields are byte-swapped.
    pub const fn from_mixed_endian(raw: [u8; 16]) -> Self {
        Self(Uuid::from_bytes_le(raw).into_bytes())
    }

    /// Its bytes in printed order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The same UUID as firmware prints it that does not swap the first three fields, or swaps
    /// them twice (SMBIOS before 2.6).
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self::from_mixed_endian(self.0)
    }

    /// Whether both are of one board. Before SMBIOS 2.6 the byte order was open: the ROM, iPXE and
    /// the system of one machine print its UUID in two ways.
    pub fn is_same_board(self, other: Self) -> bool {
        self == other || self == other.swapped()
    }

    /// Whether it can identify anything: vendors ship all zeros, all ones and a well-known
    /// placeholder (`03000200-0400-0500-0006-000700080009`), in either byte order.
    pub fn is_usable(&self) -> bool {
        const PLACEHOLDER: SystemUuid =
            SystemUuid([3, 0, 2, 0, 4, 0, 5, 0, 0, 6, 0, 7, 0, 8, 0, 9]);
        let is_filler = self.0 == [0; 16] || self.0 == [0xff; 16];
        !is_filler && !self.is_same_board(PLACEHOLDER)
    }

    /// Whether it is the hardware address of a card, in ASCII digits behind zeros: some ROMs say
    /// that in option 97 where they know no UUID (seen from Sun and Oracle servers).
    pub fn is_card_as_text(&self, mac: MacAddress) -> bool {
        let text: String = mac.to_string().split(':').collect();
        [*self, self.swapped()].iter().any(|uuid| {
            let (filler, digits) = uuid.0.split_at(4);
            filler == [0; 4] && digits.eq_ignore_ascii_case(text.as_bytes())
        })
    }
}

impl fmt::Display for SystemUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Uuid::from_bytes(self.0), f)
    }
}

impl fmt::Debug for SystemUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SystemUuid({self})")
    }
}

impl FromStr for SystemUuid {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        let refused =
            || ParseHardwareError::new("a UUID such as 4c4c4544-0000-4000-8000-000000000001", text);
        // `Uuid` also reads braces, a URN, and digits without hyphens: no firmware prints them.
        if text.len() != Hyphenated::LENGTH {
            return Err(refused());
        }
        let uuid = Uuid::try_parse(text).map_err(|_| refused())?;
        Ok(Self(uuid.into_bytes()))
    }
}

/// A serial number of a system: 1 to 64 printable ASCII characters without quotes,
/// backslash, `$`, `{`, `}` or white space at the ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber(String);

impl SerialNumber {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can identify anything: vendors ship zeros and well-known placeholders.
    pub fn is_usable(&self) -> bool {
        const PLACEHOLDERS: [&str; 9] = [
            "none",
            "n/a",
            "not specified",
            "not applicable",
            "default string",
            "system serial number",
            "to be filled by o.e.m.",
            "0123456789",
            "123456789",
        ];
        let lower = self.0.to_lowercase();
        let is_zero = lower.chars().all(|digit| digit == '0');
        !is_zero && !PLACEHOLDERS.contains(&lower.as_str())
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SerialNumber {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        let text = text.trim();
        let allowed = |c: char| (c.is_ascii_graphic() || c == ' ') && !"\"'`\\${}".contains(c);
        if text.is_empty() || text.len() > 64 || !text.chars().all(allowed) {
            return Err(ParseHardwareError::new(
                "a serial number: 1 to 64 printable characters without quotes, $ or braces",
                text,
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The instruction set of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86, also when its BIOS boots in 16-bit mode.
    X86_64,
    /// 64-bit Arm.
    Arm64,
}

impl Arch {
    /// The name that Talos and container images use: `amd64`, `arm64`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Arch {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        match text {
            "amd64" | "x86_64" => Ok(Self::X86_64),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            _ => Err(ParseHardwareError::new("amd64 or arm64", text)),
        }
    }
}

/// The kind of firmware that starts a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Firmware {
    /// A legacy PC BIOS.
    Bios,
    /// UEFI.
    Uefi,
}

impl Firmware {
    /// `bios` or `uefi`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bios => "bios",
            Self::Uefi => "uefi",
        }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Firmware {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        match text {
            "bios" => Ok(Self::Bios),
            "uefi" => Ok(Self::Uefi),
            _ => Err(ParseHardwareError::new("bios or uefi", text)),
        }
    }
}

#[cfg(test)]
mod tests;
