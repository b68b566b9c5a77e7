//! Programs run in the lab: a daemon that is killed and started again, real clients.
//!
//! Needs root and the packages of `scripts/install-packages test`.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in the functions that its cases share"
)]

use std::fs;
use std::process::Command;
use std::time::Duration;

use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::error::LabError;
use testbed::lab::Lab;
use testbed::requirement::{Purpose, check};

/// Only so that a test that hangs ends.
const LONG: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_is_killed_and_started_again() {
    let lab = Lab::up("daemon").unwrap();
    let says =
        "echo $GREETING $0 in $(ip -o address show eth0 | grep -o 10.77.0.1/24); exec sleep 600";
    let command = DaemonCommand::new("/bin/sh")
        .argument("-c")
        .argument(says)
        .argument("drover")
        .variable("GREETING", "ready");
    let ready = |line: &str| line == "ready drover in 10.77.0.1/24";
    let mut daemon = DaemonProcess::start(&lab, command, ready).await.unwrap();
    let first = daemon.program().pid();
    assert!(!daemon.kill().await.unwrap().success());
    daemon.start_again(&lab).await.unwrap();
    assert_ne!(daemon.program().pid(), first);
    assert!(!daemon.stop().await.unwrap().success());
    let log = fs::read_to_string(lab.artefacts().path("daemon.log")).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");

    // One that was ready before must not pass for one that never was.
    let command = DaemonCommand::new("/bin/sh")
        .argument("-c")
        .argument("echo no port; exit 3");
    let ended = DaemonProcess::start(&lab, command, |line| line.contains("ready"))
        .await
        .unwrap_err();
    assert!(matches!(ended, LabError::Ended { .. }), "{ended}");
    assert!(ended.to_string().contains("no port"), "{ended}");
    lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn real_clients_get_a_lease_and_leave_the_host_alone() {
    check(Purpose::Test).unwrap();
    let lab = Lab::up("clients").unwrap();
    fs::write(lab.folder().join("hello"), "over TFTP").unwrap();
    let mut server = lab.server().command("dnsmasq");
    server
        .args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--port=0",
            "--interface=eth0",
        ])
        .args([
            "--dhcp-range=10.77.0.50,10.77.0.59,10m",
            "--dhcp-authoritative",
            "--no-ping",
        ])
        .args([
            "--leasefile-ro",
            "--user=root",
            "--log-facility=-",
            "--enable-tftp",
        ])
        .arg(format!("--tftp-root={}", lab.folder().display()));
    let mut server = lab.start("dnsmasq", server).unwrap();
    server
        .wait_ready("word that dnsmasq listens", LONG, |line| {
            line.contains("TFTP root is")
        })
        .await
        .unwrap();
    let script = lab.lease_script().unwrap();
    let resolvers = fs::read("/etc/resolv.conf").unwrap();

    let client = lab.add_client("udhcpc", None).unwrap();
    let mut udhcpc = client.command("udhcpc");
    udhcpc
        .args(["-f", "-q", "-n", "-i", "eth0", "-s"])
        .arg(&script);
    runs(&lab, "udhcpc", udhcpc, "ip=10.77.0.5").await;

    let client = lab
        .add_client("dhclient", Some("52:54:00:77:aa:01".parse().unwrap()))
        .unwrap();
    let mut dhclient = client.command("dhclient");
    dhclient
        .args(["-d", "-1", "-lf", "/dev/null", "-pf", "/dev/null", "-sf"])
        .arg(&script)
        .arg("eth0");
    runs(&lab, "dhclient", dhclient, "new_ip_address=10.77.0.5").await;

    let mut ip = client.command("ip");
    ip.args(["address", "add", "10.77.0.99/24", "dev", "eth0"]);
    assert!(ip.status().unwrap().success());
    let mut curl = client.command("curl");
    curl.args(["-sS", "tftp://10.77.0.1/hello"]);
    runs(&lab, "curl", curl, "over TFTP").await;
    assert_eq!(fs::read("/etc/resolv.conf").unwrap(), resolvers);
    lab.finish();
}

async fn runs(lab: &Lab, name: &str, command: Command, prints: &str) {
    let mut program = lab.start(name, command).unwrap();
    let printed = |line: &str| line.contains(prints);
    program.wait_ready(prints, LONG, printed).await.unwrap();
}
