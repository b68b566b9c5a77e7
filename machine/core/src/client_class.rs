//! What a client of DHCP says that it is: its kind of network boot (option 60, or 16 of DHCPv6) and
//! its processor and firmware (option 93, or 61 of DHCPv6: RFC 5970 §3.3 has the same codes).

use std::fmt;

use crate::hardware::{Arch, Firmware};

/// Which kind of network boot a client says that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VendorClass {
    /// `PXEClient…`: a boot file over TFTP. iPXE says so too.
    Pxe,
    /// `HTTPClient…`: UEFI HTTP boot, a URL.
    Http,
    /// Neither: an operating system, a BMC, a switch, U-Boot's first question.
    None,
}

impl VendorClass {
    /// What a reply to a PXE client says of itself. EDK2 compares the first nine bytes.
    pub const PXE_CLIENT: &'static [u8] = b"PXEClient";
    /// What a reply to a client of UEFI HTTP boot says of itself. EDK2 takes no offer without it
    /// (`HttpBootDhcp4.c`).
    pub const HTTP_CLIENT: &'static [u8] = b"HTTPClient";

    /// The class that these bytes name.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.starts_with(Self::PXE_CLIENT) {
            Self::Pxe
        } else if bytes.starts_with(Self::HTTP_CLIENT) {
            Self::Http
        } else {
            Self::None
        }
    }
}

/// A client system architecture type (RFC 4578 §2.1, IANA "Processor Architecture Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArchCode(pub u16);

impl ArchCode {
    /// The machine behind the code, if Drover can boot such machines.
    ///
    /// 7 and 9 both mean UEFI on x86-64: RFC 4578 says 9, its erratum and nearly all firmware say
    /// 7. 6 and 15 are 32-bit x86 UEFI, 10 and 18 are 32-bit Arm, 20 is HTTP on a PC BIOS, 21 to 24
    /// are U-Boot's questions for a script, 25 to 30 are RISC-V: none of them has a loader here.
    pub const fn platform(self) -> Option<(Arch, Firmware)> {
        match self.0 {
            0 => Some((Arch::X86_64, Firmware::Bios)),
            7 | 9 | 16 => Some((Arch::X86_64, Firmware::Uefi)),
            11 | 19 => Some((Arch::Arm64, Firmware::Uefi)),
            _ => None,
        }
    }

    /// Whether it is one of the codes of HTTP boot.
    pub const fn is_http(self) -> bool {
        matches!(self.0, 15..=20)
    }

    /// The codes of an option, in the client's order of preference. A half code at the end is left
    /// out.
    pub fn list(bytes: &[u8]) -> impl Iterator<Item = Self> {
        let (codes, _half) = bytes.as_chunks::<2>();
        codes.iter().map(|code| Self(u16::from_be_bytes(*code)))
    }

    /// The code inside a class, `PXEClient:Arch:00007:UNDI:003016`, for clients that say it nowhere
    /// else.
    pub fn from_vendor_class(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (_, rest) = text.split_once(":Arch:")?;
        let digits = rest.split(':').next()?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten().map(Self)
    }
}

impl fmt::Display for ArchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arch_code_has_its_machine() {
        let x86 = |firmware| Some((Arch::X86_64, firmware));
        let arm = Some((Arch::Arm64, Firmware::Uefi));
        for (code, platform, http) in [
            (0, x86(Firmware::Bios), false),
            (1, None, false),
            (6, None, false),
            (7, x86(Firmware::Uefi), false),
            (9, x86(Firmware::Uefi), false),
            (10, None, false),
            (11, arm, false),
            (15, None, true),
            (16, x86(Firmware::Uefi), true),
            (18, None, true),
            (19, arm, true),
            (22, None, false),
            (u16::MAX, None, false),
        ] {
            assert_eq!(ArchCode(code).platform(), platform, "{code}");
            assert_eq!(ArchCode(code).is_http(), http, "{code}");
        }
    }

    #[test]
    fn arch_codes_are_found_in_both_options() {
        let codes: Vec<ArchCode> = ArchCode::list(&[0, 6, 0, 7, 9]).collect();
        assert_eq!(codes, [ArchCode(6), ArchCode(7)]);
        for (text, code) in [
            ("PXEClient:Arch:00007:UNDI:003016", Some(ArchCode(7))),
            ("HTTPClient:Arch:00016:UNDI:003001", Some(ArchCode(16))),
            ("PXEClient:Arch:00011", Some(ArchCode(11))),
            ("PXEClient:Arch:99999", None),
            ("PXEClient:Arch:+0007", None),
            ("PXEClient:Arch:", None),
            ("PXEClient", None),
        ] {
            assert_eq!(ArchCode::from_vendor_class(text.as_bytes()), code, "{text}");
        }
    }
}
