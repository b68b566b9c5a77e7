//! `ipmi_sim` (Debian's openipmi, 2.0.33): a real BMC emulator, with a chassis that keeps power and
//! boot device in files.
//!
//! It speaks suite 3, not 17, and of the boot flags it keeps the device alone.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// One emulator, ended when dropped.
#[derive(Debug)]
pub(crate) struct IpmiSim {
    pub(crate) address: SocketAddr,
    directory: TempDir,
    process: Child,
}

/// Get Channel Authentication Capabilities, outside of a session.
const PROBE: [u8; 23] = [
    0x06, 0x00, 0xff, 0x07, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0x09, 0x20, 0x18, 0xc8, 0x81, 0x00, 0x38,
    0x8e, 0x04, 0xb5,
];

impl IpmiSim {
    /// An emulator that answers. A port that somebody takes meanwhile is given up for another.
    pub(crate) fn start() -> Self {
        for _ in 0..5 {
            let mut sim = Self::spawn();
            if sim.answers() {
                return sim;
            }
        }
        panic!("ipmi_sim does not answer; is its configuration still what it wants?")
    }

    /// What the chassis was told to do, such as `set power 1`.
    pub(crate) fn chassis_log(&self) -> Vec<String> {
        fs::read_to_string(self.directory.path().join("log"))
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn spawn() -> Self {
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = port.local_addr().unwrap();
        drop(port);
        let directory = TempDir::with_prefix("ipmi-sim-").unwrap();
        let path = directory.path();
        write_files(path, address.port());
        let process = Command::new("ipmi_sim")
            .args(["-n", "-c", "lan.conf", "-f", "bmc.emu", "-s", "state"])
            .current_dir(path)
            .stdin(Stdio::null())
            .stdout(fs::File::create(path.join("stdout")).unwrap())
            .stderr(fs::File::create(path.join("stderr")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("ipmi_sim (Debian package openipmi): {error}"));
        Self {
            address,
            directory,
            process,
        }
    }

    /// Any error in its files makes it run without ever opening its port, so it is asked.
    fn answers(&mut self) -> bool {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect(self.address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let give_up = Instant::now() + Duration::from_secs(20);
        while Instant::now() < give_up {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            let answer = socket.send(&PROBE).and_then(|_| socket.recv(&mut [0; 256]));
            match answer {
                Ok(_) => return true,
                // Nobody listens yet: as long as a timeout would have taken.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(_) => {}
            }
        }
        false
    }
}

impl Drop for IpmiSim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write_files(path: &Path, port: u16) {
    let chassis = path.join("chassis");
    fs::write(&chassis, CHASSIS).unwrap();
    fs::set_permissions(&chassis, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(path.join("state")).unwrap();
    fs::write(path.join("bmc.emu"), BMC_EMU).unwrap();
    fs::write(path.join("lan.conf"), lan_conf(port, &chassis)).unwrap();
}

fn lan_conf(port: u16, chassis: &Path) -> String {
    format!(
        r#"name "rack"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{}"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "ADMIN" "secret123" admin 10 none md2 md5 straight
  user 3 true "operator" "secret456" operator 10 none md2 md5 straight
"#,
        chassis.display()
    )
}

const BMC_EMU: &str = "\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 35 0x6f event-only
mc_enable 0x20
";

/// Called with `get power`, `set power 1`, `get boot`, `set boot pxe` and the like.
const CHASSIS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
case "$1" in
get)
  case "$2" in
  power) echo "power:$(cat power 2>/dev/null || echo 0)" ;;
  boot) echo "boot:$(cat boot 2>/dev/null || echo none)" ;;
  *) echo "$2:0" ;;
  esac
  ;;
set)
  echo "$*" >>log
  echo "$3" >"$2"
  ;;
esac
"#;
