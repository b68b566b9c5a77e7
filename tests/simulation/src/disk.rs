//! The disks of the lab, by their serial numbers.

use machine_core::disk::DiskIdentity;

/// The disk that is installed on.
pub(crate) const DISK: &str = "D1";

/// The disk with this serial number.
#[expect(
    clippy::expect_used,
    reason = "the simulation's own serial numbers are well-formed"
)]
pub(crate) fn disk(name: &str) -> DiskIdentity {
    DiskIdentity::from_serial(name).expect("a disk's serial number")
}

/// The serial number of a disk.
pub(crate) fn serial(disk: &DiskIdentity) -> String {
    match disk {
        DiskIdentity::Serial(serial) => serial.as_str().to_owned(),
        other => other.to_string(),
    }
}
