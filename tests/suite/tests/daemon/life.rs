//! The daemon's end, asked for or not: what was begun is finished, what was promised is kept.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use nix::sys::signal::Signal;
use sha2::{Digest, Sha256};
use testbed::namespace::Namespace;
use testbed::network::SERVER;
use testbed::transcript::Mark;

use crate::hex::hex;
use crate::place::{AUTHORITATIVE, LONG, Place, card, value};
use crate::web::{connect, split};

/// More than the sockets' buffers hold.
const KERNEL_SIZE: usize = 48 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_finishes_what_it_has_begun() {
    let place = Place::up("drain");
    let (image, digest, kernel) = large_image(&place);
    let mut daemon = place.serve(&place.settings("mode: proxy", &image)).await;
    let client = place.client("client", card(1), Some([10, 77, 0, 9].into()));

    let mut http = connect(&client, 8080);
    let request = format!("GET /assets/{digest}/kernel HTTP/1.0\r\n\r\n");
    http.write_all(request.as_bytes()).unwrap();
    let mut fetched = vec![0; 1 << 10];
    http.read_exact(&mut fetched).unwrap();
    let tftp = client
        .enter(|| UdpSocket::bind("0.0.0.0:0").unwrap())
        .unwrap();
    tftp.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut loader = Vec::new();
    let question = b"\0\x01undionly.kpxe\0octet\0";
    let mut transfer = block(&tftp, 1, question, (SERVER, 69).into(), &mut loader);

    assert!(daemon.program().signal(Signal::SIGTERM));
    let output = daemon.program().output();
    let stopping = |line: &str| line.contains("stopping");
    let wanted = "word that it stops";
    output
        .wait_since(Mark::default(), wanted, LONG, stopping)
        .await
        .unwrap();

    http.read_to_end(&mut fetched).unwrap();
    let (head, body) = split(&fetched);
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    assert!(body == kernel, "{} of {KERNEL_SIZE} bytes", body.len());
    for number in 2..=u16::MAX {
        let [high, low] = (number - 1).to_be_bytes();
        let acknowledgement = [0, 4, high, low];
        let before = loader.len();
        transfer = block(&tftp, number, &acknowledgement, transfer, &mut loader);
        if loader.len() - before < 512 {
            let [high, low] = number.to_be_bytes();
            tftp.send_to(&[0, 4, high, low], transfer).unwrap();
            break;
        }
    }
    let whole = fs::read("/usr/lib/ipxe/undionly.kpxe").unwrap();
    assert!(loader == whole, "{} of {} bytes", loader.len(), whole.len());
    let status = daemon.wait(LONG).await.unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    place.lab.finish();
}

/// An image with a kernel that no socket's buffer holds: its settings, and the kernel's hash and
/// bytes.
pub(crate) fn large_image(place: &Place) -> (String, String, Vec<u8>) {
    let kernel: Vec<u8> = (0..KERNEL_SIZE)
        .map(usize::to_le_bytes)
        .map(|[low, high, ..]| low ^ high)
        .collect();
    fs::write(place.path("vmlinuz"), &kernel).unwrap();
    fs::write(place.path("initrd"), "an initrd\n").unwrap();
    let digest = hex(&Sha256::digest(&kernel));
    let folder = place.lab.folder().display();
    let image = format!(
        "images:\n  - name: image\n    kernel: {folder}/vmlinuz\n    kernel_sha256: {digest}\n    \
         initrd: {folder}/initrd\n    initrd_sha256: {}\n",
        hex(&Sha256::digest(b"an initrd\n"))
    );
    (image, digest, kernel)
}

/// Sends `packet` until block `number` comes (RFC 1350 §4), and keeps it; who sent it.
fn block(
    socket: &UdpSocket,
    number: u16,
    packet: &[u8],
    to: SocketAddr,
    kept: &mut Vec<u8>,
) -> SocketAddr {
    let mut buffer = [0; 2048];
    for _ in 0..60 {
        socket.send_to(packet, to).unwrap();
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let [high, low] = number.to_be_bytes();
            if buffer[..4] == [0, 3, high, low] {
                kept.extend(&buffer[4..length]);
                return from;
            }
        }
    }
    panic!("no block {number}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_still_keeps_leases_and_reservations() {
    let place = Place::up("killed");
    let settings = place.settings(AUTHORITATIVE, "");
    let mut daemon = place.serve(&settings).await;
    let reserved = Ipv4Addr::new(10, 77, 0, 20);
    let text = format!(
        "machines:\n  - {{ name: reserved, nics: [{{ mac: \"{}\", address: {reserved} }}] }}\n",
        card(3)
    );
    place.register(&text).await;
    let clients = [1, 2, 3].map(|number| {
        let name = format!("client{number}");
        place.client(&name, card(number), None)
    });
    let mut before = Vec::new();
    for client in &clients[..2] {
        before.push(leased(&place, client).await);
    }
    assert_ne!(before[0], before[1]);
    for _ in 0..2 {
        assert!(!daemon.kill().await.unwrap().success());
        daemon.start_again(&place.lab).await.unwrap();
        // In another order: a daemon that knows nothing would begin with the same addresses.
        for number in [2, 1, 0] {
            let address = leased(&place, &clients[number]).await;
            let wanted = before.get(number).copied().unwrap_or(reserved);
            assert_eq!(address, wanted, "client {number}");
        }
    }
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

async fn leased(place: &Place, client: &Namespace) -> Ipv4Addr {
    let told = place.udhcpc(client).await;
    let address = value(&told, "ip").unwrap_or_else(|| panic!("no lease: {told}"));
    address.parse().unwrap()
}
