//! What the machine is, read from sysfs: identity, links, disks; and random bytes.

use machine_core::time::Timestamp;
use node::config_url::UrlValues;
use node::disk::{Disk, Transport};
use std::fs;
use std::io::Read as _;
use std::time::SystemTime;

/// The clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Random bytes from the kernel.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let read = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    if read.is_err() {
        crate::console::say("no random bytes");
    }
    bytes
}

/// A random number below a thousand.
pub(crate) fn random_permille() -> u32 {
    u32::from(u16::from_ne_bytes(random())) % 1000
}

/// SMBIOS and the first link's address.
pub(crate) fn identity() -> UrlValues {
    UrlValues {
        uuid: text("/sys/class/dmi/id/product_uuid").map(|uuid| uuid.to_ascii_lowercase()),
        serial: text("/sys/class/dmi/id/product_serial"),
        mac: links()
            .first()
            .and_then(|link| text(&format!("/sys/class/net/{link}/address"))),
        hostname: None,
        code: None,
    }
}

/// The Ethernet links with hardware behind them, by name.
pub(crate) fn links() -> Vec<String> {
    names("/sys/class/net")
        .into_iter()
        .filter(|link| fs::metadata(format!("/sys/class/net/{link}/device")).is_ok())
        .collect()
}

/// The disks, by name. Those that cannot be written are left out.
pub(crate) fn disks() -> Vec<Disk> {
    let writable = |name: &String| text(&format!("/sys/block/{name}/ro")).as_deref() == Some("0");
    let hardware = |name: &String| fs::metadata(format!("/sys/block/{name}/device")).is_ok();
    let names = names("/sys/block")
        .into_iter()
        .filter(hardware)
        .filter(writable);
    names.map(disk).filter(|disk| disk.sectors > 0).collect()
}

fn disk(name: String) -> Disk {
    let attribute = |path: &str| text(&format!("/sys/block/{name}/{path}"));
    Disk {
        sectors: attribute("size")
            .and_then(|sectors| sectors.parse().ok())
            .unwrap_or_default(),
        serial: attribute("serial")
            .or_else(|| attribute("device/serial"))
            .unwrap_or_default(),
        wwid: attribute("wwid")
            .or_else(|| attribute("device/wwid"))
            .unwrap_or_default(),
        model: attribute("device/model").unwrap_or_default(),
        transport: transport(&name),
        name,
    }
}

/// How a disk is attached, by the name that its driver gives it.
fn transport(name: &str) -> Transport {
    match name.get(..2) {
        Some("vd") => Transport::Virtio,
        Some("nv") => Transport::Nvme,
        Some("sd") => Transport::Scsi,
        _ => Transport::None,
    }
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// A file's text without blanks around it; `None` if there is none or it is empty.
pub(crate) fn text(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
