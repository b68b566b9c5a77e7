//! The lab's machines do what their BMCs are told, on real firmware.
//!
//! Needs root and the packages of `scripts/install-packages test`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that its cases share"
)]

use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;
use machine_core::power::PowerState;
use testbed::error::LabError;
use testbed::lab::Lab;
use testbed::machine::Machine;
use testbed::rack::RackedMachine;
use testbed::requirement::{Purpose, check};
use testbed::transcript::Mark;
use tokio::net::UdpSocket;

/// Only so that a test that hangs ends.
const LONG: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_bios_machine_powered_on_by_its_bmc_asks_for_an_address() {
    reaches_discover(Machine::bios("bios-1"), "iPXE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uefi_machine_powered_on_by_its_bmc_asks_for_an_address() {
    reaches_discover(Machine::uefi("uefi-1"), "BdsDxe").await;
}

async fn reaches_discover(machine: Machine, banner: &str) {
    check(Purpose::Test).unwrap();
    let lab = Lab::up("discover").unwrap();
    let capture = lab.capture().await.unwrap();
    let dhcp = DhcpEar::open(&lab);
    let machine = machine
        .disk("DISK1".parse().unwrap(), 1)
        .bmc("admin", "secret");
    let machine = lab.rack(machine).unwrap();
    assert_eq!(
        ipmitool(&lab, &machine, "power status"),
        "Chassis Power is off"
    );

    let pressed = Instant::now();
    ipmitool(&lab, &machine, "power on");
    let heard = dhcp.next_discover().await;
    println!(
        "{}: {:?} to its first DISCOVER",
        machine.name(),
        pressed.elapsed()
    );
    assert_eq!(heard, machine.macs()[0]);
    machine.console().wait_for(banner, LONG).await.unwrap();
    assert_eq!(
        ipmitool(&lab, &machine, "power status"),
        "Chassis Power is on"
    );

    machine.cut_power().unwrap();
    assert_eq!(machine.power(), PowerState::Off);
    assert_eq!(
        ipmitool(&lab, &machine, "power status"),
        "Chassis Power is off"
    );
    assert!(
        fs::metadata(lab.artefacts().path("segment.pcap"))
            .unwrap()
            .len()
            > 100
    );
    drop(capture);
    lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn uefi_boots_the_network_by_override_once() {
    check(Purpose::Test).unwrap();
    let lab = Lab::up("override-uefi").unwrap();
    let dhcp = DhcpEar::open(&lab);
    let machine = Machine::uefi("once-2")
        .disk("DISK1".parse().unwrap(), 1)
        .bmc("admin", "secret");
    let machine = lab.rack(machine).unwrap();
    // OVMF's name for a virtio disk with nothing on it, which it fails to load.
    let (disk, network) = ("UEFI Misc Device", "PXE");

    ipmitool(&lab, &machine, "chassis bootdev pxe options=efiboot");
    ipmitool(&lab, &machine, "power on");
    dhcp.next_discover().await;
    let before = machine.console().lines_since(Mark::default());
    assert!(!before.iter().any(|line| line.text.contains(disk)));

    let mark = machine.console().mark();
    ipmitool(&lab, &machine, "power reset");
    let console = machine.console();
    let tried = console.wait_since(mark, disk, LONG, |line| line.contains(disk));
    let tried = tried.await.unwrap();
    // What it was printing when it was reset ends with the first new line.
    let mut since = console.lines_since(mark).into_iter().skip(1);
    assert!(!since.any(|line| line.at < tried.at && line.text.contains(network)));
    lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn bios_boots_the_network_by_override_once() {
    check(Purpose::Test).unwrap();
    let lab = Lab::up("override").unwrap();
    let dhcp = DhcpEar::open(&lab);
    let serial = "DISK1".parse().unwrap();
    let machine = Machine::bios("once-1")
        .disk(serial, 1)
        .bmc("admin", "secret");
    let machine = lab.rack(machine).unwrap();
    write_boot_sector(machine.disk_file(&machine.disks()[0].serial).unwrap());
    let from_disk = |line: &str| line.contains(BOOTED);

    // Without an override, the disk, again and again: what it boots resets the machine.
    ipmitool(&lab, &machine, "power on");
    let console = machine.console();
    let mut mark = console.mark();
    for _ in 0..2 {
        console
            .wait_since(mark, "boot from disk", LONG, from_disk)
            .await
            .unwrap();
        mark = console.mark();
    }
    assert_eq!(dhcp.heard_so_far(), 0);

    for button in ["power reset", "power on"] {
        if button == "power on" {
            ipmitool(&lab, &machine, "power off");
        }
        ipmitool(&lab, &machine, "chassis bootdev pxe");
        let parameters = ipmitool(&lab, &machine, "chassis bootparam get 5");
        assert!(parameters.contains("Force PXE"), "{parameters}");
        ipmitool(&lab, &machine, button);
        dhcp.next_discover().await;
        // Nobody answers; it gives up and boots the disk, whose reset boots the disk.
        mark = console.mark();
        console
            .wait_since(mark, "boot from disk", LONG, from_disk)
            .await
            .unwrap();
        dhcp.heard_so_far();
        for _ in 0..2 {
            mark = console.mark();
            console
                .wait_since(mark, "boot from disk", LONG, from_disk)
                .await
                .unwrap();
        }
        assert_eq!(dhcp.heard_so_far(), 0, "after {button}");
    }
    lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_unfit_machines_are_refused() {
    check(Purpose::Test).unwrap();
    let lab = Lab::up("refused").unwrap();
    let long = Machine::uefi("long").disk("A-SERIAL-OF-21-LETTERS".parse().unwrap(), 1);
    for machine in [
        Machine::uefi("../up"),
        long,
        Machine::bios("quoted").bmc("admin", "a\"b"),
    ] {
        let refused = lab.rack(machine).unwrap_err();
        assert!(matches!(refused, LabError::Unfit { .. }), "{refused}");
    }
    let machine = lab
        .rack(Machine::bios("locked").bmc("admin", "secret"))
        .unwrap();
    let wrong = try_ipmitool(&lab, &machine, "wrong", "power on");
    assert!(wrong.is_err(), "{wrong:?}");
    assert_eq!(machine.power(), PowerState::Off);
    lab.finish();
}

/// Hears DHCP requests in the server's place and never answers.
struct DhcpEar(UdpSocket);

impl DhcpEar {
    fn open(lab: &Lab) -> Self {
        let socket = lab
            .server()
            .enter(|| std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 67)).unwrap())
            .unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(UdpSocket::from_std(socket).unwrap())
    }

    /// The hardware address of the next client that sends a DISCOVER (RFC 2131 §2: chaddr).
    async fn next_discover(&self) -> MacAddress {
        let mut packet = [0; 1500];
        tokio::time::timeout(LONG, async {
            loop {
                let length = self.0.recv(&mut packet).await.unwrap();
                // The message type comes first in both firmwares' options.
                if packet[240..length].starts_with(&[53, 1, 1]) {
                    return MacAddress::new(packet[28..34].try_into().unwrap());
                }
            }
        })
        .await
        .expect("a DISCOVER")
    }

    /// How many packets came since they were last looked at.
    fn heard_so_far(&self) -> usize {
        let mut packet = [0; 1500];
        std::iter::from_fn(|| self.0.try_recv(&mut packet).ok()).count()
    }
}

fn ipmitool(lab: &Lab, machine: &RackedMachine, words: &str) -> String {
    let password = &machine.bmc().unwrap().credentials().password;
    try_ipmitool(lab, machine, password, words).unwrap()
}

fn try_ipmitool(
    lab: &Lab,
    machine: &RackedMachine,
    password: &str,
    words: &str,
) -> Result<String, String> {
    let bmc = machine.bmc().unwrap();
    // Without -C it asks for the suites first, which the simulator leaves unanswered for 10 s.
    let output = lab
        .server()
        .command("ipmitool")
        .args(["-I", "lanplus", "-C", "3", "-U", &bmc.credentials().user])
        .args(["-P", password, "-H", &bmc.address().ip().to_string()])
        .args(words.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

const BOOTED: &str = "BOOTED FROM DISK";

/// A boot sector that says so on the first serial port and resets the machine.
fn write_boot_sector(disk: &Path) {
    let mut sector = vec![
        0x31, 0xc0, // xor ax, ax
        0x8e, 0xd8, // mov ds, ax
        0xbe, 0x1b, 0x7c, // mov si, 0x7c1b: the text
        0xba, 0xf8, 0x03, // mov dx, 0x3f8: the first serial port
        0xac, // next: lodsb
        0x84, 0xc0, // test al, al
        0x74, 0x03, // jz end
        0xee, // out dx, al
        0xeb, 0xf8, // jmp next
        0xb0, 0x06, // end: mov al, 6
        0xba, 0xf9, 0x0c, // mov dx, 0xcf9: the chipset's reset control
        0xee, // out dx, al
        0xf4, // halt: hlt
        0xeb, 0xfd, // jmp halt
    ];
    assert_eq!(sector.len(), 0x1b);
    sector.extend(format!("\r\n{BOOTED}\r\n\0").as_bytes());
    sector.resize(510, 0);
    sector.extend([0x55, 0xaa]);
    let mut file = fs::OpenOptions::new().write(true).open(disk).unwrap();
    file.write_all(&sector).unwrap();
}
