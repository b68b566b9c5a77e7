//! What takes a lab down: a process of its own that outlives the owner, however the owner ends.
//!
//! The reaper reads a pipe whose other end only the owner and its short commands hold. At its end
//! (drop, panic, Ctrl-C, SIGKILL) it kills every process inside the lab's namespaces, removes them
//! and the lab's folder. Being inside is what makes a process the lab's: no pid is recorded that
//! could be another's by then. A word on the pipe, `keep`, leaves the lab running; without the word
//! `reap` the owner did not come to say where the artefacts are, and the reaper does. It is not
//! ended by signals that end a run: nobody else would clean up.
//!
//! ```text
//!   owner ──pipe──► reaper: read ── end of file ──► kill, remove namespaces, remove folder
//!                             └──── "keep" ───────► mark as kept, leave everything
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use serde::{Deserialize, Serialize};

use crate::artefacts::Artefacts;
use crate::error::LabError;
use crate::namespace::{Namespace, namespaces_with};
use crate::process::{ProcessIdentity, processes_in};
use crate::requirement::built;
use crate::tether::Tether;

/// What is written down of a lab, for its reaper and for those who come after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LabRecord {
    /// Its id, which its namespaces carry in their names.
    pub id: String,
    /// Who made it; `None` if that could not be read.
    pub owner: Option<ProcessIdentity>,
    /// Where its artefacts lie.
    pub artefacts: PathBuf,
}

impl LabRecord {
    /// The prefix of the names of all its namespaces.
    pub fn prefix(&self) -> String {
        format!("drv-{}-", self.id)
    }

    /// Writes it into the lab's folder.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), LabError> {
        let path = folder.join(RECORD);
        let text = serde_json::to_vec_pretty(self).map_err(|source| LabError::Unreadable {
            path: path.clone(),
            wanted: "lab's record",
            source,
        })?;
        fs::write(&path, text).map_err(LabError::file("write", &path))
    }

    /// Reads it from the lab's folder.
    pub fn load(folder: &Path) -> Result<Self, LabError> {
        let path = folder.join(RECORD);
        let text = fs::read(&path).map_err(LabError::file("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| LabError::Unreadable {
            path,
            wanted: "lab's record",
            source,
        })
    }
}

/// A running reaper, and the line to it.
#[derive(Debug)]
pub(crate) struct Reaper {
    process: Child,
    tether: Tether,
}

impl Reaper {
    /// Starts the reaper of the lab in `folder`, out of reach of the terminal's Ctrl-C and, from its
    /// birth, of the signals that end a run: it inherits what its parent blocks.
    pub(crate) fn spawn(folder: &Path, artefacts: &Artefacts) -> Result<Self, LabError> {
        let log = artefacts.append("reaper.log")?;
        let people = io::stderr().as_fd().try_clone_to_owned();
        let people = people.map_err(LabError::system("share standard error"))?;
        let mut command = Command::new(built("testbed-reaper", "testbed")?);
        command
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(people)
            .stderr(log)
            .process_group(0);
        let mut process =
            spawn_deaf(&mut command).map_err(LabError::system("start testbed-reaper"))?;
        let end = process.stdin.take();
        let tether = end.map_or_else(Tether::none, |end| Tether::new(end.into()));
        Ok(Self { process, tether })
    }

    /// The line to it, to be held by commands that make something.
    pub(crate) fn tether(&self) -> Tether {
        self.tether.clone()
    }

    /// Lets go of the line and waits until the reaper is done.
    pub(crate) fn reap(&mut self) -> io::Result<()> {
        // If it does not hear, it takes the lab down all the same.
        let _unheard = self.tether.say(REAP);
        self.tether.let_go();
        let status = self.process.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "testbed-reaper: {status}; see reaper.log"
        )))
    }

    /// Tells it to leave everything, and waits until it has heard.
    pub(crate) fn keep(&mut self) -> Result<(), LabError> {
        self.tether.say(KEEP)?;
        self.tether.let_go();
        self.process
            .wait()
            .map(drop)
            .map_err(LabError::system("wait for the reaper"))
    }
}

