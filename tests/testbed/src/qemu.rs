//! QEMU's command line for a chassis.
//!
//! Always with an explicit accelerator: a nested KVM may be there and hang, so it is used only when
//! the user asks. The NIC of a UEFI machine has no ROM, or OVMF would run iPXE's instead of its own
//! network boot; a BIOS machine has no graphics, so that SeaBIOS and iPXE talk on the serial port.

use crate::chassis::Chassis;
use crate::machine::{Netboot, SecureBoot};
use crate::requirement::{SECURE_CODE, UEFI_CODE};

/// The program and its arguments; the boot order as given, whatever the chassis's own is.
pub(crate) fn command_line(chassis: &Chassis, network_first: bool) -> Vec<String> {
    let mut line = Line::default();
    // Emulated machines would starve the daemon that they wait for.
    line.words(&["nice", "-n", "5", "qemu-system-x86_64"]);
    line.option("-name", &[&escaped(&chassis.name)]);
    line.words(&accelerator(chassis.kvm));
    line.option("-m", &[&chassis.memory_mib.to_string()]);
    line.words(&["-display", "none", "-nodefaults", "-daemonize", "-S"]);
    line.option("-pidfile", &[&chassis.pid_file().to_string_lossy()]);
    line.option(
        "-qmp",
        &["unix:", &path(&chassis.monitor()), ",server=on,wait=off"],
    );
    line.option("-uuid", &[&chassis.uuid]);
    let serial = escaped(&chassis.serial);
    line.option(
        "-smbios",
        &[
            "type=1,manufacturer=Drover,product=Testbed,serial=",
            &serial,
        ],
    );
    line.option(
        "-chardev",
        &["file,id=console,append=on,path=", &path(&chassis.console)],
    );
    line.words(&["-serial", "chardev:console"]);
    firmware(&mut line, chassis);
    devices(&mut line, chassis, network_first);
    line.0
}

/// The device that QEMU knows a NIC by, and the index at which the firmware tries it.
pub(crate) fn boot_indexes(chassis: &Chassis, network_first: bool) -> Vec<(String, usize)> {
    let nics = (0..chassis.nics.len()).map(|index| format!("nic{index}"));
    let disks = (0..chassis.disks.len()).map(|index| format!("disk{index}"));
    let devices: Vec<String> = if network_first {
        nics.chain(disks).collect()
    } else {
        disks.chain(nics).collect()
    };
    devices.into_iter().zip(1..).collect()
}

#[derive(Default)]
struct Line(Vec<String>);

impl Line {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(|&word| word.to_owned()));
    }

    fn option(&mut self, name: &str, value: &[&str]) {
        self.words(&[name]);
        self.0.push(value.concat());
    }
}

const fn accelerator(kvm: bool) -> [&'static str; 4] {
    if kvm {
        ["-accel", "kvm", "-cpu", "host"]
    } else {
        ["-accel", "tcg,thread=multi", "-cpu", "max"]
    }
}

fn firmware(line: &mut Line, chassis: &Chassis) {
    if !chassis.uefi {
        return line.words(&["-machine", "q35,graphics=off"]);
    }
    let flash = "if=pflash,format=raw,";
    if chassis.secure_boot == SecureBoot::Enforced {
        // Only code in system management mode may write the variables, or any system could enrol keys.
        line.words(&["-machine", "q35,smm=on"]);
        line.words(&["-global", "driver=cfi.pflash01,property=secure,value=on"]);
        line.option("-drive", &[flash, "readonly=on,file=", SECURE_CODE]);
    } else {
        line.words(&["-machine", "q35"]);
        line.option("-drive", &[flash, "readonly=on,file=", UEFI_CODE]);
    }
    line.option("-drive", &[flash, "file=", &path(&chassis.variables())]);
    if chassis.netboot == Netboot::Http {
        // OVMF reads which of its ways it takes (`OvmfPkg/Library/PlatformDxe…`, EmbeddedDriver).
        for way in ["IPv4PXESupport", "IPv6PXESupport"] {
            line.option("-fw_cfg", &["name=opt/org.tianocore/", way, ",string=n"]);
        }
    }
}

