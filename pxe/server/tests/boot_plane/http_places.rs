//! HTTP when places are short: a script is answered, and whoever is not is told when to come again.

use pxe_server::directory::ScriptAnswer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::Server;
use crate::records::BOOT;

/// More than the sockets' buffers hold.
const LARGE: usize = 32 << 20;
/// Eight wait, two are scripts, six are downloads.
const FEW: usize = 16;

async fn server() -> Server {
    let server = Server::start_with(&vec![7; LARGE], FEW).await;
    server.records.state().script = Some(ScriptAnswer::LocalDisk {
        because: "the test says so".to_owned(),
    });
    server
}

fn script() -> String {
    format!("/script/{BOOT}?mac=52:54:00:77:00:01")
}

/// A connection that has sent this, and holds its place.
async fn held(server: &Server, begun: &str) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(begun.as_bytes()).await.unwrap();
    stream
}

/// A download that was answered and takes no more than its header.
async fn stalled(server: &Server) -> TcpStream {
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", server.kernel());
    let mut stream = held(server, &request).await;
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

#[tokio::test]
async fn silent_connections_and_slow_headers_keep_no_machine_from_its_script() {
    let server = server().await;
    let mut held_by_flood = Vec::new();
    for _ in 0..10 * FEW {
        held_by_flood.push(held(&server, "").await);
        held_by_flood.push(held(&server, "GET /script/").await);
        let (status, ..) = server.ask("GET", &script(), "").await;
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn connections_idle_after_one_request_are_closed_first() {
    let server = server().await;
    let mut idle = Vec::new();
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", script());
    for _ in 0..FEW {
        let mut stream = held(&server, &request).await;
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        idle.push(stream);
    }
    // It was there before them, and is not answered yet.
    let (status, ..) = server.ask("GET", &script(), "").await;
    assert_eq!(status, 200);
    let mut rest = Vec::new();
    idle[0].read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"exit 1 || exit 0\n"), "closed, not reset");
}

#[tokio::test]
async fn who_gives_way_in_the_middle_of_a_header_is_told_when_to_come_again() {
    let server = server().await;
    let mut slow = held(&server, "GET /script/").await;
    let mut others = Vec::new();
    for _ in 0..FEW {
        others.push(held(&server, "GET /").await);
    }
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
    assert!(answer.contains("\r\nretry-after: "), "{answer:?}");
}

#[tokio::test]
async fn downloads_take_no_place_of_a_script_and_one_too_many_is_told_to_come_again() {
    let server = server().await;
    let mut downloads = Vec::new();
    // Of the last quarter an address has one: of six places five.
    for _ in 0..5 {
        downloads.push(stalled(&server).await);
    }
    let (status, header, _) = server.ask("GET", &server.kernel(), "").await;
    assert_eq!(status, 503);
    assert!(header.contains("retry-after: "), "{header}");
    let (status, ..) = server.ask("GET", &script(), "").await;
    assert_eq!(status, 200);
    // One that ends gives its place back.
    let mut whole = Vec::new();
    let mut first = downloads.remove(0);
    first.write_all(b"").await.unwrap();
    while whole.len() < LARGE {
        first.read_buf(&mut whole).await.unwrap();
    }
    drop(first);
    let mut status = 503;
    while status == 503 {
        tokio::task::yield_now().await;
        let request = "Range: bytes=0-1\r\n";
        (status, ..) = server.ask("GET", &server.kernel(), request).await;
    }
    assert_eq!(status, 206);
}

#[tokio::test]
async fn no_connection_of_one_address_is_reset_however_many_there_are() {
    let server = Server::start_with(b"0123456789", 4096).await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(server.connect().await);
    }
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        server.kernel()
    );
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
    }
}

#[tokio::test]
async fn head_of_a_script_asks_nobody() {
    let server = server().await;
    let (status, header, _) = server.ask("HEAD", &script(), "").await;
    assert_eq!(status, 405);
    assert!(header.contains("allow: get"), "{header}");
    assert!(server.records.state().scripts.is_empty());
}
