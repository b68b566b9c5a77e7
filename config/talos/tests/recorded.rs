//! What Talos 1.13.9 sent, replayed through the event sink and the log receiver
//! (`recordings/README.md`).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod expected;
mod limit;
mod replay;

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use config_talos::command_line::BootSource;
use config_talos::dropped::Dropped;
use config_talos::event::{MachineStage, Publication, TalosEvent};
use config_talos::kernel_log::serve_tcp;
use config_talos::log_line::{LogLine, LogSource};
use config_talos::receiver::{EventReceiver, LogReceiver, NotKept};
use machine_core::id::BootId;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use limit::within;

/// The mark on the kernel line of every recorded network boot.
const BOOT: BootId = BootId::from_bytes([1; 16]);

fn recording(situation: &str, file: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
    PathBuf::from(folder).join(situation).join(file)
}

/// The situations of which this file was recorded.
fn situations(file: &str) -> Vec<String> {
    let folder = recording("", "");
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = all
        .filter(|entry| entry.path().join(file).exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn lines(situation: &str, file: &str) -> Vec<String> {
    let text = fs::read_to_string(recording(situation, file)).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[derive(Default)]
struct Kept(Mutex<Vec<Publication>>);

impl EventReceiver for Kept {
    async fn receive(&self, _: IpAddr, publication: Publication) -> Result<(), NotKept> {
        self.0.lock().unwrap().push(publication);
        Ok(())
    }

    fn dropped(&self, _: IpAddr, why: Dropped) {
        panic!("dropped: {why}");
    }
}

/// Replays a connection to the event sink; what was kept, and the sink's answers.
async fn published(situation: &str) -> (Vec<Publication>, Vec<replay::Answer>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::new(Kept::default());
    let receiver = Arc::clone(&kept);
    let serving = tokio::spawn(async move {
        config_talos::event_sink::serve(listener, receiver, std::future::pending()).await
    });
    let bytes = fs::read(recording(situation, "events.bin")).unwrap();
    let replayed = replay::replay(address, &bytes);
    let answers = within("the answers to the recorded calls", replayed).await;
    serving.abort();
    let kept = std::mem::take(&mut *kept.0.lock().unwrap());
    (kept, answers)
}

#[tokio::test]
async fn every_recorded_event_is_kept_as_it_was_sent_and_answered_ok() {
    let situations = situations("events.bin");
    assert!(situations.len() >= 10, "{situations:?}");
    for situation in situations {
        let (kept, answers) = published(&situation).await;
        let sent = lines(&situation, "events.jsonl");
        assert_eq!(kept.len(), sent.len(), "{situation}");
        for (publication, line) in kept.iter().zip(&sent) {
            let sent: Value = serde_json::from_str(line).unwrap();
            assert_eq!(publication.id, sent["id"], "{situation}");
            let wanted = expected::event(&sent);
            assert_eq!(publication.event, wanted, "{situation}: {line}");
        }
        // An empty message behind its length: OK. A call that failed has none.
        let ok = replay::Answer {
            data: vec![0; 5],
            is_whole: true,
        };
        assert!(answers.iter().all(|answer| *answer == ok), "{situation}");
        assert_eq!(answers.len(), sent.len(), "{situation}");
    }
}

/// The stages of a recording's statuses, each once in a row, with what the node said of being ready.
async fn stages(situation: &str) -> Vec<(MachineStage, bool)> {
    let (kept, _) = published(situation).await;
    let mut stages: Vec<_> = kept
        .iter()
        .filter_map(|publication| match publication.event {
            TalosEvent::MachineStatus { stage, ready, .. } => Some((stage, ready)),
            _ => None,
        })
        .collect();
    stages.dedup();
    stages
}

#[tokio::test]
async fn ready_means_only_that_nothing_is_unmet() {
    use MachineStage::{Booting, Installing, Maintenance, Rebooting, ShuttingDown, Unknown};
    for (situation, wanted) in [
        (
            "install",
            vec![
                (Unknown, true),
                (Booting, false),
                (Installing, true),
                (Rebooting, true),
            ],
        ),
        ("maintenance", vec![(Booting, false), (Maintenance, true)]),
        (
            "wipe",
            vec![(Unknown, true), (Booting, false), (Rebooting, true)],
        ),
        ("shutdown", vec![(Booting, false), (ShuttingDown, true)]),
    ] {
        let stages = stages(situation).await;
        let order = stages.iter().filter(|it| wanted.contains(it));
        let order: Vec<_> = order.copied().collect();
        assert_eq!(order, wanted, "{situation}: {stages:?}");
    }
}

struct Lines(mpsc::UnboundedSender<LogLine>);

impl LogReceiver for Lines {
    async fn receive(&self, _: IpAddr, line: LogLine) -> Result<(), NotKept> {
        self.0.send(line).unwrap();
        Ok(())
    }

    fn dropped(&self, _: IpAddr, why: Dropped) {
        panic!("dropped: {why}");
    }
}

/// Sends a recorded log to the log receiver; the lines that it made of it.
async fn logged(situation: &str, file: &str) -> Vec<LogLine> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (sender, mut got) = mpsc::unbounded_channel();
    let serving = tokio::spawn(serve_tcp(
        listener,
        Arc::new(Lines(sender)),
        std::future::pending(),
    ));
    let sent = lines(situation, file);
    let mut node = TcpStream::connect(address).await.unwrap();
    node.write_all(format!("{}\n", sent.join("\n")).as_bytes())
        .await
        .unwrap();
    let mut lines = Vec::new();
    for _ in &sent {
        let line = within("a line of the recording", got.recv()).await;
        lines.push(line.unwrap());
    }
    serving.abort();
    lines
}

#[tokio::test]
async fn every_recorded_line_of_a_kernel_is_read() {
    let situations = situations("kernel.jsonl");
    assert!(situations.len() >= 3, "{situations:?}");
    for situation in situations {
        let sent = lines(&situation, "kernel.jsonl");
        let logged = logged(&situation, "kernel.jsonl").await;
        for (line, sent) in logged.iter().zip(&sent) {
            let sent: Value = serde_json::from_str(sent).unwrap();
            assert_eq!(line.sequence, sent["seq"].as_u64(), "{situation}");
            assert_eq!(line.level.as_deref(), sent["talos-level"].as_str());
            let is_kernel = sent["facility"] == "kern";
            assert_eq!(line.source == LogSource::Kernel, is_kernel, "{sent}");
            assert!(line.tags.is_empty(), "{sent}");
        }
    }
}

#[tokio::test]
async fn a_recorded_command_line_tells_where_the_system_came_from() {
    let disk = vec![(1, BootSource::Disk), (91, BootSource::Disk)];
    let network = BootSource::Network(BOOT);
    for (situation, wanted) in [
        ("install", vec![(1, network), (88, network)]),
        ("bios-from-disk", disk),
        // The records that hold the command line were overwritten before they could be sent.
        ("log-start-lost", Vec::new()),
    ] {
        let logged = logged(situation, "kernel.jsonl").await;
        let sources = logged
            .iter()
            .filter_map(|line| Some((line.sequence?, line.command_line.as_ref()?.source)));
        assert_eq!(sources.collect::<Vec<_>>(), wanted, "{situation}");
        assert!(
            logged.iter().all(|line| !line.message.contains("/config-")),
            "{situation}: the path of the config's URL is not kept"
        );
    }
    let first = &logged("log-start-lost", "kernel.jsonl").await[0];
    assert_eq!(first.sequence, Some(134));
}

#[tokio::test]
async fn every_recorded_line_of_a_service_carries_its_attempt() {
    let logged = logged("shutdown", "services.jsonl").await;
    let attempt = "ef69dd370ef90684137df81cad2fda62".parse().unwrap();
    let mut services = BTreeSet::new();
    for line in &logged {
        assert_eq!(line.attempt(), Some(attempt), "{line:?}");
        assert_eq!(line.command_line, None, "a service speaks for no kernel");
        match &line.source {
            LogSource::Service(name) => services.insert(name.as_str()),
            other => panic!("{other:?}"),
        };
    }
    for extra in [
        "kernel",
        "controller-runtime",
        "early-startup",
        "dns-resolve-cache",
    ] {
        assert!(services.contains(extra), "{services:?}");
    }
}
