#!/bin/bash
# Writes Flatcar to the one disk that Drover was permitted to erase.
set -euo pipefail
wanted='LAB DISK 1'

identity() {
  local text
  read -r text < <(lsblk --nodeps --noheadings --output SERIAL "/dev/$1") || true
  printf '%s' "$text"
}

disks=()
for path in /sys/block/*; do
  name=${path##*/}
  if [ "$(identity "$name")" = "$wanted" ]; then
    disks+=("/dev/$name")
  fi
done
if [ "${#disks[@]}" -ne 1 ]; then
  echo "drover: wanted one disk with the serial number $wanted, got ${#disks[@]}: nothing was erased" >&2
  exit 1
fi
flatcar-install -d "${disks[0]}" -V '4459.2.1' -i /opt/drover/installed.ign
systemctl --no-block reboot
