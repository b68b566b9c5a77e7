//! The lab: network namespaces, machines with real firmware and BMCs, and what they left behind.
//!
//! A [`lab::Lab`] is a site in a box: a switch, a server's place on it, and whatever is racked. It
//! touches no interface outside its own namespaces and is gone when its owner is, however that
//! ended ([`reaper`]). A [`machine::Machine`] is a value until [`lab::Lab::rack`] puts it into the
//! lab: QEMU with SeaBIOS or OVMF, driven by a real BMC emulator. Everything a run leaves (consoles,
//! captures, logs) is an artefact, and stays where a person can read it unless the run passed.
//!
//! ```text
//!   namespace drv-<id>-srv             namespace drv-<id>-sw
//!   eth0 10.77.0.1/24 ──── veth ────── port0 ┐
//!   lo   10.77.1.11/32 (a BMC)               ├ br0 ── the site's router (RFC 4861)
//!   drover, ipmi_sim                    tap0 ┤
//!   namespace drv-<id>-<client>         tap1 ┤ ◄─── QEMU
//!   eth0 ───────────── veth ────────── port1 ┘
//! ```

pub mod artefacts;
pub mod bmc;
pub mod chassis;
pub mod chassis_control;
pub mod console;
pub mod daemon;
pub mod error;
pub mod follower;
pub mod ipmi_sim;
pub mod lab;
pub mod machine;
pub mod namespace;
pub mod network;
pub mod power;
pub mod process;
pub mod program;
pub mod qemu;
pub mod qmp;
pub mod rack;
pub mod reaper;
pub mod requirement;
mod room;
pub mod router;
pub mod tether;
pub mod transcript;
