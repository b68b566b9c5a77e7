//! Every form in which tools print a disk, and what must never name one.

use proptest::prelude::*;

use super::*;

/// What a person copies, and what Talos prints of the same disk.
const WWNS: &[(&str, &str)] = &[
    // Linux and Talos themselves.
    ("naa.5000c500a1b2c3d4", "naa.5000c500a1b2c3d4"),
    ("eui.0025385a81b1c2d3", "eui.0025385a81b1c2d3"),
    (
        "eui.0025385a81b1c2d30025385a81b1c2d3",
        "eui.0025385a81b1c2d30025385a81b1c2d3",
    ),
    (
        "uuid.4c4c4544-0000-4000-8000-000000000001",
        "uuid.4c4c4544-0000-4000-8000-000000000001",
    ),
    (
        "nvme.1b36-44524f564552-51454d55204e564d65204374726c-00000001",
        "nvme.1b36-44524f564552-51454d55204e564d65204374726c-00000001",
    ),
    (
        "t10.ATA     QEMU HARDDISK      QM00001",
        "t10.ATA     QEMU HARDDISK      QM00001",
    ),
    // lsblk.
    ("0x5000c500a1b2c3d4", "naa.5000c500a1b2c3d4"),
    (
        "0x600508b1001c0123456789abcdef0123",
        "naa.600508b1001c0123456789abcdef0123",
    ),
    // /dev/disk/by-id.
    ("wwn-0x5000c500a1b2c3d4", "naa.5000c500a1b2c3d4"),
    (
        "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
        "naa.5000c500a1b2c3d4",
    ),
    ("scsi-35000c500a1b2c3d4", "naa.5000c500a1b2c3d4"),
    (
        "/dev/disk/by-id/scsi-3600508b1001c0123456789abcdef0123",
        "naa.600508b1001c0123456789abcdef0123",
    ),
    ("scsi-20025385a81b1c2d3", "eui.0025385a81b1c2d3"),
    ("nvme-eui.0025385a81b1c2d3", "eui.0025385a81b1c2d3"),
    (
        "/dev/disk/by-id/nvme-eui.0025385A81B1C2D3",
        "eui.0025385a81b1c2d3",
    ),
    ("wwn-eui.0025385a81b1c2d3", "eui.0025385a81b1c2d3"),
    // smartctl.
    (
        "LU WWN Device Id: 5 000c50 0a1b2c3d4",
        "naa.5000c500a1b2c3d4",
    ),
    ("5 000c50 0a1b2c3d4", "naa.5000c500a1b2c3d4"),
    (
        "Logical Unit id:      0x5000c500a1b2c3d4",
        "naa.5000c500a1b2c3d4",
    ),
    (
        "IEEE EUI-64:          002538 5a81b1c2d3",
        "eui.0025385a81b1c2d3",
    ),
    // Labels.
    ("5000C500A1B2C3D4", "naa.5000c500a1b2c3d4"),
    ("WWN: 5000C500A1B2C3D4", "naa.5000c500a1b2c3d4"),
    ("50:00:C5:00:A1:B2:C3:D4", "naa.5000c500a1b2c3d4"),
    ("NAA.5000C500A1B2C3D4", "naa.5000c500a1b2c3d4"),
    ("EUI.0025385A81B1C2D3", "eui.0025385a81b1c2d3"),
    ("T10.ATA Vendor X", "t10.ATA Vendor X"),
];

/// What names no single disk, and a word of the hint.
const NO_WWNS: &[(&str, &str)] = &[
    ("*", "a pattern"),
    ("naa.5000*", "a pattern"),
    ("naa.5000c500a1b2c3d?", "a pattern"),
    ("naa.[5]000c500a1b2c3d4", "a pattern"),
    ("hello", "such as naa.5000c500a1b2c3d4"),
    ("", "such as naa.5000c500a1b2c3d4"),
    ("naa.5000", "all its digits"),
    ("0x5000", "all its digits"),
    ("0x600508b1001c0123", "32 where it is 6"),
    ("eui.", "16, 24 or 32 digits"),
    ("nvme.1b36", "nvme.VENDOR-SERIAL"),
    ("t10.", "such as"),
    ("0025385a81b1c2d3", "naa.… or eui.… before these digits"),
    ("/dev/sda", "paths and slots change"),
    (
        "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
        "paths and slots change",
    ),
    ("wwn-0x5000c500a1b2c3d4-part1", "leave out -partN"),
    ("ata-ST4000NM0035_ZC1A2B3C", "lsblk -o NAME,WWN"),
    (
        "/dev/disk/by-id/ata-ST4000NM0035_ZC1A2B3C",
        "lsblk -o NAME,WWN",
    ),
    (
        "nvme-Samsung_SSD_980_S649NX0R123456",
        "lsblk -o NAME,SERIAL",
    ),
    ("scsi-SATA_ST4000NM0035_ZC1A2B3C", "lsblk -o NAME,WWN"),
    ("virtio-CP1", "serial instead of wwn"),
];

