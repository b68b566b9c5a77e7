//! The DHCP server that is there already: dnsmasq, which gives addresses and no boot files.

use std::net::Ipv4Addr;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use testbed::lab::Lab;
use testbed::network::LINK;
use testbed::program::Program;

use crate::error::ScenarioError;

/// Starts it on a host of its own, with these addresses reserved.
pub(crate) async fn start(
    lab: &Lab,
    reserved: impl Iterator<Item = (MacAddress, Ipv4Addr)>,
) -> Result<Program, ScenarioError> {
    let host = lab.add_host("dhcp", ADDRESS)?;
    let mut command = host.command("dnsmasq");
    command.args(ARGUMENTS.split_ascii_whitespace());
    command.arg(format!("--interface={LINK}"));
    for (mac, address) in reserved {
        command.arg(format!("--dhcp-host={mac},{address}"));
    }
    let mut program = lab.start("dnsmasq", command)?;
    let ready = |line: &str| line.contains("sockets bound exclusively");
    program
        .wait_ready("word that dnsmasq listens", LONG, ready)
        .await?;
    Ok(program)
}

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// No DNS, no lease file, no router: nothing leaves the segment.
const ARGUMENTS: &str = "--keep-in-foreground --conf-file=/dev/null --port=0 --bind-interfaces \
     --dhcp-range=10.77.0.100,10.77.0.199,10m --dhcp-option=3 --dhcp-authoritative \
     --leasefile-ro --user=root --log-facility=-";
const LONG: Duration = Duration::from_mins(1);
