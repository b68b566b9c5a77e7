//! TFTP: two real clients, and one of our own for what those can't be made to do.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use machine_core::boot::BootStep;
use machine_core::network::DhcpMode;
use tokio::net::UdpSocket;

use crate::lab::{LOADER_SIZE, Lab};
use crate::records::Records;

/// A client's socket in the server's namespace.
#[derive(Debug)]
pub(crate) struct TftpClient {
    socket: UdpSocket,
}

impl TftpClient {
    pub(crate) async fn new() -> Self {
        Self {
            socket: UdpSocket::bind("10.77.0.1:0").await.unwrap(),
        }
    }

    pub(crate) async fn send(&self, packet: &[u8], to: SocketAddr) {
        self.socket.send_to(packet, to).await.unwrap();
    }

    pub(crate) async fn receive(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = [0; 2048];
        let received = self.socket.recv_from(&mut buffer);
        let received = tokio::time::timeout(Duration::from_mins(1), received).await;
        let (length, from) = received.expect("no answer").unwrap();
        (buffer[..length].to_vec(), from)
    }

    /// One in the client's namespace, of this address of it.
    pub(crate) fn of_client(lab: &Lab, address: &str) -> Self {
        let socket = lab.as_client(|| {
            let socket = std::net::UdpSocket::bind((address, 0)).unwrap();
            socket.set_broadcast(true).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        });
        let socket = UdpSocket::from_std(socket).unwrap();
        Self { socket }
    }

    /// Everything of the loader, with these options.
    async fn read(&self, options: &str) -> Vec<u8> {
        self.read_file("undionly.kpxe", options).await.unwrap()
    }

    /// Everything of the file, with these options; the code of the error if there is none.
    pub(crate) async fn read_file(&self, file: &str, options: &str) -> Result<Vec<u8>, u8> {
        let request = format!("\0\x01{file}\0octet\0{options}");
        self.send(request.as_bytes(), server()).await;
        let mut content = Vec::new();
        let block_size = if options.contains("1024") { 1024 } else { 512 };
        loop {
            let (packet, from) = self.receive().await;
            match packet[1] {
                6 => self.send(b"\0\x04\0\0", from).await,
                3 => {
                    let number = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
                    if number == content.len() / block_size + 1 {
                        content.extend(&packet[4..]);
                        self.send(&[0, 4, packet[2], packet[3]], from).await;
                    }
                    if packet.len() < block_size + 4 {
                        return Ok(content);
                    }
                }
                5 => return Err(packet[3]),
                other => panic!("opcode {other}"),
            }
        }
    }
}

pub(crate) fn server() -> SocketAddr {
    "10.77.0.1:69".parse().unwrap()
}

fn is_loader(content: &[u8]) -> bool {
    let whole = content
        .iter()
        .enumerate()
        .all(|(at, byte)| usize::from(*byte) == at % 251);
    whole && content.len() == LOADER_SIZE
}

#[test]
fn curl_and_tftp_hpa_read_the_loader() {
    let Some(lab) = Lab::new() else { return };
    lab.address_client();
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, DhcpMode::Off);
        for block_size in ["512", "1468", "8192"] {
            let mut curl = lab.client_program("curl");
            curl.args(["--silent", "--show-error", "--tftp-blksize", block_size]);
            let output = curl
                .arg("tftp://10.77.0.1/undionly.kpxe")
                .output()
                .await
                .unwrap();
            assert!(
                is_loader(&output.stdout),
                "blksize {block_size}: {:?}",
                output.stderr
            );
        }
        let mut tftp = lab.client_program("tftp");
        tftp.args([
            "-m",
            "binary",
            "10.77.0.1",
            "-c",
            "get",
            "snponly.efi",
            "got",
        ]);
        assert!(tftp.status().await.unwrap().success());
        assert!(is_loader(
            &std::fs::read(lab.directory.path().join("got")).unwrap()
        ));
        records.until(|state| state.steps.len() == 4).await;
        assert!(records.steps().iter().all(|step| *step == BootStep::Loader));
        assert!(
            records.state().steps[3]
                .detail
                .starts_with("snponly.efi, 100001 bytes")
        );
    });
}

#[test]
fn every_agreement_brings_the_same_bytes() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        for options in [
            "",
            "blksize\x001024\0",
            "windowsize\x0016\0",
            "blksize\x001024\0windowsize\x008\0",
        ] {
            let content = TftpClient::new().await.read(options).await;
            assert!(is_loader(&content), "{options:?}: {} bytes", content.len());
        }
    });
}

