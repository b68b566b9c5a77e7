//! `ipmi_sim` (Debian's openipmi, 2.0.33): a real BMC emulator, with a chassis that keeps power and
//! boot device in files. The lab knows how it is set up; here it runs on the host's own loopback.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testbed::ipmi_sim::{Emulator, User, await_answer};

/// One emulator, ended when dropped.
#[derive(Debug)]
pub(crate) struct IpmiSim {
    pub(crate) address: SocketAddr,
    directory: TempDir,
    process: Child,
}

impl IpmiSim {
    /// An emulator that answers. A port that somebody takes meanwhile is given up for another.
    pub(crate) fn start() -> Self {
        for _ in 0..5 {
            let mut sim = Self::spawn();
            let SocketAddr::V4(address) = sim.address else {
                continue;
            };
            let is_running = || matches!(sim.process.try_wait(), Ok(None));
            if await_answer(address, is_running).is_ok() {
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
        let port = port.local_addr().unwrap().port();
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let directory = TempDir::with_prefix("ipmi-sim-").unwrap();
        let path = directory.path();
        let chassis = path.join("chassis");
        fs::write(&chassis, CHASSIS).unwrap();
        fs::set_permissions(&chassis, fs::Permissions::from_mode(0o755)).unwrap();
        let emulator = Emulator {
            name: "rack",
            folder: path,
            guid: "a123456789abcdefa123456789abcdef",
            address,
            users: &USERS,
            control: chassis.to_str().unwrap(),
        };
        let process = Command::new("ipmi_sim")
            .args(emulator.prepare().unwrap())
            .current_dir(path)
            .stdin(Stdio::null())
            .stdout(fs::File::create(path.join("stdout")).unwrap())
            .stderr(fs::File::create(path.join("stderr")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("ipmi_sim (Debian package openipmi): {error}"));
        Self {
            address: address.into(),
            directory,
            process,
        }
    }
}

impl Drop for IpmiSim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const USERS: [User<'static>; 3] = [
    User {
        name: "ADMIN",
        password: "secret123",
        level: "admin",
    },
    User {
        name: "operator",
        password: "secret456",
        level: "operator",
    },
    User {
        name: "",
        password: "secret789",
        level: "operator",
    },
];

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
  if [ "$2" = shutdown ]; then echo 0 >power; else echo "$3" >"$2"; fi
  ;;
esac
"#;
