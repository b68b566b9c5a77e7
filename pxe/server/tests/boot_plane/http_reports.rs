//! What systems tell of themselves by HTTP: by POST, short, with a token; nothing else.

use crate::http::Server;
use crate::log::Log;

const INSTALLED: &str = "/c/TOKEN-1/report/installed";

/// The lines of a POST with this body.
fn posted(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_report_is_taken_by_post_with_its_words_and_from_where_it_came() {
    let server = Server::start().await;
    let (status, header, body) = server.ask("POST", INSTALLED, &posted("sda is done")).await;
    assert_eq!((status, body.as_str()), (200, ""), "{header}");
    let reports = server.records.state().reports.clone();
    let [report] = reports.as_slice() else {
        panic!("{reports:?}");
    };
    assert_eq!(report.name, "installed");
    assert_eq!(report.body, "sda is done");
    assert!(report.peer.is_loopback(), "{report:?}");
    for method in ["GET", "HEAD", "PUT"] {
        let (status, header, _) = server.ask(method, INSTALLED, "").await;
        assert_eq!(status, 405, "{method}");
        assert!(header.contains("allow: post\r\n"), "{method}: {header}");
    }
    for path in ["/c/TOKEN-1/config.yaml", "/boot/x", "/"] {
        let (status, _, _) = server.ask("POST", path, &posted("x")).await;
        assert_eq!(status, 405, "{path}");
    }
    assert_eq!(server.records.state().reports.len(), 1, "nobody was asked");
}

#[tokio::test]
async fn a_report_that_is_too_long_or_of_a_wrong_token_is_not_taken() {
    let server = Server::start().await;
    let long = "x".repeat(4097);
    assert_eq!(server.ask("POST", INSTALLED, &posted(&long)).await.0, 413);
    // Its length is said nowhere.
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";
    let chunks = format!("{chunked}1001\r\n{long}\r\n0\r\n\r\n");
    assert_eq!(server.ask("POST", INSTALLED, &chunks).await.0, 413);
    assert!(server.records.state().reports.is_empty());
    // Another server: of one source a line a minute is in the log.
    let log = Log::capture();
    let server = Server::start().await;
    let other = "/c/TOKEN-2/report/installed";
    let (status, _, body) = server.ask("POST", other, &posted("SECRET")).await;
    assert_eq!(status, 404);
    assert_eq!(body, "nothing here for this address\n");
    assert!(server.records.state().reports.is_empty());
    let said = log.text();
    assert!(said.contains("a report that is not its own"), "{said}");
    assert!(
        !said.contains("TOKEN-") && !said.contains("SECRET"),
        "{said}"
    );
}
