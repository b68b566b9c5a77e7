//! The catalogue of bootloaders: the only place where their file names exist.
//!
//! A name from the network is compared with these names and never becomes a path, so that there is
//! nothing to traverse.

pub mod grub;
pub mod ipxe;
pub mod shim;

use machine_core::hardware::{Arch, Firmware};

use crate::asked_name::AskedName;
use crate::bootloader::{Bootloader, LoaderFile};
use crate::bootloaders::grub::Grub;
use crate::bootloaders::ipxe::Ipxe;
use crate::bootloaders::shim::Shim;
use crate::loader_choice::LoaderChoice;

/// All of them.
pub const BOOTLOADERS: &[&dyn Bootloader] = &[&Ipxe, &Shim, &Grub];

/// The files that such a machine can be told to load, the preferred ones first; none if nothing in
/// the catalogue starts on it.
pub fn advertised(
    arch: Arch,
    firmware: Firmware,
    choice: LoaderChoice,
) -> impl Iterator<Item = &'static LoaderFile> {
    let choices = choice.order().iter();
    choices
        .flat_map(|choice| files().filter(move |file| file.chosen_by.contains(choice)))
        .filter(move |file| file.suits(arch, firmware))
}

/// The file that this one asks for next, and can't do without.
pub fn next(file: &LoaderFile) -> Option<&'static LoaderFile> {
    find(file.next?.as_bytes())
}

/// The file that a client asks for, by the name that it sent. Firmware may put slashes of either
/// kind before it, write it in capitals, and read on behind the end of option 67.
pub fn find(name: &[u8]) -> Option<&'static LoaderFile> {
    let name = AskedName::new(name);
    files().find(|file| name.is(file.name))
}

/// Whether clients ask for this name by themselves and go on when it is not found: an answer that
/// is fast, and no reason to warn anybody.
pub fn is_probe(name: &[u8]) -> bool {
    let name = AskedName::new(name);
    let mut probes = BOOTLOADERS.iter().flat_map(|loader| loader.probes());
    probes.any(|probe| name.is(probe))
}

