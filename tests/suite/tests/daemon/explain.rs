//! `drover explain` and `drover boot test`: why a machine boots what it boots.

use crate::place::{AUTHORITATIVE, Place, card};

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_heard_is_explained_with_its_packets_and_what_is_missing() {
    let place = Place::up("explain");
    let _daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    let client = place.client("client", card(1), None);
    place.udhcpc(&client).await;
    let words = ["explain", "52:54:00:77:cc:01"];
    let shown = place.done(&words).await;
    for wanted in [
        "52:54:00:77:cc:01 (no machine on record)",
        "=> who it is: nobody on record: its local disk, because the machine is unknown, and the subnet \
         ignores such machines",
        "DISCOVER from 0.0.0.0:68: no network boot",
        "next: it was given no boot file: it boots its own disk next",
    ] {
        assert!(shown.contains(wanted), "wanted {wanted:?}, got {shown}");
    }
    let file = place.path("card.pcapng");
    let words = [&words[..], &["--pcap", file.to_str().unwrap()]].concat();
    place.done(&words).await;
    let mut tcpdump = place.lab.server().command("tcpdump");
    tcpdump.args(["-nr"]).arg(&file);
    let read = crate::place::run(tcpdump).await;
    let packets = read
        .out
        .lines()
        .filter(|it| it.contains("BOOTP/DHCP"))
        .count();
    assert_eq!(packets, 4, "DISCOVER, OFFER, REQUEST and ACK: {read:?}");
    let silent = place.done(&["explain", "52:54:00:77:cc:02"]).await;
    assert!(
        silent.contains("next: nothing was heard from this card"),
        "{silent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_is_tested_without_a_packet_and_without_a_record() {
    let place = Place::up("boot-test");
    let _daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    place
        .register("machines: [{ name: w1, nics: [{ mac: 52:54:00:77:cc:01 }] }]")
        .await;
    place.done(&["machine", "accept", "w1"]).await;
    let test = ["boot", "test", "--mac", "52:54:00:77:cc:01"];
    for (more, told) in [
        (&[][..], "it would be told: snponly.efi by TFTP"),
        (
            &["--firmware", "bios"],
            "it would be told: undionly.kpxe by TFTP",
        ),
        (&["--http"], "it would be told: snponly.efi over HTTP"),
        (
            &["--ipxe", "--via", "10.77.0.9"],
            "it would be told: its script",
        ),
    ] {
        let words = [&test[..], more].concat();
        let shown = place.done(&words).await;
        assert!(
            shown.contains("=> its state: inspecting: the network, to wait there"),
            "{shown}"
        );
        assert!(shown.contains(told), "wanted {told}, got {shown}");
    }
    for (more, said) in [
        (
            ["--arch", "riscv"],
            "arch: wanted amd64 or arm64, got \"riscv\"",
        ),
        (
            ["--via", "10.99.0.1"],
            "wanted a subnet or an address in one, of eth0, got \"10.99.0.1\"",
        ),
        (["--uuid", "x"], "uuid: wanted a UUID, got \"x\""),
    ] {
        let words = [&test[..], &more[..]].concat();
        let refused = place.drover(&words).await;
        assert!(
            refused.code != Some(0) && refused.err.contains(said),
            "{refused:?}"
        );
    }
    let shown = place.json(&["machine", "show", "w1"]).await;
    let boots = shown.pointer("/details/boots").unwrap();
    assert_eq!(boots.as_array().unwrap().len(), 0, "{shown}");
}
