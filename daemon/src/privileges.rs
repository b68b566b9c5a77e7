//! What the daemon may do on this host: what it needs and lacks, and what it has beyond that.
//!
//! It needs its ports below 1024, and packet sockets where it leases addresses. Started as root it may
//! do all, and whoever takes it over has the host: that is told. It gives nothing up by itself, because
//! what it may have to open belongs to whom the administrator says (see `docs/decisions/034`).

use std::fs;

use machine_core::network::{DhcpMode, Reach, Subnet};
use nix::unistd::geteuid;
use pxe_dhcp::route::{BOOT_SERVICE_PORT, CLIENT_PORT, SERVER_PORT};
use thiserror::Error;

use crate::settings::Settings;

/// `CAP_NET_BIND_SERVICE` (`linux/capability.h`): ports below 1024.
const BIND_SERVICE: u64 = 1 << 10;
/// `CAP_NET_RAW`: packet sockets.
const RAW: u64 = 1 << 13;
/// These, and `CAP_NET_ADMIN`, which is for receive buffers beyond `net.core.rmem_max` only.
const NEEDED: u64 = BIND_SERVICE | RAW | (1 << 12);
/// From which port on everybody may have them (`ip_unprivileged_port_start` in the kernel's
/// `networking/ip-sysctl.rst`).
const USUALLY_FREE_FROM: u16 = 1024;

/// Without this right no machine boots.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "CAP_NET_BIND_SERVICE is missing, without which user {user} can't have the ports {ports}, and no \
     machine boots{also}: run it by deploy/drover.service, in a container with --cap-add \
     NET_BIND_SERVICE,NET_RAW, or as root"
)]
pub struct NoPorts {
    /// As whom we run.
    pub user: u32,
    /// Which ports, and for what.
    pub ports: String,
    /// What else is missing.
    pub also: &'static str,
}

/// The rights of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Privileges {
    user: u32,
    /// The capabilities that are effective, a bit each; nothing, if the system does not say.
    capabilities: Option<u64>,
    /// The first port that needs none.
    free_from: u16,
}

/// What the settings make the daemon do that not everybody may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The ports, and for what each is.
    ports: Vec<(u16, &'static str)>,
    /// Whether addresses are leased on a link of ours.
    leases: bool,
}

impl Privileges {
    /// Those of this process.
    pub fn own() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let free_from = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let free_from = free_from.ok().and_then(|it| it.trim().parse().ok());
        Self {
            user: geteuid().as_raw(),
            capabilities: effective(&status),
            free_from: free_from.unwrap_or(USUALLY_FREE_FROM),
        }
    }

    /// That there are more rights than Drover needs on any host.
    pub fn excess(&self) -> Option<String> {
        let has_more = self.capabilities.is_some_and(|it| it & !NEEDED != 0);
        has_more.then(|| {
            format!(
                "Drover has more rights on this host than it needs (user {}), and so has whoever \
                 takes it over: deploy/drover.service runs it as a user of its own",
                self.user
            )
        })
    }

    /// Refuses, if ports can't be had that are needed.
    pub fn permit(&self, needs: &Needs) -> Result<(), NoPorts> {
        let guarded = needs
            .ports
            .iter()
            .filter(|(port, _)| *port < self.free_from);
        let guarded: Vec<String> = guarded
            .map(|(port, what)| format!("{port} ({what})"))
            .collect();
        if guarded.is_empty() || !self.lacks(BIND_SERVICE) {
            return Ok(());
        }
        let also = if needs.leases && self.lacks(RAW) {
            "; CAP_NET_RAW is missing, too, without which addresses are leased unseen"
        } else {
            ""
        };
        Err(NoPorts {
            user: self.user,
            ports: guarded.join(", "),
            also,
        })
    }

    /// What is done worse for want of a right, and what is not.
    pub fn shortfall(&self, needs: &Needs) -> Option<String> {
        (needs.leases && self.lacks(RAW)).then(|| {
            format!(
                "CAP_NET_RAW is missing for user {}: addresses are leased without a look whether \
                 somebody uses them (ARP), and replies to machines that have no address yet go to \
                 everybody on the link. All else works without it; deploy/drover.service gives it, \
                 and --cap-add NET_RAW of a container",
                self.user
            )
        })
    }

    fn lacks(&self, capability: u64) -> bool {
        self.capabilities.is_some_and(|it| it & capability == 0)
    }
}

impl Needs {
    /// What these settings need on these subnets.
    pub fn of(settings: &Settings, subnets: &[Subnet]) -> Self {
        let mut ports = Vec::new();
        if subnets.iter().any(|it| it.mode != DhcpMode::Off) {
            ports.extend([
                (SERVER_PORT, "DHCP"),
                (CLIENT_PORT, "the search for other DHCP servers"),
                (BOOT_SERVICE_PORT, "proxy DHCP"),
            ]);
        }
        ports.extend([
            (settings.tftp_port, "TFTP"),
            (settings.http_port, "HTTP"),
            (settings.event_sink_port, "Talos' events"),
            (settings.log_port, "Talos' logs"),
        ]);
        let leases = |it: &Subnet| matches!(it.mode, DhcpMode::Authoritative { .. });
        Self {
            ports,
            leases: subnets
                .iter()
                .any(|it| leases(it) && it.reach == Reach::Direct),
        }
    }
}

/// The effective capabilities of a process of this `/proc/PID/status` (`proc(5)`).
fn effective(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|it| u64::from_str_radix(it.trim(), 16).ok())
}

#[cfg(test)]
mod tests;
