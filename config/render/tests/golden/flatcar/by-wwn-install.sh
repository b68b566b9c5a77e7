#!/bin/bash
# Writes Flatcar to the one disk that Drover was permitted to erase.
set -euo pipefail
wanted='naa.5000c500a1b2c3d4'

identity() {
  local text
  read -r text < <(cat "/sys/block/$1/wwid" "/sys/block/$1/device/wwid" 2>/dev/null) || true
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
  echo "drover: wanted one disk with the world-wide name $wanted, got ${#disks[@]}: nothing was erased" >&2
  exit 1
fi
flatcar-install -d "${disks[0]}" -V '4459.2.1' -i /opt/drover/installed.ign
systemctl --no-block reboot