fn devices(line: &mut Line, chassis: &Chassis, network_first: bool) {
    let order = boot_indexes(chassis, network_first);
    let index_of = |device: &str| {
        let found = order.iter().find(|(name, _)| name == device);
        found.map_or(String::new(), |(_, index)| format!(",bootindex={index}"))
    };
    for (number, nic) in chassis.nics.iter().enumerate() {
        let net = format!("net{number}");
        let name = format!("nic{number}");
        let tap = &[
            "tap,script=no,downscript=no,id=",
            &net,
            ",ifname=",
            &nic.tap,
        ];
        line.option("-netdev", tap);
        let rom = if chassis.uefi { ",romfile=" } else { "" };
        let device = &[
            "virtio-net-pci,id=",
            &name,
            ",netdev=",
            &net,
            ",mac=",
            &nic.mac,
        ];
        line.option("-device", &[&device.concat(), &index_of(&name), rom]);
    }
    for (number, disk) in chassis.disks.iter().enumerate() {
        let drive = format!("drive{number}");
        let name = format!("disk{number}");
        let file = path(&disk.path);
        // Nobody but this process needs what it wrote: no flush ever reaches the host's disk.
        let medium = &[
            "if=none,format=raw,cache=unsafe,id=",
            &drive,
            ",file=",
            &file,
        ];
        line.option("-drive", medium);
        let serial = escaped(&disk.serial);
        let device = &[
            "virtio-blk-pci,id=",
            &name,
            ",drive=",
            &drive,
            ",serial=",
            &serial,
        ];
        line.option("-device", &[&device.concat(), &index_of(&name)]);
    }
}

/// A comma ends a value unless it is doubled (qemu(1)).
fn escaped(value: &str) -> String {
    value.replace(',', ",,")
}

fn path(path: &std::path::Path) -> String {
    escaped(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chassis::{DiskFile, Nic};

    fn chassis(uefi: bool) -> Chassis {
        Chassis {
            name: "cp-1".to_owned(),
            folder: "/lab/cp-1".into(),
            namespace: "drv-1-sw".to_owned(),
            console: "/lab/console".into(),
            log: "/lab/log".into(),
            calls: "/lab/calls".into(),
            uefi,
            netboot: Netboot::Pxe,
            secure_boot: SecureBoot::Off,
            memory_mib: 512,
            uuid: "4c4c4544-0000-4000-8000-000000000001".to_owned(),
            serial: "A,1".to_owned(),
            nics: vec![Nic {
                mac: "52:54:00:77:00:01".to_owned(),
                tap: "tap0".to_owned(),
            }],
            disks: vec![DiskFile {
                serial: "DISK1".to_owned(),
                path: "/lab/a,b.raw".into(),
            }],
            network_first: false,
            kvm: false,
        }
    }

    #[test]
    fn the_accelerator_is_always_said() {
        let line = command_line(&chassis(true), false).join(" ");
        assert!(line.contains("-accel tcg,thread=multi -cpu max"), "{line}");
        let asked = Chassis {
            kvm: true,
            ..chassis(true)
        };
        assert!(command_line(&asked, false).join(" ").contains("-accel kvm"));
    }

    #[test]
    fn uefi_has_no_rom_and_bios_no_graphics() {
        let uefi = command_line(&chassis(true), false).join(" ");
        assert!(
            uefi.contains(",romfile= ") && uefi.contains("variables.fd"),
            "{uefi}"
        );
        let bios = command_line(&chassis(false), false).join(" ");
        assert!(
            !bios.contains("romfile") && bios.contains("graphics=off"),
            "{bios}"
        );
    }

    #[test]
    fn secure_boot_is_enforced_by_firmware_whose_variables_no_system_writes() {
        let secure = Chassis {
            secure_boot: SecureBoot::Enforced,
            ..chassis(true)
        };
        let line = command_line(&secure, false).join(" ");
        for wanted in ["secboot.fd", "smm=on", "property=secure,value=on"] {
            assert!(line.contains(wanted), "{line}");
        }
    }

    #[test]
    fn the_order_is_in_the_boot_indexes() {
        let disk_first = command_line(&chassis(false), false).join(" ");
        assert!(
            disk_first.contains("serial=DISK1,bootindex=1"),
            "{disk_first}"
        );
        let network_first = command_line(&chassis(false), true).join(" ");
        assert!(
            network_first.contains("serial=DISK1,bootindex=2"),
            "{network_first}"
        );
        assert!(network_first.contains("mac=52:54:00:77:00:01,bootindex=1"));
    }

    #[test]
    fn commas_in_values_are_doubled() {
        let line = command_line(&chassis(false), false).join(" ");
        assert!(
            line.contains("serial=A,,1 ") && line.contains("file=/lab/a,,b.raw "),
            "{line}"
        );
    }
}
