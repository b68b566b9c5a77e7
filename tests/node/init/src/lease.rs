//! The lease: busybox's udhcpc asks for it and runs this program when it has one.
//!
//! The client identifier is that of an operating system (RFC 4361: 255, the link, a DUID of the
//! machine's UUID), which differs from that of the boot ROM and of iPXE on the same machine.

use crate::console;
use crate::error::InitError;
use crate::hardware;
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What was leased.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) address: IpAddr,
    pub(crate) hostname: Option<String>,
}

const LEASE: &str = "/run/lease";

/// Starts a client on each link; they run for as long as the machine does.
pub(crate) fn start(links: &[String], uuid: Option<&str>) -> Result<Vec<Child>, InitError> {
    busybox(&["ip", "link", "set", "lo", "up"])?;
    let mut clients = Vec::new();
    for link in links {
        busybox(&["ip", "link", "set", link, "up"])?;
        let identifier = format!("0x3d:{}", client_identifier(link, uuid));
        let client = Command::new("/bin/busybox")
            .args([
                "udhcpc", "-f", "-i", link, "-s", "/init", "-t", "4", "-T", "1", "-A", "2",
            ])
            .args(["-x", &identifier, "-V", "Linux"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        clients.push(client);
    }
    Ok(clients)
}

/// Waits for the first lease.
pub(crate) async fn first() -> Lease {
    loop {
        if let Some(lease) = read() {
            return lease;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn read() -> Option<Lease> {
    let text = std::fs::read_to_string(LEASE).ok()?;
    let mut lines = text.lines();
    let address = lines.next()?.parse().ok()?;
    let hostname = lines
        .next()
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    Some(Lease { address, hostname })
}

/// Called by udhcpc: configures the link with what is in the environment.
pub(crate) fn changed(event: &str) -> Result<(), InitError> {
    let value = |name: &str| std::env::var(name).unwrap_or_default();
    let link = value("interface");
    if event == "deconfig" {
        return busybox(&["ip", "link", "set", &link, "up"]);
    }
    if event != "bound" && event != "renew" {
        return Ok(());
    }
    let (address, router) = (value("ip"), value("router"));
    if event == "bound" {
        console::say(&format!(
            "lease {address} on {link} from {}",
            value("serverid")
        ));
        let prefix = format!("{address}/{}", value("mask"));
        busybox(&["ip", "addr", "flush", "dev", &link])?;
        busybox(&["ip", "addr", "add", &prefix, "dev", &link])?;
        if let Some(router) = router.split(' ').find(|router| !router.is_empty()) {
            busybox(&[
                "ip", "route", "replace", "default", "via", router, "dev", &link,
            ])?;
        }
        let servers = value("dns");
        let resolvers: Vec<String> = servers
            .split_whitespace()
            .map(|server| format!("nameserver {server}\n"))
            .collect();
        std::fs::create_dir_all("/etc")?;
        std::fs::write("/etc/resolv.conf", resolvers.concat())?;
        let unfinished = format!("{LEASE}.{link}");
        std::fs::write(&unfinished, format!("{address}\n{}\n", value("hostname")))?;
        std::fs::rename(unfinished, LEASE)?;
    }
    Ok(())
}

fn busybox(arguments: &[&str]) -> Result<(), InitError> {
    let status = Command::new("/bin/busybox").args(arguments).status()?;
    if !status.success() {
        console::say(&format!("busybox {}: {status}", arguments.join(" ")));
    }
    Ok(())
}

/// In hexadecimal: type 255, four bytes of the MAC as IAID, DUID type 4 and the UUID's bytes.
fn client_identifier(link: &str, uuid: Option<&str>) -> String {
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_hexdigit)
            .collect::<String>()
    };
    let mac = hardware::text(&format!("/sys/class/net/{link}/address")).unwrap_or_default();
    let mac = digits(&mac);
    let interface = mac.get(4..).unwrap_or("00000000").to_owned();
    format!("ff{interface}0004{:0>32}", digits(uuid.unwrap_or_default()))
}
