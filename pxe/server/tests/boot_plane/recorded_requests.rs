//! The requests of Talos 1.13.9 for its config, as they were recorded
//! (`config/talos/tests/recordings/README.md`): each is answered with the document.

use std::path::Path;

use bytes::Bytes;
use pxe_server::directory::Document;
use serde_json::Value;

use crate::http::Server;

/// The requests of every recording.
fn requests() -> Vec<Value> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../config/talos/tests/recordings"
    );
    let situations = std::fs::read_dir(Path::new(folder)).unwrap();
    let mut requests = Vec::new();
    for situation in situations {
        let path = situation.unwrap().path().join("requests.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        requests.extend(lines);
    }
    requests
}

#[tokio::test]
async fn every_recorded_request_gets_the_document_of_its_token() {
    let server = Server::start().await;
    server.records.state().document = Some(Document {
        body: Bytes::from_static(b"version: v1alpha1"),
        media_type: "text/yaml",
    });
    let requests = requests();
    assert!(requests.len() > 30, "{}", requests.len());
    for request in &requests {
        let target = request["line"].as_str().unwrap().split(' ').nth(1).unwrap();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let path = format!("/c/TOKEN-1/config.yaml?{query}");
        let mut lines = String::new();
        for (name, value) in request["headers"].as_object().unwrap() {
            // The connection's own line is written by whoever asks.
            if name != "Connection" {
                lines.extend([name, ": ", value.as_str().unwrap(), "\r\n"]);
            }
        }
        let (status, header, body) = server.ask("GET", &path, &lines).await;
        assert_eq!(
            (status, body.as_str()),
            (200, "version: v1alpha1"),
            "{request}"
        );
        assert!(!header.contains("content-encoding"), "{header}");
    }
    assert_eq!(server.records.state().documents, requests.len());
}
