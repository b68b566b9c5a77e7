//! Lines on their way to log destinations: all of them from the first on, to each destination at its
//! own pace, over connections that are made anew when they break.

use crate::console;
use crate::hardware;
use machine_core::time::Timestamp;
use node::event_stream::restart_pause;
use node::kernel_log::{KernelRecord, Transport, destination};
use node::service_log::ServiceLine;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The lines so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineLog<T> {
    lines: Arc<Mutex<Vec<T>>>,
    grown: Arc<Notify>,
    destinations: Arc<Mutex<BTreeMap<String, AbortHandle>>>,
}

impl<T: Clone + Send + 'static> LineLog<T> {
    pub(crate) fn new() -> Self {
        Self {
            lines: Arc::default(),
            grown: Arc::default(),
            destinations: Arc::default(),
        }
    }

    pub(crate) fn push(&self, line: T) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
        self.grown.notify_waiters();
    }

    /// Gives the destinations a moment to take what they have not yet.
    pub(crate) async fn drain(&self) {
        tokio::time::sleep(LAST_LINES).await;
    }

    fn get(&self, at: usize) -> Option<T> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(at)
            .cloned()
    }

    /// Closes the destinations that are not among these.
    pub(crate) fn close_all_but(&self, urls: &[String]) {
        self.destinations().retain(|url, sending| {
            let stays = urls.contains(url);
            if !stays {
                sending.abort();
            }
            stays
        });
    }

    fn destinations(&self) -> MutexGuard<'_, BTreeMap<String, AbortHandle>> {
        self.destinations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends every line to a destination until it is closed. It stays one if it is named again.
    pub(crate) fn send_to(&self, url: &str, render: impl Fn(&T) -> String + Send + Sync + 'static) {
        let Some((transport, place)) = destination(url) else {
            console::say(&format!("no log destination: {url}"));
            return;
        };
        if self.destinations().contains_key(url) {
            return;
        }
        let (log, place) = (self.clone(), place.to_owned());
        let sending = tokio::spawn(async move {
            let (mut sent, mut failures) = (0, 0);
            loop {
                let before = sent;
                let _broken = log.send_from(&mut sent, transport, &place, &render).await;
                failures = if sent > before { 0 } else { failures + 1 };
                tokio::time::sleep(restart_pause(failures, hardware::random_permille())).await;
            }
        });
        let sending = sending.abort_handle();
        self.destinations().insert(url.to_owned(), sending);
    }

    async fn send_from(
        &self,
        sent: &mut usize,
        transport: Transport,
        place: &str,
        render: &(impl Fn(&T) -> String + Send + Sync),
    ) -> std::io::Result<()> {
        let mut connection = Connection::open(transport, place).await?;
        loop {
            let grown = self.grown.notified();
            if let Some(line) = self.get(*sent) {
                connection.send(render(&line).as_bytes()).await?;
                *sent += 1;
            } else {
                grown.await;
            }
        }
    }
}

/// Long enough for lines on a local network.
const LAST_LINES: Duration = Duration::from_millis(300);

enum Connection {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Connection {
    async fn open(transport: Transport, place: &str) -> std::io::Result<Self> {
        match transport {
            Transport::Tcp => Ok(Self::Tcp(TcpStream::connect(place).await?)),
            Transport::Udp => {
                let socket = UdpSocket::bind("0.0.0.0:0").await?;
                socket.connect(place).await?;
                Ok(Self::Udp(socket))
            }
        }
    }

    async fn send(&mut self, line: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(line).await,
            Self::Udp(socket) => socket.send(line.trim_ascii_end()).await.map(|_| ()),
        }
    }
}

/// Reads the kernel log from its beginning, on a thread of its own, or from the record of this number
/// if those before it are to have been lost. Talos sends the records among its services' lines, too.
pub(crate) fn read_kernel(log: LineLog<KernelRecord>, services: LineLog<ServiceLine>, from: u16) {
    std::thread::spawn(move || {
        let Ok(mut file) = File::open("/dev/kmsg") else {
            return;
        };
        let mut record = vec![0; 8192];
        loop {
            // A record that was overwritten before it was read is an error (EPIPE): go on with the next.
            if let Ok(length) = file.read(&mut record)
                && let Some(record) = record.get(..length).and_then(KernelRecord::parse)
                && record.sequence >= from.into()
            {
                services.push(ServiceLine::of_kernel(&record, booted()));
                log.push(record);
            }
        }
    });
}

/// When the kernel's clock was zero.
pub(crate) fn booted() -> Timestamp {
    let uptime = hardware::text("/proc/uptime").unwrap_or_default();
    let seconds = uptime
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let since = i64::try_from(since.as_millis()).unwrap_or_default();
    Timestamp::from_millis(hardware::now().as_millis() - since)
}
