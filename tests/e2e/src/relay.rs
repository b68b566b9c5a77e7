//! A router with a relay agent between Drover and the machines: dnsmasq as the relay, the kernel as
//! the router.
//!
//! ```text
//!  Drover 10.70.0.1 ──── 10.70.0.254 router, relay 10.77.0.254 ──── br0 ──── machines
//! ```

use std::path::Path;
use std::time::Duration;

use testbed::lab::Lab;
use testbed::namespace::Namespace;
use testbed::network::LINK;
use testbed::program::Program;

use crate::error::ScenarioError;

/// Takes the server's link from the switch, and puts the router between them.
pub(crate) async fn stand_between(lab: &Lab) -> Result<Program, ScenarioError> {
    let (server, relay) = (lab.server(), lab.add_client("relay", None)?);
    let name = relay.name();
    for (namespace, words) in [
        (server, format!("link del {LINK}")),
        (
            server,
            format!("link add {LINK} type veth peer name up0 netns {name}"),
        ),
        (server, format!("address add 10.70.0.1/24 dev {LINK}")),
        (server, format!("link set {LINK} up")),
        (&relay, "address add 10.70.0.254/24 dev up0".to_owned()),
        (&relay, "link set up0 up".to_owned()),
        (
            &relay,
            format!("address add 10.77.0.254/24 brd + dev {LINK}"),
        ),
        (server, "route add 10.77.0.0/24 via 10.70.0.254".to_owned()),
    ] {
        run(namespace, "ip", &words)?;
    }
    run(&relay, "sysctl", "-q -w net.ipv4.ip_forward=1")?;
    let mut command = relay.command("dnsmasq");
    command.args(ARGUMENTS.split_ascii_whitespace());
    let mut program = lab.start("relay", command)?;
    let ready = |line: &str| line.contains("DHCP relay from");
    program
        .wait_ready("word that dnsmasq relays", LONG, ready)
        .await?;
    Ok(program)
}

fn run(namespace: &Namespace, program: &'static str, words: &str) -> Result<(), ScenarioError> {
    let mut command = namespace.command(program);
    command.args(words.split_ascii_whitespace());
    let output = command.output();
    let output = output.map_err(ScenarioError::file("run", Path::new(program)))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ScenarioError::Cables {
        command: format!("{program} {words}"),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// No DNS, and nothing but the relay.
const ARGUMENTS: &str = "--keep-in-foreground --conf-file=/dev/null --port=0 --user=root \
     --dhcp-relay=10.77.0.254,10.70.0.1 --log-facility=- --log-dhcp";
const LONG: Duration = Duration::from_mins(1);
