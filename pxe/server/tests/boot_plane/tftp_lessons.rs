//! What a failed transfer teaches about its peer, over sockets. Time is a test's own here: it jumps
//! to the next deadline as soon as nothing is in flight.

use machine_core::network::DhcpMode;

use crate::lab::Lab;
use crate::log::Log;
use crate::records::Records;
use crate::tftp::{TftpClient, server};

/// What is logged of each transfer at its end.
const ENDED: &str = "ended statistics=";

/// Asks with these options, and gives the first packet of the answer and who sent it.
async fn ask(options: &str) -> (TftpClient, Vec<u8>, std::net::SocketAddr) {
    let client = TftpClient::new().await;
    let request = format!("\0\x01undionly.kpxe\0octet\0{options}");
    client.send(request.as_bytes(), server()).await;
    let (answer, from) = client.receive().await;
    (client, answer, from)
}

/// Acknowledges the first block, and all that follow.
async fn read_on(peer: &TftpClient, from: std::net::SocketAddr) {
    peer.send(&[0, 4, 0, 1], from).await;
    loop {
        let (block, _) = peer.receive().await;
        peer.send(&[0, 4, block[2], block[3]], from).await;
        if block.len() < 4 + 512 {
            return;
        }
    }
}

#[test]
fn a_peer_that_is_deaf_to_options_is_served_without_them() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let log = Log::capture();
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        tokio::time::pause();
        let options = "tsize\x000\0blksize\x001468\0";
        // One OACK without an answer is what a machine leaves that was switched off.
        for times in 1..=2 {
            let (_deaf, answer, _) = ask(options).await;
            assert_eq!(answer[..2], [0, 6], "request {times}");
            log.until(ENDED, times).await;
        }
        for times in 3..=4 {
            let (peer, answer, from) = ask(options).await;
            assert_eq!(answer[..4], [0, 3, 0, 1], "the first block at once");
            assert_eq!(answer.len(), 4 + 512);
            read_on(&peer, from).await;
            log.until(ENDED, times).await;
        }
        tokio::time::resume();
    });
}

#[test]
fn a_peer_that_gets_no_full_block_is_offered_small_ones() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let log = Log::capture();
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        tokio::time::pause();
        let options = "blksize\x001468\0";
        let (peer, answer, from) = ask(options).await;
        assert_eq!(answer, b"\0\x06blksize\x001468\0");
        // Its ACK arrives, and none of the blocks that follow.
        peer.send(&[0, 4, 0, 0], from).await;
        log.until(ENDED, 1).await;
        let (_peer, answer, _) = ask(options).await;
        assert_eq!(answer, b"\0\x06blksize\x00512\0");
        tokio::time::resume();
    });
}
