//! A BMC without a machine: `OpenIPMI`'s `ipmi_sim`, whose chassis is a shell script that keeps the
//! power in a file. It can be unplugged: then it takes every command, and stays off.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use testbed::network::SERVER;
use testbed::program::Program;

use crate::place::{LONG, Place};

pub(crate) const USER: &str = "ADMIN";
pub(crate) const PASSWORD: &str = "secret123";

/// A BMC at the server's own address, on IPMI's port.
#[derive(Debug)]
pub(crate) struct Bmc {
    folder: PathBuf,
    _program: Program,
}

impl Bmc {
    /// Starts it, unplugged, with this GUID, and waits until it answers.
    pub(crate) fn unplugged(place: &Place, guid: &str) -> Self {
        let folder = place.path("bmc");
        fs::create_dir_all(folder.join("state")).unwrap();
        let chassis = folder.join("chassis");
        fs::write(&chassis, CHASSIS).unwrap();
        fs::set_permissions(&chassis, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join("bmc.emu"), EMULATION).unwrap();
        fs::write(folder.join("unplugged"), "").unwrap();
        let settings = settings(&chassis.display().to_string(), guid);
        fs::write(folder.join("lan.conf"), settings).unwrap();
        let mut command = place.lab.server().command("ipmi_sim");
        command.args(["-n", "-c", "lan.conf", "-f", "bmc.emu", "-s", "state"]);
        command.current_dir(&folder);
        let program = place.lab.start("bmc", command).unwrap();
        place.lab.server().enter(await_answer).unwrap();
        Self {
            folder,
            _program: program,
        }
    }

    /// Puts the plug in: from now on it comes on when it is told to.
    pub(crate) fn plug_in(&self) {
        fs::remove_file(self.folder.join("unplugged")).unwrap();
    }

    /// How often it was told to switch its machine on.
    pub(crate) fn power_ons(&self) -> usize {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.matches("power 1").count()
    }
}

/// The simulator's settings (`ipmi_lan(5)`).
fn settings(chassis: &str, guid: &str) -> String {
    let methods = "none md2 md5 straight";
    format!(
        "name \"cp-1\"\n\
         set_working_mc 0x20\n\
         startlan 1\n\
         addr {SERVER} {PORT}\n\
         priv_limit admin\n\
         allowed_auths_callback {methods}\n\
         allowed_auths_user {methods}\n\
         allowed_auths_operator {methods}\n\
         allowed_auths_admin {methods}\n\
         guid {guid}\n\
         endlan\n\
         chassis_control \"{chassis}\"\n\
         user 1 false \"\" \"\" user 10 {methods}\n\
         user 2 true \"{USER}\" \"{PASSWORD}\" admin 10 {methods}\n"
    )
}

/// Any error in its files makes it run without ever opening its port, so it is asked.
fn await_answer() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect((SERVER, PORT)).unwrap();
    let patience = Duration::from_millis(100);
    socket.set_read_timeout(Some(patience)).unwrap();
    let begin = Instant::now();
    while begin.elapsed() < LONG {
        let asked = socket.send(&GET_AUTHENTICATION_CAPABILITIES);
        if asked.and_then(|_| socket.recv(&mut [0; 512])).is_ok() {
            return;
        }
    }
    panic!("ipmi_sim does not answer");
}

const PORT: u16 = 623;

/// Outside of a session (IPMI 2.0 §13.1.3, §13.6, §22.13).
const GET_AUTHENTICATION_CAPABILITIES: [u8; 23] = [
    0x06, 0x00, 0xff, 0x07, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 0x00, 0x38,
    0x0e, 0x04, 0x35,
];

/// What kind of BMC it is (`ipmi_sim_cmd(5)`): one management controller, an event log, no sensors.
const EMULATION: &str = "\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 35 0x6f event-only
mc_enable 0x20
";

/// Called with `get power boot`, `set boot pxe power 1` and the like.
const CHASSIS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
verb=$1; shift
case "$verb" in
get)
  for name in "$@"; do
    case "$name" in
    power) echo "power:$(cat power 2>/dev/null || echo 0)" ;;
    boot) echo "boot:$(cat boot 2>/dev/null || echo none)" ;;
    *) echo "$name:0" ;;
    esac
  done
  ;;
set)
  echo "$*" >>log
  while [ $# -ge 2 ]; do
    if [ "$1" != power ] || [ ! -e unplugged ]; then echo "$2" >"$1"; fi
    shift 2
  done
  ;;
esac
"#;
