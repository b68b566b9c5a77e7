//! `drover explain` and `drover boot …`, as they are typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::examples::examples;

/// `drover explain`
#[derive(Debug, Args)]
#[command(after_help = examples(&[
    "drover explain cp-1",
    "drover explain 52:54:00:77:00:01",
    "drover explain cp-1 --pcap cp-1.pcapng",
]))]
pub struct ExplainArguments {
    /// A machine by its name, UUID or card; or any card
    pub who: String,
    /// Also write the last packets of its cards to this file, for tcpdump and Wireshark
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
}

/// `drover boot …`
#[derive(Debug, Subcommand)]
pub enum BootCommand {
    /// What a client that says this of itself would be told; nothing is sent, and nothing recorded
    #[command(after_help = examples(&[
        "drover boot test --mac 52:54:00:77:00:01",
        "drover boot test --mac 52:54:00:77:00:01 --firmware bios --via provisioning",
        "drover boot test --mac 52:54:00:77:00:01 --arch arm64 --http",
    ]))]
    Test(TestArguments),
}

/// `drover boot test`
#[derive(Debug, Args)]
pub struct TestArguments {
    /// Its card
    #[arg(long)]
    pub mac: String,
    /// The UUID that its firmware says
    #[arg(long, default_value = "", hide_default_value = true)]
    pub uuid: String,
    /// amd64 or arm64
    #[arg(long, default_value = "amd64")]
    pub arch: String,
    /// bios or uefi
    #[arg(long, default_value = "uefi")]
    pub firmware: String,
    /// It does UEFI HTTP boot
    #[arg(long)]
    pub http: bool,
    /// It is iPXE already
    #[arg(long)]
    pub ipxe: bool,
    /// The subnet that it asks in: its name, or an address in it; the first of the settings otherwise
    #[arg(long, default_value = "", hide_default_value = true)]
    pub via: String,
}
