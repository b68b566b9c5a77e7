//! Reads a file as it grows and publishes its lines; the task behind a transcript.
//!
//! A line counts from its first character: firmware writes the beginning of a line when it begins
//! something and the rest when that is over.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::iter::repeat;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;

use crate::console::ConsoleReader;

/// One line, and when it began.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, since the lab came up.
    pub at: Duration,
    /// Its text.
    pub text: Arc<str>,
}

/// What was read of a file so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) lines: Vec<Line>,
    pub(crate) unfinished: String,
    /// When the file was last read.
    pub(crate) now: Duration,
    /// Up to which byte.
    pub(crate) position: u64,
}

/// A file being read.
#[derive(Debug)]
pub(crate) struct Follower {
    file: File,
    copy: Option<File>,
    began: Instant,
    reader: ConsoleReader,
    /// When the unfinished line began.
    line_began: Option<Duration>,
    sender: watch::Sender<Seen>,
}

impl Follower {
    /// A follower of `file` from its present place on, and what it will have seen. With `copy`, each
    /// line is also written there, after its time since `began`.
    pub(crate) fn new(
        file: File,
        copy: Option<File>,
        began: Instant,
    ) -> (Self, watch::Receiver<Seen>) {
        let (sender, seen) = watch::channel(Seen::default());
        let follower = Self {
            file,
            copy,
            began,
            reader: ConsoleReader::default(),
            line_began: None,
            sender,
        };
        (follower, seen)
    }

    /// Reads whenever `growth` says that there is more.
    pub(crate) async fn run(mut self, mut growth: Receiver) {
        // What the events say does not matter, only that there are some.
        let mut events = [0; 4096];
        while self.read_on() {
            if growth.read(&mut events).await.is_err() {
                return;
            }
        }
    }

    /// Reads what is new; whether the file can still be read.
    fn read_on(&mut self) -> bool {
        let mut bytes = Vec::new();
        let read = self.file.read_to_end(&mut bytes);
        let Ok(position) = read.and_then(|_| self.file.stream_position()) else {
            return false;
        };
        let now = self.began.elapsed();
        let texts = self.reader.read(&bytes);
        let unfinished = self.reader.unfinished();
        let begins = std::iter::once(self.line_began.unwrap_or(now)).chain(repeat(now));
        let lines: Vec<Line> = texts
            .into_iter()
            .zip(begins)
            .map(|(text, at)| Line {
                at,
                text: text.into(),
            })
            .collect();
        self.line_began = match self.line_began {
            _ if unfinished.is_empty() => None,
            Some(began) if lines.is_empty() => Some(began),
            _ => Some(now),
        };
        self.write_copy(&lines);
        self.sender.send_modify(|seen| {
            seen.lines.extend(lines);
            seen.unfinished = unfinished;
            seen.now = now;
            seen.position = position;
        });
        true
    }

    fn write_copy(&mut self, lines: &[Line]) {
        let Some(copy) = &mut self.copy else { return };
        for Line { at, text } in lines {
            // A full disk must not stop the lab: the raw file is there, too.
            let _ = writeln!(copy, "{:9.3} {text}", at.as_secs_f64());
        }
    }
}

/// Becomes readable when the file at `path` has grown.
pub(crate) fn growth_of(path: &Path) -> io::Result<Receiver> {
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
    inotify.add_watch(path, AddWatchFlags::IN_MODIFY)?;
    // To Tokio anything that polls and reads like a pipe is one.
    Receiver::from_owned_fd_unchecked(inotify.as_fd().try_clone_to_owned()?)
}
