//! A transcript: a file that some process writes, followed line by line as it grows.
//!
//! The kernel says when the file grows (inotify(7)), so waiting costs nothing and sees a line when
//! it is written. The writer never waits for the reader and loses nothing if there is none.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::LabError;
use crate::follower::{Follower, Line, Seen, growth_of};

/// A followed file. It is followed until this value goes.
#[derive(Debug)]
pub struct Transcript {
    path: PathBuf,
    seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

/// A place in a transcript: after so many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark(usize);

impl Transcript {
    /// Follows the file at `path` from its beginning, making it if it is not there; each line is
    /// also written to `stamped`, after its time since `began`.
    pub(crate) fn follow_stamped(
        path: &Path,
        stamped: &Path,
        began: Instant,
    ) -> Result<Self, LabError> {
        let copy = File::create(stamped).map_err(LabError::file("create", stamped))?;
        Self::follow_from(SeekFrom::Start(0), path, Some(copy), began)
    }

    /// Follows what is written to the file at `path` from now on, making it if it is not there.
    pub(crate) fn follow(path: &Path, began: Instant) -> Result<Self, LabError> {
        Self::follow_from(SeekFrom::End(0), path, None, began)
    }

    fn follow_from(
        place: SeekFrom,
        path: &Path,
        copy: Option<File>,
        began: Instant,
    ) -> Result<Self, LabError> {
        let runtime = Handle::try_current().map_err(|_| LabError::NoRuntime)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)
            .map_err(LabError::file("open", path))?;
        file.seek(place).map_err(LabError::file("read", path))?;
        let growth = growth_of(path).map_err(LabError::file("watch", path))?;
        let (follower, seen) = Follower::new(file, copy, began);
        Ok(Self {
            path: path.to_owned(),
            seen,
            task: runtime.spawn(follower.run(growth)),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place after all that was written so far.
    pub fn mark(&self) -> Mark {
        Mark(self.seen.borrow().lines.len())
    }

    /// All lines since `mark`.
    pub fn lines_since(&self, mark: Mark) -> Vec<Line> {
        self.seen
            .borrow()
            .lines
            .iter()
            .skip(mark.0)
            .cloned()
            .collect()
    }

    /// The last lines, for a message.
    pub fn last_lines(&self, count: usize) -> String {
        last_lines(&self.seen.borrow(), count)
    }

    /// Waits until all that the file holds now has been read: the last words of a writer that ended.
    pub(crate) async fn catch_up(&self) -> Result<(), LabError> {
        let metadata = self.path.metadata();
        let written = metadata
            .map_err(LabError::file("look at", &self.path))?
            .len();
        let mut seen = self.seen.clone();
        // An error means that nobody reads any more; what was read is all there is.
        let _read = seen.wait_for(|seen| seen.position >= written).await;
        Ok(())
    }

    /// Waits for a line that holds `text`, from the beginning on.
    pub async fn wait_for(&self, text: &str, within: Duration) -> Result<Line, LabError> {
        self.wait_since(Mark::default(), text, within, |line| line.contains(text))
            .await
    }

    /// Waits for a line after `mark` that `is_it`; `wanted` names it in the error. A line that has
    /// not ended counts, too: prompts do not end.
    pub async fn wait_since(
        &self,
        mark: Mark,
        wanted: &str,
        within: Duration,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<Line, LabError> {
        let mut seen = self.seen.clone();
        let mut next = mark.0;
        let found = tokio::time::timeout(within, async {
            loop {
                if let Some(line) = find(&seen.borrow_and_update(), &mut next, &is_it) {
                    return Some(line);
                }
                if seen.changed().await.is_err() {
                    return None;
                }
            }
        });
        match found.await {
            Ok(Some(line)) => Ok(line),
            Ok(None) | Err(_) => Err(LabError::Late {
                wanted: wanted.to_owned(),
                within,
                last: last_lines(&self.seen.borrow(), 5),
            }),
        }
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The first line from `next` on that `is_it`; lines that were looked at are not looked at again.
fn find(seen: &Seen, next: &mut usize, is_it: impl Fn(&str) -> bool) -> Option<Line> {
    while let Some(line) = seen.lines.get(*next) {
        *next += 1;
        if is_it(&line.text) {
            return Some(line.clone());
        }
    }
    (!seen.unfinished.is_empty() && is_it(&seen.unfinished)).then(|| Line {
        at: seen.now,
        text: seen.unfinished.as_str().into(),
    })
}

fn last_lines(seen: &Seen, count: usize) -> String {
    let first = seen.lines.len().saturating_sub(count);
    let mut texts: Vec<&str> = seen.lines.iter().skip(first).map(|it| &*it.text).collect();
    if !seen.unfinished.is_empty() {
        texts.push(&seen.unfinished);
    }
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    texts.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn lines_are_seen_as_they_are_written() {
        let folder = std::env::temp_dir().join(format!("transcript-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (raw, stamped) = (folder.join("raw"), folder.join("stamped"));
        std::fs::write(&raw, "before\n").unwrap();
        let transcript = Transcript::follow_stamped(&raw, &stamped, Instant::now()).unwrap();
        let later = Transcript::follow(&raw, Instant::now()).unwrap();
        let long = Duration::from_mins(1);
        transcript.wait_for("before", long).await.unwrap();
        let mark = transcript.mark();
        let mut writer = OpenOptions::new().append(true).open(&raw).unwrap();
        let waiting = transcript.wait_since(mark, "prompt", long, |line| line == "prompt>");
        let (line, ()) = tokio::join!(waiting, async {
            writer.write_all(b"after\nprompt> ").unwrap();
        });
        assert_eq!(&*line.unwrap().text, "prompt>");
        assert_eq!(transcript.lines_since(mark).len(), 1);
        later.wait_for("after", long).await.unwrap();
        assert_eq!(later.lines_since(Mark::default()).len(), 1);
        assert!(
            std::fs::read_to_string(&stamped)
                .unwrap()
                .ends_with(" after\n")
        );
        let late = transcript
            .wait_for("never", Duration::ZERO)
            .await
            .unwrap_err();
        assert!(
            late.to_string().ends_with("before | after | prompt>"),
            "{late}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
