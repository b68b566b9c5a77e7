//! The script that writes Flatcar to the one disk, and to no other.

use machine_core::disk::DiskIdentity;
use semver::Version;

use crate::os::{ArtefactError, Cause};

/// Where the config of the installed system lies while the installer runs.
pub(super) const INSTALLED_CONFIG: &str = "/opt/drover/installed.ign";

/// The program that tells Drover how far a system is, in both systems.
pub(super) const REPORT: &str = "/opt/drover/report";

/// The script. It looks at every disk of the machine, and installs only if exactly one is the one:
/// a serial number that two disks have names none. It reports how far it is; that nobody hears it
/// stops no install.
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
        .replace("@REPORT@", REPORT)
        .replace("@WANTED@", identity))
}

/// The program that reports, by this URL. The token in it is on no command line; `globoff` is for
/// the brackets of an IPv6 address (`curl(1)`). A refusal is final; what passes is tried again.
pub(super) fn report(url: &str) -> String {
    REPORT_SCRIPT.replace("@URL@", url)
}

const REPORT_SCRIPT: &str = r#"#!/bin/bash
# Tells Drover how far this system is: report NAME [WORDS]
set -euo pipefail
exec curl --config - --data-raw "${2-}" <<END
silent
show-error
fail
globoff
max-time = 10
retry = 5
retry-delay = 2
retry-connrefused
output = "/dev/null"
url = "@URL@/$1"
END
"#;

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

report() {
  @REPORT@ "$@" || echo "drover: that it is $1 could not be reported" >&2
}

fail() {
  echo "drover: $1" >&2
  report failed "$1"
  exit 1
}

@READER@

disks=()
for path in /sys/block/*; do
  name=${path##*/}
  if [ "$(identity "$name")" = "$wanted" ]; then
    disks+=("/dev/$name")
  fi
done
if [ "${#disks[@]}" -ne 1 ]; then
  fail "wanted one disk with the @WHAT@ $wanted, got ${#disks[@]}: nothing was erased"
fi
report installing
log=$(mktemp)
if ! flatcar-install -d "${disks[0]}" -V '@VERSION@' -i @CONFIG@ 2>&1 | tee "$log"; then
  fail "flatcar-install failed: $(tail --lines=5 "$log" | head --bytes=2000)"
fi
report installed
systemctl --no-block reboot
"#;
