//! The catalogue of bootloaders: the only place where their file names exist.
//!
//! A name from the network is compared with these names and never becomes a path, so that there is
//! nothing to traverse.

pub mod ipxe;

use machine_core::hardware::{Arch, Firmware};

use crate::bootloader::{Bootloader, LoaderFile};
use crate::bootloaders::ipxe::Ipxe;

/// All of them; the earlier is preferred.
pub const BOOTLOADERS: &[&dyn Bootloader] = &[&Ipxe];

/// The file that such a machine is told to load; none if nothing in the catalogue starts on it.
pub fn advertised(arch: Arch, firmware: Firmware) -> Option<&'static LoaderFile> {
    files().find(|file| file.suits(arch, firmware))
}

/// The file that a client asks for, by the name that it sent. Firmware may put slashes of either
/// kind before it, write it in capitals, and read on behind the end of option 67.
pub fn find(name: &[u8]) -> Option<&'static LoaderFile> {
    let name = bare(name);
    files().find(|file| file.name.as_bytes().eq_ignore_ascii_case(name))
}

/// Whether clients ask for this name by themselves and go on when it is not found: an answer that
/// is fast, and no reason to warn anybody.
pub fn is_probe(name: &[u8]) -> bool {
    let name = bare(name);
    let mut probes = BOOTLOADERS.iter().flat_map(|loader| loader.probes());
    probes.any(|probe| probe.as_bytes().eq_ignore_ascii_case(name))
}

/// All files, the preferred ones first.
pub fn files() -> impl Iterator<Item = &'static LoaderFile> {
    BOOTLOADERS.iter().flat_map(|loader| loader.files())
}

/// A name without what firmware adds to it: slashes before it; behind it the end mark of the options
/// (0xff), as it is or as text that could not be decoded (U+FFFD in UTF-8).
fn bare(name: &[u8]) -> &[u8] {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    let slashes = name
        .iter()
        .take_while(|byte| matches!(byte, b'/' | b'\\'))
        .count();
    let mut bare = name.get(slashes..).unwrap_or_default();
    while let Some(shorter) = bare
        .strip_suffix(REPLACEMENT)
        .or_else(|| bare.strip_suffix(&[0xff]))
    {
        bare = shorter;
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLATFORMS: [(Arch, Firmware); 4] = [
        (Arch::X86_64, Firmware::Bios),
        (Arch::X86_64, Firmware::Uefi),
        (Arch::Arm64, Firmware::Bios),
        (Arch::Arm64, Firmware::Uefi),
    ];

    #[test]
    fn every_name_advertised_is_a_name_served() {
        for (arch, firmware) in PLATFORMS {
            let Some(file) = advertised(arch, firmware) else {
                continue;
            };
            assert!(file.suits(arch, firmware), "{arch} {firmware}");
            for asked in [file.name.to_owned(), format!("/{}", file.name)] {
                assert_eq!(find(asked.as_bytes()), Some(file), "{asked}");
            }
        }
    }

    #[test]
    fn a_name_is_found_in_the_ways_that_firmware_writes_it() {
        for asked in [
            b"UNDIONLY.KPXE".as_slice(),
            b"\\undionly.kpxe",
            b"\\/undionly.kpxe",
            b"undionly.kpxe\xff",
            b"undionly.kpxe\xff\xff",
            "/undionly.kpxe\u{fffd}".as_bytes(),
        ] {
            let found = find(asked).map(|file| file.name);
            assert_eq!(found, Some("undionly.kpxe"), "{}", asked.escape_ascii());
        }
    }

    #[test]
    fn x86_machines_have_a_loader() {
        let name = |firmware| advertised(Arch::X86_64, firmware).map(|file| file.name);
        assert_eq!(name(Firmware::Bios), Some("undionly.kpxe"));
        assert_eq!(name(Firmware::Uefi), Some("snponly.efi"));
    }

    #[test]
    fn names_are_unique_plain_and_short() {
        let names: Vec<_> = files().map(|file| file.name).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name} twice");
            // The BOOTP header has 128 bytes for the name and its NUL.
            assert!(name.len() < 128 && !name.is_empty());
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            assert!(name.chars().all(plain) && !name.starts_with('.'), "{name}");
            assert!(!is_probe(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn efi_images_say_that_they_are() {
        for file in files() {
            let efi = file.name.rsplit('.').next() == Some("efi");
            assert_eq!(file.media_type() == "application/efi", efi, "{}", file.name);
        }
    }

    #[test]
    fn probes_are_expected_and_not_found() {
        for name in [b"autoexec.ipxe".as_slice(), b"/autoexec.ipxe"] {
            assert!(is_probe(name));
            assert_eq!(find(name), None);
        }
    }

    #[test]
    fn nothing_else_is_found() {
        let name = files().next().unwrap().name;
        let around = [
            String::new(),
            "/".to_owned(),
            "\\/".to_owned(),
            "\u{fffd}".to_owned(),
            format!("{name}x"),
            format!("../{name}"),
            format!("./{name}"),
            format!("/x/../{name}"),
            format!("..\\{name}"),
            format!("%2e%2e/{name}"),
            format!("{name}/"),
            format!("{name}\0"),
            format!("{name}\0.txt"),
            format!("file://{name}"),
            format!("\\\\server\\{name}"),
            "/etc/passwd".to_owned(),
            "a".repeat(65_536),
        ];
        for asked in around {
            assert_eq!(find(asked.as_bytes()), None, "{asked:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_answered(name: Vec<u8>) {
            let _ = is_probe(&name);
            if let Some(file) = find(&name) {
                let lower = name.to_ascii_lowercase();
                let mut parts = lower.windows(file.name.len());
                prop_assert!(parts.any(|part| part == file.name.as_bytes()));
            }
        }
    }
}
