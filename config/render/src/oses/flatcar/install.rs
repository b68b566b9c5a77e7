//! The script that writes Flatcar to the one disk, and to no other.

use machine_core::disk::DiskIdentity;
use semver::Version;

use crate::os::{ArtefactError, Cause};

/// Where the config of the installed system lies while the installer runs.
pub(super) const INSTALLED_CONFIG: &str = "/opt/drover/installed.ign";

/// The script. It looks at every disk of the machine, and installs only if exactly one is the one:
/// a serial number that two disks have names none.
pub(super) fn script(disk: &DiskIdentity, version: &Version) -> Result<String, ArtefactError> {
    let (what, identity, reader) = match disk {
        DiskIdentity::Serial(serial) => ("serial number", serial.as_str(), OF_SERIAL),
        DiskIdentity::Wwn(wwn) => ("world-wide name", wwn.as_str(), OF_WWN),
        DiskIdentity::Unusable(got) => {
            let wanted = "the serial or wwn of one disk";
            return Err(ArtefactError::wanted(Cause::Machine, "disk", wanted, got));
        }
    };
    // The forms of an identity have neither; a shell must never depend on that.
    if identity.contains(['\'', '\n']) {
        let wanted = "an identity without quotes";
        return Err(ArtefactError::wanted(
            Cause::Machine,
            "disk",
            wanted,
            identity,
        ));
    }
    Ok(SCRIPT
        .replace("@READER@", reader)
        .replace("@WHAT@", what)
        .replace("@VERSION@", &version.to_string())
        .replace("@CONFIG@", INSTALLED_CONFIG)
        .replace("@WANTED@", identity))
}

/// What `lsblk` prints has blanks around it.
const OF_SERIAL: &str = r#"identity() {
  local text
  read -r text < <(lsblk --nodeps --noheadings --output SERIAL "/dev/$1") || true
  printf '%s' "$text"
}"#;

/// Linux has it in one of two places; `wwid` of SCSI disks is the one that others read, too.
const OF_WWN: &str = r#"identity() {
  local text
  read -r text < <(cat "/sys/block/$1/wwid" "/sys/block/$1/device/wwid" 2>/dev/null) || true
  printf '%s' "$text"
}"#;

const SCRIPT: &str = r#"#!/bin/bash
# Writes Flatcar to the one disk that Drover was permitted to erase.
set -euo pipefail
wanted='@WANTED@'

@READER@

disks=()
for path in /sys/block/*; do
  name=${path##*/}
  if [ "$(identity "$name")" = "$wanted" ]; then
    disks+=("/dev/$name")
  fi
done
if [ "${#disks[@]}" -ne 1 ]; then
  echo "drover: wanted one disk with the @WHAT@ $wanted, got ${#disks[@]}: nothing was erased" >&2
  exit 1
fi
flatcar-install -d "${disks[0]}" -V '@VERSION@' -i @CONFIG@
systemctl --no-block reboot
"#;
