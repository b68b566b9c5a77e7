//! The lab itself: it comes and goes, and its machines do what their BMCs are told.
//!
//! Needs root and the packages of `scripts/install-packages test`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;
use machine_core::power::PowerState;
use nix::sys::signal::Signal;
use testbed::error::LabError;
use testbed::lab::Lab;
use testbed::machine::Machine;
use testbed::process::ProcessIdentity;
use testbed::rack::RackedMachine;
use testbed::reaper::{LabRecord, remove_stale, wait_reaped};
use testbed::requirement::{Purpose, check};
use tokio::net::UdpSocket;

/// Only so that a test that hangs ends.
const LONG: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_lab_leaves_nothing_behind() {
    let lab = Lab::up("comes-and-goes").unwrap();
    let client = lab.add_client("client", None).unwrap();
    let mut command = client.command("sleep");
    command.arg("600");
    let mut sleeper = lab.start("sleeper", command).unwrap();
    let process = ProcessIdentity::of(sleeper.pid().unwrap()).unwrap();
    let namespaces = [lab.server().clone(), lab.switch().clone(), client];
    assert!(namespaces.iter().all(testbed::namespace::Namespace::exists));
    let (folder, artefacts) = (
        lab.folder().to_owned(),
        lab.artefacts().directory().to_owned(),
    );
    lab.finish();
    assert!(!namespaces.iter().any(testbed::namespace::Namespace::exists));
    assert!(!folder.exists());
    assert_eq!(artefacts.exists(), std::env::var_os("KEEP").is_some());
    sleeper.wait(LONG).await.unwrap();
    assert!(!process.is_alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_did_not_pass_keeps_its_artefacts() {
    let lab = Lab::up("fails").unwrap();
    lab.artefacts().write("events.json", "[]").unwrap();
    let (folder, artefacts) = (
        lab.folder().to_owned(),
        lab.artefacts().directory().to_owned(),
    );
    drop(lab);
    assert!(!folder.exists());
    assert_eq!(fs::read(artefacts.join("events.json")).unwrap(), b"[]");
    fs::remove_dir_all(artefacts).unwrap();
}

#[test]
fn the_reaper_takes_down_the_lab_of_a_killed_owner() {
    let mut owner = Owner::start();
    owner.kill();
    wait_reaped(&owner.folder).unwrap();
    owner.assert_gone();
}

#[test]
fn a_lab_whose_reaper_was_killed_too_is_removed_by_the_next() {
    let mut owner = Owner::start();
    let reaper = owner.reaper();
    reaper.signal(Signal::SIGKILL);
    owner.kill();
    reaper.wait_gone(LONG).unwrap();
    assert!(owner.folder.exists());
    remove_stale().unwrap();
    // Another test's lab may have been quicker and still be at it.
    wait_reaped(&owner.folder).unwrap();
    owner.assert_gone();
}

#[test]
#[ignore = "the process that the tests above start and kill"]
fn owner_that_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let lab = Lab::up("killed").unwrap();
        let machine = Machine::bios("orphan").bmc("admin", "secret");
        let machine = lab.rack(machine).unwrap();
        machine.power_on().unwrap();
        let pid = fs::read_to_string(machine.chassis().pid_file()).unwrap();
        println!("\nlab {} {pid}", lab.folder().display());
        std::future::pending::<()>().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_answers_those_who_look_for_one() {
    let lab = Lab::up("router").unwrap();
    let mut listen = lab.server().command("tcpdump");
    // ICMPv6 type 134: router advertisement.
    listen.args([
        "-i",
        "eth0",
        "-n",
        "-c",
        "1",
        "-l",
        "icmp6 and ip6[40] == 134",
    ]);
    let mut listener = lab.start("advertisement", listen).unwrap();
    listener
        .wait_ready("advertisement", LONG, |line| {
            line.contains("router advertisement")
        })
        .await
        .unwrap();
    lab.finish();
}

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
async fn a_network_boot_by_override_happens_once() {
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

/// A process that owns a lab with a running machine, until it is killed.
struct Owner {
    process: std::process::Child,
    folder: PathBuf,
    record: LabRecord,
    machine: ProcessIdentity,
}

impl Owner {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "owner_that_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("lab ")).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let folder = PathBuf::from(words[1]);
        Self {
            process,
            record: LabRecord::load(&folder).unwrap(),
            folder,
            machine: ProcessIdentity::of(words[2].parse().unwrap()).unwrap(),
        }
    }

    fn reaper(&self) -> ProcessIdentity {
        let path = format!("/proc/{0}/task/{0}/children", self.process.id());
        let children = fs::read_to_string(path).unwrap();
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let of_threads = threads.map(|thread| {
            fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default()
        });
        std::iter::once(children)
            .chain(of_threads)
            .flat_map(|pids| {
                pids.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .find(|pid| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains("testbed-reaper")
            })
            .and_then(|pid| ProcessIdentity::of(pid.parse().unwrap()))
            .unwrap()
    }

    fn kill(&mut self) {
        assert!(self.machine.is_alive());
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn assert_gone(&self) {
        assert!(!self.folder.exists());
        assert!(!self.machine.is_alive());
        let names = fs::read_dir("/run/netns").unwrap();
        let left = names.filter(|it| {
            let name = it.as_ref().unwrap().file_name();
            name.to_str().unwrap().starts_with(&self.record.prefix())
        });
        assert_eq!(left.count(), 0);
        assert!(self.record.artefacts.join("orphan-console.raw").exists());
        fs::remove_dir_all(&self.record.artefacts).unwrap();
    }
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