/// All files.
pub fn files() -> impl Iterator<Item = &'static LoaderFile> {
    BOOTLOADERS.iter().flat_map(|loader| loader.files())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootloader::Signer;
    use crate::made::Made;
    use proptest::prelude::*;

    const PLATFORMS: [(Arch, Firmware); 4] = [
        (Arch::X86_64, Firmware::Bios),
        (Arch::X86_64, Firmware::Uefi),
        (Arch::Arm64, Firmware::Bios),
        (Arch::Arm64, Firmware::Uefi),
    ];

    fn all_advertised() -> impl Iterator<Item = (Arch, Firmware, &'static LoaderFile)> {
        let choices = LoaderChoice::ALL.into_iter();
        choices.flat_map(|choice| {
            PLATFORMS.into_iter().flat_map(move |(arch, firmware)| {
                advertised(arch, firmware, choice).map(move |file| (arch, firmware, file))
            })
        })
    }

    #[test]
    fn every_name_advertised_and_every_name_asked_for_next_is_served() {
        assert!(all_advertised().count() > PLATFORMS.len());
        for (arch, firmware, first) in all_advertised() {
            let mut chain = vec![first];
            while let Some(name) = chain.last().and_then(|file| file.next) {
                let file = find(name.as_bytes()).unwrap_or_else(|| panic!("{name} is not served"));
                assert!(!chain.contains(&file), "{name} leads in a circle");
                chain.push(file);
            }
            for file in chain {
                assert!(
                    file.suits(arch, firmware),
                    "{arch} {firmware}: {}",
                    file.name
                );
                for asked in [file.name.to_owned(), format!("/{}", file.name)] {
                    assert_eq!(find(asked.as_bytes()), Some(file), "{asked}");
                }
            }
        }
    }

    #[test]
    fn every_file_is_advertised_or_asked_for_by_one_that_is() {
        for file in files() {
            let is_advertised = all_advertised().any(|(_, _, it)| it == file);
            let is_next = all_advertised().any(|(_, _, it)| next(it) == Some(file));
            assert!(is_advertised != is_next, "{}", file.name);
        }
    }

    #[test]
    fn who_wants_signed_files_is_given_a_chain_that_is_signed_from_end_to_end() {
        for arch in [Arch::X86_64, Arch::Arm64] {
            let chain: Vec<_> = advertised(arch, Firmware::Uefi, LoaderChoice::Grub)
                .flat_map(|first| [Some(first), next(first)])
                .collect();
            let signers: Vec<_> = chain.iter().map(|file| file.unwrap().signer).collect();
            let wanted = [Some(Signer::Microsoft), Some(Signer::Distribution)];
            assert_eq!(signers, wanted, "{arch}");
        }
    }

    #[test]
    fn a_name_is_found_in_the_ways_that_firmware_writes_it() {
        for asked in [
            b"UNDIONLY.KPXE".as_slice(),
            b"\\undionly.kpxe",
            b"\\/undionly.kpxe",
            b"//undionly.kpxe",
            b"undionly.kpxe\xff",
            b"undionly.kpxe\xff\xff",
            "/undionly.kpxe\u{fffd}".as_bytes(),
        ] {
            let found = find(asked).map(|file| file.name);
            assert_eq!(found, Some("undionly.kpxe"), "{}", asked.escape_ascii());
        }
    }

    #[test]
    fn machines_are_told_what_was_chosen_and_else_what_starts_on_them() {
        use LoaderChoice::{Grub, Ipxe, IpxeNative};
        let (bios, uefi, arm) = (PLATFORMS[0], PLATFORMS[1], PLATFORMS[3]);
        for (platform, choice, wanted) in [
            (bios, Ipxe, &["undionly.kpxe"; 3][..]),
            (bios, Grub, &["undionly.kpxe"]),
            (uefi, Ipxe, &["snponly.efi", "ipxe.efi", "shimx64.efi"]),
            (
                uefi,
                IpxeNative,
                &["ipxe.efi", "snponly.efi", "shimx64.efi"],
            ),
            (uefi, Grub, &["shimx64.efi"]),
            (
                arm,
                Ipxe,
                &["ipxe-arm64.efi", "ipxe-arm64.efi", "shimaa64.efi"],
            ),
            (arm, Grub, &["shimaa64.efi"]),
        ] {
            let (arch, firmware) = platform;
            let names: Vec<_> = advertised(arch, firmware, choice)
                .map(|file| file.name)
                .collect();
            assert_eq!(names, wanted, "{arch} {firmware} {choice:?}");
        }
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
            assert_eq!(AskedName::new(name.as_bytes()).made(), None, "{name}");
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
        for loader in BOOTLOADERS {
            for name in loader.probes() {
                assert!(is_probe(name.as_bytes()) && is_probe(format!("//{name}").as_bytes()));
                assert_eq!(find(name.as_bytes()), None, "{name}");
                assert_eq!(AskedName::new(name.as_bytes()).made(), None, "{name}");
            }
        }
    }

    #[test]
    fn what_loaders_ask_for_that_is_made_is_known() {
        let made = |name: &[u8]| AskedName::new(name).made().map(|made| format!("{made:?}"));
        let is = |name: &[u8], wanted: Made<'_>| {
            assert_eq!(made(name), Some(format!("{wanted:?}")));
        };
        is(b"autoexec.ipxe", Made::Autoexec);
        is(b"/AUTOEXEC.IPXE", Made::Autoexec);
        is(b"/grub/grub.cfg", Made::GrubConfig);
        is(b"//grub//grub.cfg", Made::GrubConfig);
        is(b"/grub/script/uuid=&a/b", Made::GrubScript(b"uuid=&a/b"));
        is(
            b"/assets/00ff/kernel",
            Made::Asset {
                digest: b"00ff",
                name: b"kernel",
            },
        );
        for name in [
            "",
            "grub",
            "grub/",
            "assets/00ff",
            "assets/a/b/c",
            "x/autoexec.ipxe",
        ] {
            assert_eq!(made(name.as_bytes()), None, "{name}");
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
