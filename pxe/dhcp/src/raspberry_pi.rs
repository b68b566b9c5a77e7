//! The ROM of a Raspberry Pi, which says that it is a PC.

use machine_core::client_class::ArchCode;
use machine_core::hardware::MacAddress;

/// The blocks of addresses of Raspberry Pis (IEEE's registry: Raspberry Pi Foundation, Raspberry Pi
/// Trading, Raspberry Pi (Trading) Ltd).
const RASPBERRY_PI: [[u8; 3]; 7] = [
    [0x28, 0xcd, 0xc1],
    [0x2c, 0xcf, 0x67],
    [0x88, 0xa2, 0x9e],
    [0xb8, 0x27, 0xeb],
    [0xd8, 0x3a, 0xdd],
    [0xdc, 0xa6, 0x32],
    [0xe4, 0x5f, 0x01],
];

/// Whether the ROM of a Raspberry Pi asks. It says architecture 0, which is a PC with a BIOS
/// (raspberrypi/firmware #862); UEFI on the same board says 11.
pub(crate) fn is_raspberry_pi(mac: MacAddress, code: ArchCode) -> bool {
    let octets = mac.octets();
    code == ArchCode(0) && RASPBERRY_PI.iter().any(|block| octets.starts_with(block))
}
