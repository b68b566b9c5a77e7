//! Which hardware address is behind an IP address, as the kernel's neighbour table knows it.
//!
//! The table is read from `/proc/thread-self/net/arp` (`proc_net(5)`): that of the network namespace
//! in which our sockets are, where `/proc/net` is that of the process's first thread. Behind a relay,
//! the entry is the router's or there is none.

use std::net::IpAddr;

use machine_core::hardware::MacAddress;
use tracing::debug;

/// The hardware address behind `address`, if the kernel knows one.
pub async fn find_neighbour(address: IpAddr) -> Option<MacAddress> {
    match tokio::fs::read_to_string("/proc/thread-self/net/arp").await {
        Ok(table) => find_in_table(&table, address),
        Err(error) => {
            debug!(%error, "can't read the neighbour table");
            None
        }
    }
}

/// Lines of address, type, flags, hardware address, mask, device. The flag 0x2 says that the entry
/// is complete.
fn find_in_table(table: &str, address: IpAddr) -> Option<MacAddress> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let (ip, _, flags, mac) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
        let is_wanted = ip.parse() == Ok(address) && flags & 0x2 != 0;
        if is_wanted { mac.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_entries_are_found() {
        let table = "\
IP address       HW type     Flags       HW address            Mask     Device
10.77.0.50       0x1         0x2         52:54:00:77:00:01     *        eth1
10.77.0.51       0x1         0x0         00:00:00:00:00:00     *        eth1
";
        let find = |text: &str| find_in_table(table, text.parse().unwrap());
        assert_eq!(
            find("10.77.0.50"),
            Some("52:54:00:77:00:01".parse().unwrap())
        );
        assert_eq!(find("10.77.0.51"), None, "incomplete");
        assert_eq!(find("10.77.0.52"), None);
    }
}
