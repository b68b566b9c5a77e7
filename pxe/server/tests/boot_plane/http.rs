//! HTTP over loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use machine_core::boot::BootStep;
use pxe_server::complaint::Complaints;
use pxe_server::directory::{Document, ScriptAnswer};
use pxe_server::hashing::hex;
use pxe_server::http::HttpServer;
use pxe_server::http::throttle::Throttle;
use pxe_server::loaders::Loaders;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::lab::assets;
use crate::log::Log;
use crate::records::{BOOT, Records};

/// A server with one asset.
pub(crate) struct Server {
    address: SocketAddr,
    pub(crate) records: Records,
    digest: [u8; 32],
    complaints: Arc<Complaints>,
    directory: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(b"0123456789", 4096).await
    }

    /// With this kernel, and so many connections.
    pub(crate) async fn start_with(content: &[u8], connections: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let kernel = directory.path().join("vmlinuz");
        std::fs::write(&kernel, content).unwrap();
        let digest = Sha256::digest(content).into();
        let assets = assets(directory.path());
        let stop = CancellationToken::new();
        assets.import(&kernel, &digest, &stop).unwrap();
        let complaints = Arc::new(Complaints::new("http"));
        let records = Records::default();
        let server = Arc::new(HttpServer {
            directory: records.clone(),
            assets,
            loaders: Arc::new(Loaders::default()),
            complaints: Arc::clone(&complaints),
            connections,
            guesses: Throttle::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server.run(listener, CancellationToken::new()));
        Self {
            address,
            records,
            digest,
            complaints,
            directory,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Status, header and body of the answer to a request with these further lines.
    pub(crate) async fn ask(&self, method: &str, path: &str, lines: &str) -> (u16, String, String) {
        let mut stream = self.connect().await;
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (header, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = header[9..12].parse().unwrap();
        (status, header.to_ascii_lowercase(), body.to_owned())
    }

    pub(crate) fn kernel(&self) -> String {
        format!("/assets/{}/kernel?boot={BOOT}", hex(&self.digest))
    }
}

#[tokio::test]
async fn an_asset_whole_in_part_and_only_its_header() {
    let server = Server::start().await;
    let path = server.kernel();
    let (status, header, body) = server.ask("GET", &path, "").await;
    assert_eq!((status, body.as_str()), (200, "0123456789"));
    assert!(
        header.contains("content-length: 10") && header.contains("etag: \""),
        "{header}"
    );
    let (status, header, body) = server.ask("GET", &path, "Range: bytes=2-4\r\n").await;
    assert_eq!((status, body.as_str()), (206, "234"));
    assert!(header.contains("content-range: bytes 2-4/10"), "{header}");
    assert_eq!(
        server.ask("GET", &path, "Range: bytes=99-\r\n").await.0,
        416
    );
    for lines in ["", "Range: bytes=2-4\r\n"] {
        let (status, header, body) = server.ask("HEAD", &path, lines).await;
        assert_eq!((status, body.as_str()), (200, ""), "a range is of GET only");
        assert!(header.contains("content-length: 10"), "{header}");
    }
    let steps = server.records.steps();
    assert_eq!(steps, [BootStep::Kernel], "a part is no step");
}

#[tokio::test]
async fn a_kernel_that_is_not_read_to_its_end_is_no_step_and_a_line() {
    let log = Log::capture();
    let size = 64 << 20;
    let server = Server::start_with(&vec![7; size], 4096).await;
    let mut stream = server.connect().await;
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", server.kernel());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1024];
    stream.read_exact(&mut first).await.unwrap();
    assert!(server.records.steps().is_empty(), "before the first byte");
    drop(stream);
    let why = "it stopped reading its kernel after ";
    while log.warnings(why) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(server.records.steps().is_empty());
}

#[tokio::test]
async fn whatever_is_not_there_or_not_his_is_the_same_404() {
    let server = Server::start().await;
    let wrong = format!("/assets/{}/kernel", "00".repeat(32));
    let mut answers = Vec::new();
    for path in [
        "/",
        "/etc/passwd",
        "/c/wrong/config.yaml",
        "/loader/none",
        &wrong,
    ] {
        let (status, header, body) = server
            .ask("GET", path, "X-Forwarded-For: 10.0.0.1\r\n")
            .await;
        let lines = header.lines().filter(|line| !line.starts_with("date:"));
        answers.push((status, lines.collect::<Vec<_>>().join("\n"), body));
    }
    let (status, _, body) = &answers[0];
    let body = body.as_str();
    assert_eq!((*status, body), (404, "nothing here for this address\n"));
    assert!(body.len() <= 32, "what Talos shows of it");
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    assert_eq!(
        server.ask("POST", "/", "Content-Length: 0\r\n").await.0,
        405
    );
}

#[tokio::test]
async fn a_boot_that_is_not_known_is_sent_to_its_disk_and_no_header_changes_who_asks() {
    let server = Server::start().await;
    let path = format!("/script/{BOOT}");
    let (status, _, script) = server
        .ask("GET", &path, "X-Forwarded-For: 10.0.0.1\r\n")
        .await;
    assert_eq!(status, 200);
    assert!(
        script.contains("exit") && !script.contains("kernel"),
        "{script}"
    );
    assert_eq!(
        server.records.state().scripts[0].peer.to_string(),
        "127.0.0.1"
    );
}

#[tokio::test]
async fn a_boot_asks_who_it_is_and_is_told_what_to_do() {
    let server = Server::start().await;
    let (_, _, first) = server.ask("GET", &format!("/boot/{BOOT}"), "").await;
    let asks = format!("http://{}/script/{BOOT}?", server.address);
    assert!(
        first.starts_with("#!ipxe") && first.contains(&asks),
        "{first}"
    );
    server.records.state().script = Some(ScriptAnswer::Boot {
        kernel: server.digest,
        initrd: [2; 32],
        arguments: vec!["console=ttyS0".to_owned()],
    });
    let path = format!("/script/{BOOT}?platform=efi&arch=x86_64&mac=52-54-00-77-00-01");
    let (status, _, script) = server.ask("GET", &path, "").await;
    assert_eq!(status, 200);
    let kernel = format!("http://{}{}", server.address, server.kernel());
    assert!(
        script.contains(&kernel) && script.contains("console=ttyS0"),
        "{script}"
    );
    let mac = "52:54:00:77:00:01".parse().unwrap();
    assert_eq!(server.records.state().scripts[0].mac, Some(mac));
}

#[tokio::test(start_paused = true)]
async fn who_dawdles_with_his_header_is_cut_off() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    let mut answer = Vec::new();
    // Either an end or an error: not an answer, and not for ever.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    assert_eq!(server.complaints.total(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_keeps_his_connection_and_asks_nothing_is_no_complaint() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let path = format!("/assets/{}/kernel", hex(&server.digest));
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.ends_with(b"0123456789"), "{answer:?}");
    assert_eq!(server.complaints.total(), 0);
}

#[tokio::test]
async fn a_document_is_not_released_for_its_header() {
    let server = Server::start().await;
    server.records.state().document = Some(Document {
        body: Bytes::from_static(b"config"),
        media_type: "text/yaml",
    });
    let path = "/c/TOKEN-1/config.yaml";
    let (status, header, _) = server.ask("HEAD", path, "").await;
    assert_eq!(status, 405);
    assert!(header.contains("allow: get\r\n"), "{header}");
    assert_eq!(server.records.state().documents, 0, "nobody was asked");
    assert_eq!(server.ask("GET", path, "").await.0, 200);
    assert_eq!(server.records.state().documents, 1);
}

#[tokio::test]
async fn no_secret_gets_into_the_log() {
    let log = Log::capture();
    let server = Server::start().await;
    let body = Bytes::from_static(b"password: SECRET");
    server.records.state().document = Some(Document {
        body,
        media_type: "text/yaml",
    });
    let (status, header, body) = server.ask("GET", "/c/TOKEN-1/config.yaml", "").await;
    assert_eq!((status, body.as_str()), (200, "password: SECRET"));
    assert!(header.contains("content-type: text/yaml"), "{header}");
    assert_eq!(server.ask("GET", "/c/TOKEN-2/config.yaml", "").await.0, 404);
    let said = log.text();
    assert!(
        said.contains("a document that is not for it"),
        "the log works: {said}"
    );
    assert!(
        !said.contains("TOKEN-") && !said.contains("SECRET"),
        "{said}"
    );
}

#[tokio::test]
async fn altered_bytes_of_an_image_are_never_sent() {
    let server = Server::start().await;
    let kept = server
        .directory
        .path()
        .join("sha256")
        .join(hex(&server.digest));
    let (status, _, body) = server.ask("GET", &server.kernel(), "").await;
    assert_eq!((status, &*body), (200, "0123456789"));
    std::fs::write(&kept, b"01XX456789").unwrap();
    let (status, header, body) = server.ask("GET", &server.kernel(), "").await;
    assert_eq!((status, &*body), (503, ""));
    assert!(header.contains("retry-after: 5"), "{header}");
    assert_eq!(server.complaints.total(), 1);
    // It is copied from its original again, and served.
    loop {
        let (status, _, body) = server.ask("GET", &server.kernel(), "").await;
        match status {
            503 => tokio::task::yield_now().await,
            status => {
                assert_eq!((status, &*body), (200, "0123456789"));
                break;
            }
        }
    }
}