#[test]
fn what_can_not_be_served_is_refused_at_once() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let client = TftpClient::new().await;
        for (request, code) in [
            (&b"\0\x01autoexec.ipxe\0octet\0"[..], 1),
            (b"\0\x01../../etc/passwd\0octet\0", 1),
            (b"\0\x01/etc/passwd\0octet\0", 1),
            (b"\0\x02undionly.kpxe\0octet\0", 2),
            (b"\0\x01undionly.kpxe\0mail\0", 4),
        ] {
            client.send(request, server()).await;
            let (answer, _) = client.receive().await;
            assert_eq!(answer[..4], [0, 5, 0, code], "{request:?}");
        }
        // What is no request gets no answer; the next answer is that to the next request.
        for broken in [
            &b""[..],
            b"\0",
            b"\0\x01",
            b"\0\x09xx",
            b"\0\x01undionly.kpxe",
        ] {
            client.send(broken, server()).await;
        }
        client.send(b"\0\x01none\0octet\0", server()).await;
        assert_eq!(client.receive().await.0[..4], [0, 5, 0, 1]);
    });
}

#[test]
fn a_repeated_request_starts_no_second_transfer() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let client = TftpClient::new().await;
        let request = b"\0\x01undionly.kpxe\0octet\0";
        for _ in 0..3 {
            client.send(request, server()).await;
        }
        let (_, first) = client.receive().await;
        client.send(&[0, 4, 0, 1], first).await;
        // Whatever else comes (the first block may be sent again) comes from the same transfer.
        loop {
            let (block, from) = client.receive().await;
            assert_eq!(from, first, "a second transfer has begun");
            if block[..4] == [0, 3, 0, 2] {
                return;
            }
        }
    });
}

#[test]
fn a_request_that_takes_the_place_of_another_hears_no_error() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let client = TftpClient::new().await;
        // EDK2 asks for the size, and its ERROR is lost.
        let probe = b"\0\x01undionly.kpxe\0octet\0tsize\x000\0";
        client.send(probe, server()).await;
        let (answer, old) = client.receive().await;
        assert_eq!(answer[..2], [0, 6]);
        client.send(b"\0\x01undionly.kpxe\0octet\0", server()).await;
        let mut acknowledged = 0;
        while acknowledged < 20 {
            let (packet, from) = client.receive().await;
            assert_ne!(packet[..2], [0, 5], "{packet:?} from {from}");
            if from != old {
                client.send(&[0, 4, packet[2], packet[3]], from).await;
                acknowledged += 1;
            }
        }
    });
}

#[test]
fn a_request_to_everybody_or_from_elsewhere_is_not_answered() {
    let Some(lab) = Lab::new() else { return };
    lab.address_client();
    lab.route_by_client("192.0.2.0/24");
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let client = |address: &str| TftpClient::of_client(&lab, address);
        let request = b"\0\x01undionly.kpxe\0octet\0";
        let (ours, foreign) = (client("10.77.0.9"), client("192.0.2.9"));
        ours.send(request, "10.77.0.255:69".parse().unwrap()).await;
        foreign.send(request, server()).await;
        // Packets are taken in order: what has no answer by now has none.
        ours.send(b"\0\x01none\0octet\0", server()).await;
        assert_eq!(ours.receive().await.0[..4], [0, 5, 0, 1]);
        let silent = foreign.socket.try_recv(&mut [0; 8]);
        assert_eq!(silent.unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

/// Begins a transfer as firmware does, acknowledges its options, and says nothing more.
async fn abandon() -> TftpClient {
    let client = TftpClient::new().await;
    let request = b"\0\x01undionly.kpxe\0octet\0tsize\x000\0";
    client.send(request, server()).await;
    let (answer, from) = client.receive().await;
    assert_eq!(answer[..2], [0, 6]);
    client.send(&[0, 4, 0, 0], from).await;
    assert_eq!(client.receive().await.0[..4], [0, 3, 0, 1]);
    client
}

#[test]
fn transfers_that_were_abandoned_after_their_options_keep_no_place_from_a_real_one() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        let mut abandoned = Vec::new();
        // More than an address may have at a time: the last ones begin once the first are silent.
        for _ in 0..40 {
            abandoned.push(abandon().await);
            if abandoned.len() == 12 {
                assert!(is_loader(&TftpClient::new().await.read("").await));
            }
        }
        assert!(is_loader(&TftpClient::new().await.read("").await));
    });
}

#[test]
fn one_address_reads_any_number_of_files_at_once_and_none_is_refused() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let _stop = lab.start(&Records::default(), DhcpMode::Off);
        // Eight times as many as may read at a time.
        let read = async || TftpClient::new().await.read("").await;
        let readers: Vec<_> = (0..256).map(|_| tokio::spawn(read())).collect();
        for reader in readers {
            let content = reader.await.unwrap();
            assert!(is_loader(&content), "{} bytes", content.len());
        }
    });
}