/// The reaper's whole life, in its own process: waits for the owner's end, then takes the lab down.
/// What people are told who would not hear it from the owner goes to `people`.
pub fn run(folder: &Path, mut owner: impl Read, mut people: impl Write) -> Result<(), LabError> {
    let lock = lock(folder, FlockArg::LockExclusive)?;
    let mut word = String::new();
    // An error is an end of the owner, too.
    let _ended = owner.read_to_string(&mut word);
    if word.trim() == KEEP {
        let path = folder.join(KEPT);
        return fs::write(&path, "").map_err(LabError::file("write", &path));
    }
    let record = LabRecord::load(folder);
    let done = take_down(folder);
    if let (Ok(record), true) = (record, word.is_empty()) {
        let directory = record.artefacts.display();
        // People may have gone, too.
        let _ = writeln!(
            people,
            "the lab's owner ended; its consoles, packets and logs: {directory}"
        );
    }
    drop(lock);
    done
}

/// Removes what labs left behind whose owner and reaper are both gone; how many labs that were.
/// Kept labs are not left-overs.
pub fn remove_stale() -> Result<usize, LabError> {
    let Ok(entries) = fs::read_dir(labs_folder()) else {
        return Ok(0);
    };
    let mut removed = 0;
    for folder in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        // Held until it is gone: others may be cleaning up, too.
        let Ok(_held) = lock(&folder, FlockArg::LockExclusiveNonblock) else {
            continue;
        };
        if is_abandoned(&folder) {
            take_down(&folder)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Waits until the reaper of the lab in `folder` is done with it; blocks the thread.
pub fn wait_reaped(folder: &Path) -> Result<(), LabError> {
    match lock(folder, FlockArg::LockExclusive) {
        Ok(_) => Ok(()),
        Err(LabError::System { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The folder in which every lab has its own.
pub(crate) fn labs_folder() -> PathBuf {
    std::env::temp_dir().join("drover-labs")
}

/// Starts a process that does not hear the signals that end a run. This thread hears them again
/// afterwards.
fn spawn_deaf(command: &mut Command) -> io::Result<Child> {
    let ends_runs = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
    let heard = ends_runs.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let process = command.spawn();
    heard.thread_set_mask()?;
    process
}

/// Kills what lives in the lab's namespaces, removes them, removes the lab's folder.
fn take_down(folder: &Path) -> Result<(), LabError> {
    // Without a record no namespace was made: it is written before the first one.
    if let Ok(record) = LabRecord::load(folder) {
        let namespaces = namespaces_with(&record.prefix());
        kill_all(&namespaces)?;
        for namespace in &namespaces {
            Tether::none().ip(&format!("netns delete {}", namespace.name()))?;
        }
    }
    fs::remove_dir_all(folder).map_err(LabError::file("remove", folder))
}

/// Kills until nobody is left: what is killed may have just started another.
fn kill_all(namespaces: &[Namespace]) -> Result<(), LabError> {
    let deadline = Instant::now() + KILL_WITHIN;
    loop {
        let alive: Vec<ProcessIdentity> = namespaces
            .iter()
            .flat_map(|namespace| processes_in(&namespace.path()))
            .collect();
        let Some(one) = alive.first() else {
            return Ok(());
        };
        if Instant::now() > deadline {
            return Err(LabError::Late {
                wanted: "end of all processes of the lab".to_owned(),
                within: KILL_WITHIN,
                last: format!("pid {} still runs", one.pid()),
            });
        }
        for process in &alive {
            process.signal(Signal::SIGKILL);
        }
        for process in &alive {
            process.wait_gone(KILL_WITHIN)?;
        }
    }
}

/// Whether the owner of a lab that no reaper holds is gone, too. The owner counts for the moment
/// before its reaper has taken the lock.
fn is_abandoned(folder: &Path) -> bool {
    if folder.join(KEPT).exists() {
        return false;
    }
    match LabRecord::load(folder) {
        Ok(record) => !record.owner.is_some_and(ProcessIdentity::is_alive),
        Err(_) => is_old(folder),
    }
}

/// Without a record, a folder is either just being made or was abandoned then.
fn is_old(folder: &Path) -> bool {
    let age = fs::metadata(folder).and_then(|it| it.modified());
    age.is_ok_and(|it| it.elapsed().is_ok_and(|age| age > Duration::from_mins(1)))
}

/// Locks the folder itself. A lock file in it could be made anew by one who looks while another
/// removes the folder, which is then not empty.
fn lock(folder: &Path, how: FlockArg) -> Result<Flock<File>, LabError> {
    let file = File::open(folder).map_err(LabError::file("open", folder))?;
    Flock::lock(file, how)
        .map_err(|(_, errno): (File, Errno)| LabError::file("lock", folder)(errno.into()))
}

const RECORD: &str = "lab.json";
const KEPT: &str = "kept";
const KEEP: &str = "keep";
const REAP: &str = "reap";
const KILL_WITHIN: Duration = Duration::from_secs(30);
