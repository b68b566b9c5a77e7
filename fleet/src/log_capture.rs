//! The log of a test, as lines.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};
use tracing_subscriber::fmt::MakeWriter;

/// What this thread logs for as long as this lives: every level, with the spans around each line.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
    /// With only one there is, tracing takes the word of whichever thread logs first, and other
    /// tests' threads want nothing logged.
    _second: Dispatch,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        let written = Written::default();
        let second = Dispatch::new(NoSubscriber::default());
        let log = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(written.clone())
            .finish();
        Self {
            written,
            _guard: set_default(log),
            _second: second,
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let written = self.written.0.lock().unwrap();
        let text = String::from_utf8(written.clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn lines_with(&self, part: &str) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| line.contains(part));
        lines
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