/// What a person copies as a serial number, and the serial number.
const SERIALS: &[(&str, &str)] = &[
    ("S4EVNF0M123456", "S4EVNF0M123456"),
    ("  CP1 ", "CP1"),
    ("QM00001", "QM00001"),
    ("drive-scsi0", "drive-scsi0"),
    ("Serial Number:    S649NX0R123456", "S649NX0R123456"),
    ("virtio-CP1", "CP1"),
    ("/dev/disk/by-id/virtio-CP1", "CP1"),
];

const NO_SERIALS: &[(&str, &str)] = &[
    ("*", "a pattern"),
    ("HT*", "a pattern"),
    ("HT?1", "a pattern"),
    ("[HT]1", "a pattern"),
    ("", "1 to 64"),
    ("a\"b", "without quotes"),
    ("/dev/sda", "paths and slots change"),
    (
        "/dev/disk/by-id/usb-Stick_1234-0:0",
        "lsblk -o NAME,WWN,SERIAL",
    ),
    (
        "ata-ST4000NM0035_ZC1A2B3C",
        "Talos 1.13 knows no serial of SATA disks",
    ),
    (
        "nvme-Samsung_SSD_980_S649NX0R123456",
        "joins model and serial",
    ),
    ("nvme-eui.0025385a81b1c2d3", "goes to wwn"),
    ("0x5000c500a1b2c3d4", "goes to wwn"),
    ("naa.5000c500a1b2c3d4", "goes to wwn"),
];

#[test]
fn every_printed_form_of_a_wwn_is_the_same_disk() {
    for (text, wanted) in WWNS {
        let disk = DiskIdentity::from_wwn(text).map(|it| it.to_string());
        assert_eq!(disk, Ok(format!("wwn:{wanted}")), "{text:?}");
    }
}

#[test]
fn every_printed_form_of_a_serial_is_the_same_disk() {
    for (text, wanted) in SERIALS {
        let disk = DiskIdentity::from_serial(text).map(|it| it.to_string());
        assert_eq!(disk, Ok(format!("serial:{wanted}")), "{text:?}");
    }
}

#[test]
fn what_names_no_single_disk_is_refused_with_a_hint() {
    for (text, hint) in NO_WWNS {
        let said = DiskIdentity::from_wwn(text).unwrap_err().to_string();
        assert!(said.contains(hint), "{text:?}: {said}");
    }
    for (text, hint) in NO_SERIALS {
        let said = DiskIdentity::from_serial(text).unwrap_err().to_string();
        assert!(said.contains(hint), "{text:?}: {said}");
    }
}

#[test]
fn names_up_to_256_characters_are_read() {
    let longest = format!("t10.{}", "x".repeat(252));
    assert!(DiskIdentity::from_wwn(&longest).is_ok());
    assert!(DiskIdentity::from_wwn(&format!("{longest}x")).is_err());
}

#[test]
fn what_an_earlier_version_kept_is_read_and_patterns_are_of_no_use() {
    for (kept, usable, printed) in [
        ("serial:CP1", true, "serial:CP1"),
        ("serial:ata-ST4000_ZC1", true, "serial:ata-ST4000_ZC1"),
        ("wwn:0x5000c500a1b2c3d4", true, "wwn:naa.5000c500a1b2c3d4"),
        ("serial:*", false, "serial:*"),
        ("wwn:naa.*", false, "wwn:naa.*"),
        ("wwn:hello", false, "wwn:hello"),
    ] {
        let disk: DiskIdentity = kept.parse().unwrap();
        assert_eq!(disk.is_usable(), usable, "{kept}");
        assert_eq!(disk.to_string(), printed);
        assert_eq!(disk.to_string().parse(), Ok(disk), "{kept}");
    }
    assert!("/dev/sda".parse::<DiskIdentity>().is_err());
}

#[test]
fn a_serial_comes_with_what_talos_can_not_match() {
    let serial = DiskIdentity::from_serial("CP1").unwrap();
    assert!(serial.caveat().unwrap().contains("use wwn"));
    let wwn = DiskIdentity::from_wwn("naa.5000c500a1b2c3d4").unwrap();
    assert_eq!(wwn.caveat(), None);
}

proptest! {
    /// Whatever is accepted is no pattern, harmless in a script, and comes back from the store.
    #[test]
    fn no_accepted_text_is_a_pattern(text in "[ -~]{0,80}", any: String) {
        for text in [text, any] {
            let read = [DiskIdentity::from_serial(&text), DiskIdentity::from_wwn(&text)];
            for disk in read.into_iter().flatten() {
                let printed = disk.to_string();
                let is_special = printed.contains(['*', '?', '[', ']', '\n', '"', '$', '{']);
                prop_assert!(!is_special, "{}", printed);
                prop_assert!(disk.is_usable());
                prop_assert_eq!(printed.parse(), Ok(disk));
            }
        }
    }

    /// What is kept and names no single disk never becomes usable.
    #[test]
    fn a_kept_pattern_stays_of_no_use(before in "[a-z0-9]{0,8}", after in "[a-z0-9]{0,8}") {
        for kind in ["serial", "wwn"] {
            for special in ['*', '?', '['] {
                let kept = format!("{kind}:{before}{special}{after}");
                prop_assert!(!kept.parse::<DiskIdentity>().unwrap().is_usable());
            }
        }
    }
}
