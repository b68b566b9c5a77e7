//! What is logged while a test runs.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};

/// The log of this thread, until it is dropped.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
    /// With only one there is, tracing takes the word of whichever thread logs first, and other
    /// tests' threads want nothing logged.
    _second: Dispatch,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        let second = Dispatch::new(NoSubscriber::default());
        Self {
            written,
            _guard: set_default(subscriber),
            _second: second,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.written.text.lock().unwrap().clone()).unwrap()
    }

    /// Waits until this was logged so often.
    pub(crate) async fn until(&self, what: &str, times: usize) {
        loop {
            let written = self.written.news.notified();
            if self.text().matches(what).count() >= times {
                return;
            }
            written.await;
        }
    }

    /// How many lines of warnings have this in them.
    pub(crate) fn warnings(&self, what: &str) -> usize {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(" WARN "));
        lines.filter(|line| line.contains(what)).count()
    }
}

#[derive(Clone, Default)]
struct Written {
    text: Arc<Mutex<Vec<u8>>>,
    news: Arc<Notify>,
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.lock().unwrap().extend(bytes);
        self.news.notify_waiters();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
