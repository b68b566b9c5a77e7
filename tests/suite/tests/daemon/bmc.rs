//! A BMC without a machine: `ipmi_sim`, whose chassis is a shell script that keeps the power in a
//! file. It can be unplugged: then it is off, takes every command, and stays off.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use testbed::bmc::{Bmc as Simulator, BmcSettings};
use testbed::machine::Credentials;
use testbed::network::SERVER;

use crate::place::Place;

pub(crate) const USER: &str = "ADMIN";
pub(crate) const PASSWORD: &str = "secret123";

/// A BMC at the server's own address, on IPMI's port.
#[derive(Debug)]
pub(crate) struct Bmc {
    folder: PathBuf,
    _simulator: Simulator,
}

impl Bmc {
    /// Starts it, with this GUID and a machine that is off, and waits until it answers.
    pub(crate) fn start(place: &Place, guid: &str) -> Self {
        let folder = place.path("bmc");
        fs::create_dir_all(&folder).unwrap();
        let chassis = folder.join("chassis");
        fs::write(&chassis, CHASSIS).unwrap();
        fs::set_permissions(&chassis, fs::Permissions::from_mode(0o755)).unwrap();
        let settings = BmcSettings {
            name: "cp-1",
            folder: &folder,
            guid,
            address: SERVER,
            credentials: Credentials {
                user: USER.to_owned(),
                password: PASSWORD.to_owned(),
            },
            control: chassis.display().to_string(),
        };
        let simulator = place.lab.bmc(settings).unwrap();
        Self {
            folder,
            _simulator: simulator,
        }
    }

    /// Pulls the plug.
    pub(crate) fn unplug(&self) {
        fs::write(self.folder.join("unplugged"), "").unwrap();
        fs::write(self.folder.join("power"), "0").unwrap();
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
