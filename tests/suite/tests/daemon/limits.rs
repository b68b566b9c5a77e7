//! Limits of the host that are too low: told by `--check` and at the start, each with what raises it.

use std::fs;

use testbed::network::LINK;
use testbed::transcript::Mark;

use crate::place::{AUTHORITATIVE, Place, run};

/// A subnet of many addresses on another network of the link, and one behind a relay.
const SUBNETS: &str =
    "  - { name: many, interface: eth0, network: 10.80.0.0/16, mode: authoritative,
      ranges: [10.80.0.2-10.80.8.1] }
  - { name: far, interface: eth0, network: 10.90.0.0/24, relays: [10.90.0.254], router: 10.90.0.254,
      mode: authoritative, ranges: [10.90.0.50-10.90.0.60] }
";

async fn ip(place: &Place, line: &str) {
    let mut command = place.lab.server().command("ip");
    command.args(line.split(' '));
    let said = run(command).await;
    assert_eq!(said.code, Some(0), "ip {line}: {said:?}");
}

/// Sets `rp_filter` of the link. Nothing but the namespace of the server is changed.
async fn filter(place: &Place, value: u8) {
    let mut command = place.lab.server().command("sysctl");
    command.arg("-w");
    command.arg(format!("net/ipv4/conf/{LINK}/rp_filter={value}"));
    let said = run(command).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_too_low_are_told_before_machines_meet_them() {
    assert_eq!(LINK, "eth0", "the settings name it");
    let place = Place::up("limits");
    ip(&place, "address add 10.80.0.1/16 dev eth0").await;
    filter(&place, 1).await;
    let sections = format!("{SUBNETS}http: {{ port: 8080 }}\n");
    let named = format!("name: lab, network: 10.77.0.0/24, {AUTHORITATIVE}");
    let settings = place.settings(&named, &sections);
    let check = ["serve", "--check", "--config", settings.to_str().unwrap()];
    let few = ["prlimit", "--nofile=1000:1000"];
    let said = place.drover_within(&few, &check).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let neighbours = "net.ipv4.neigh.default.gc_thresh3=8192";
    for wanted in [
        "note: few files may be open (1000 at most, wanted 16384)",
        "2199 addresses may be leased",
        neighbours,
        "subnet far: what machines of 10.90.0.0/24 send is dropped",
        "net/ipv4/conf/eth0/rp_filter=2",
    ] {
        assert!(said.out.contains(wanted), "{wanted}: {said:?}");
    }
    // There is a route to these machines, by the very interface.
    assert!(!said.out.contains("subnet many"), "{said:?}");

    ip(&place, "route add 10.90.0.0/24 via 10.77.0.254").await;
    let said = place.drover(&check).await;
    assert!(!said.out.contains("rp_filter"), "{said:?}");
    ip(&place, "route del 10.90.0.0/24").await;
    filter(&place, 2).await;
    let said = place.drover(&check).await;
    assert!(!said.out.contains("rp_filter"), "{said:?}");

    filter(&place, 1).await;
    let mut daemon = place.serve(&settings).await;
    let lines = daemon.program().output().lines_since(Mark::default());
    let warned = |what: &str| {
        let about = |it: &str| it.contains(" WARN ") && it.contains(what);
        lines.iter().filter(|it| about(&it.text)).count()
    };
    for what in [neighbours, "rp_filter"] {
        assert_eq!(warned(what), 1, "{what}: {lines:#?}");
    }
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

/// As root the receive buffers are forced; a service has to be told of the kernel's limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_receive_buffer_is_told_where_it_can_not_be_forced() {
    let limit = fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
    let place = Place::up("buffer");
    let settings = place.settings(AUTHORITATIVE, "");
    let check = ["serve", "--check", "--config", settings.to_str().unwrap()];
    let said = place.drover(&check).await;
    assert!(!said.out.contains("receive buffer"), "{said:?}");
    if limit.trim().parse::<usize>().unwrap() >= 16 << 20 {
        println!("skipped: net.core.rmem_max is large on this host, and is the host's to set");
        return place.lab.finish();
    }
    let without = [
        "setpriv",
        "--bounding-set",
        "-net_admin",
        "--inh-caps",
        "-net_admin",
    ];
    let said = place.drover_within(&without, &check).await;
    let wanted = format!(
        "small receive buffer ({} bytes, wanted 16777216)",
        limit.trim()
    );
    assert!(said.out.contains(&wanted), "{wanted}: {said:?}");
    assert!(said.out.contains("net.core.rmem_max=16777216"), "{said:?}");
    place.lab.finish();
}
