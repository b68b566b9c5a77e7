//! The size probe of firmware, beside the crate async-tftp: the measurement that speaks against it.
//!
//! EDK2 asks for a file's size, gives up on the answer (ERROR 8), and asks for the file from the
//! same port. async-tftp 0.4 ignores the ERROR, repeats its OACK, and does not answer the second
//! request while it does (its issue 18).

use std::net::SocketAddr;
use std::time::Duration;

use async_tftp::server::TftpServerBuilder;
use machine_core::boot::BootStep;
use machine_core::network::DhcpMode;

use crate::lab::Lab;
use crate::records::Records;
use crate::tftp::{TftpClient, server};

/// What came next after the probe was given up and the file was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The OACK of the first request once more: the ERROR was ignored, the request not answered.
    OldAnswer,
    /// The first block of the file.
    File,
}

async fn probe(to: SocketAddr) -> Next {
    let client = TftpClient::new().await;
    client
        .send(b"\0\x01undionly.kpxe\0octet\0tsize\x000\0", to)
        .await;
    let (answer, old) = client.receive().await;
    assert_eq!(answer[..2], [0, 6]);
    client
        .send(b"\0\x05\0\x08User aborted the transfer\0", old)
        .await;
    client.send(b"\0\x01undionly.kpxe\0octet\0", to).await;
    let (next, from) = client.receive().await;
    match next[1] {
        6 if from == old => Next::OldAnswer,
        3 if from != old => Next::File,
        other => panic!("opcode {other} from {from}"),
    }
}

#[test]
fn the_size_probe_ends_at_once_here_and_not_in_async_tftp() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let peer = TftpServerBuilder::with_dir_ro(lab.directory.path()).unwrap();
        let peer = peer.bind("10.77.0.1:6969".parse().unwrap());
        let peer = peer.timeout(Duration::from_secs(1)).build().await.unwrap();
        let address = peer.listen_addr().unwrap();
        tokio::spawn(peer.serve());
        assert_eq!(probe(address).await, Next::OldAnswer);

        let records = Records::default();
        let _stop = lab.start(&records, DhcpMode::Off);
        assert_eq!(probe(server()).await, Next::File);
        assert!(
            !records.steps().contains(&BootStep::Loader),
            "a probe is no download"
        );
    });
}

#[test]
fn the_same_request_after_an_error_begins_anew() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let client = TftpClient::new().await;
        let request = b"\0\x01undionly.kpxe\0octet\0tsize\x000\0";
        client.send(request, server()).await;
        for _ in 0..20 {
            let (answer, from) = client.receive().await;
            assert_eq!(answer[..2], [0, 6]);
            client.send(b"\0\x05\0\x08\0", from).await;
            client.send(request, server()).await;
        }
    });
}
