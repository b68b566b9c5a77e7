//! What is kept of a card's packets, read by tcpdump.

use machine_core::hardware::MacAddress;
use machine_core::network::DhcpMode;
use pxe_server::witness::capture;
use tokio_util::sync::CancellationToken;

use crate::exchange::{DhcpClient, message, pxe};
use crate::lab::Lab;
use crate::records::Records;

#[test]
fn the_packets_of_a_card_are_kept_with_the_reason_of_a_silence() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let plane = lab.bind(&records, DhcpMode::Proxy).unwrap();
        let (witness, stop) = (plane.witness(), CancellationToken::new());
        tokio::spawn(plane.run(stop.clone()));
        let client = DhcpClient::new(&lab, 68);
        let card = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
        // It is not to boot from the network: a proxy is silent.
        client.broadcast(&pxe(message(1, 1))).await;
        let kept = async |wanted: usize| loop {
            let packets = witness.of(card);
            let is_told = packets.first().is_some_and(|it| it.unanswered.is_some());
            if packets.len() >= wanted && is_told {
                return packets;
            }
            tokio::task::yield_now().await;
        };
        kept(1).await;
        records.state().netboot = true;
        client.broadcast(&pxe(message(1, 1))).await;
        client.receive().await;
        let packets = kept(3).await;
        let file = lab.directory.path().join("card.pcapng");
        std::fs::write(&file, capture(&packets)).unwrap();
        let mut tcpdump = lab.client_program("tcpdump");
        let output = tcpdump.args(["-nr"]).arg(&file).output().await.unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), 3, "{lines:#?}");
        let asks = "IP 0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP, Request from 52:54:00:77:00:01";
        assert!(
            lines[0].contains(asks) && lines[1].contains(asks),
            "{lines:#?}"
        );
        assert!(lines[2].contains("BOOTP/DHCP, Reply"), "{lines:#?}");
        let silence = packets[0].unanswered.as_deref();
        assert_eq!(silence, Some("there is nothing for it to boot"));
    });
}
