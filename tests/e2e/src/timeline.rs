//! A machine's timeline, followed with `drover machine timeline NAME --follow --output json`.
//!
//! The command ends with the daemon, and is started again until the daemon is back: it prints all
//! from the beginning, of which what was seen before is left out. So no event is missed.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::drover::Client;
use crate::error::ScenarioError;
use crate::event::Event;

/// A timeline. It is followed until this value goes.
#[derive(Debug)]
pub struct Timeline {
    machine: String,
    events: watch::Receiver<Vec<Event>>,
    task: JoinHandle<()>,
}

impl Timeline {
    /// Follows the timeline of `machine`; each event is also written to `copy`.
    pub fn follow(client: Client, machine: &str, copy: File) -> Self {
        let (sender, events) = watch::channel(Vec::new());
        let task = tokio::spawn(follow(client, machine.to_owned(), copy, sender));
        Self {
            machine: machine.to_owned(),
            events,
            task,
        }
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// A receiver of all events so far, which is told of new ones.
    pub fn watch(&self) -> watch::Receiver<Vec<Event>> {
        self.events.clone()
    }

    /// Waits for an event that `is_it`, among those that were or will be; `wanted` names it in the
    /// error. A machine that failed does not come to it any more.
    pub async fn wait_for(
        &self,
        wanted: &str,
        within: Duration,
        is_it: impl Fn(&Event) -> bool,
    ) -> Result<Event, ScenarioError> {
        self.wait_after(0, wanted, within, is_it).await
    }

    /// Waits for an event of this kind.
    pub async fn wait_kind(&self, kind: &str, within: Duration) -> Result<Event, ScenarioError> {
        self.wait_for(kind, within, |event| event.kind == kind)
            .await
    }

    /// Waits for an event after the one with this sequence that `is_it`.
    pub async fn wait_after(
        &self,
        after: i64,
        wanted: &str,
        within: Duration,
        is_it: impl Fn(&Event) -> bool,
    ) -> Result<Event, ScenarioError> {
        let mut events = self.events.clone();
        let waiting = async {
            loop {
                let judged = judge(&events.borrow_and_update(), after, &is_it);
                match judged {
                    Judged::Found(event) => return Ok(event),
                    Judged::Failed(why) => {
                        return Err(ScenarioError::MachineFailed {
                            machine: self.machine.clone(),
                            why,
                        });
                    }
                    Judged::Open => {}
                }
                if events.changed().await.is_err() {
                    return Err(self.late(wanted, within));
                }
            }
        };
        tokio::time::timeout(within, waiting)
            .await
            .unwrap_or_else(|_| Err(self.late(wanted, within)))
    }

    fn late(&self, wanted: &str, within: Duration) -> ScenarioError {
        let last = self.events.borrow().last().map_or_else(
            || "nothing".to_owned(),
            |event| format!("{} ({}) as the last event", event.kind, event.detail),
        );
        ScenarioError::Late {
            wanted: format!("{wanted} on the timeline of {}", self.machine),
            within,
            last,
        }
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        self.task.abort();
    }
}

enum Judged {
    Found(Event),
    Failed(String),
    Open,
}

fn judge(events: &[Event], after: i64, is_it: impl Fn(&Event) -> bool) -> Judged {
    let mut events = events.iter().filter(|event| event.sequence > after);
    let found = events.find(|event| is_it(event) || event.kind == "failed");
    match found {
        Some(event) if is_it(event) => Judged::Found(event.clone()),
        Some(event) => Judged::Failed(event.detail.clone()),
        None => Judged::Open,
    }
}

async fn follow(
    client: Client,
    machine: String,
    mut copy: File,
    sender: watch::Sender<Vec<Event>>,
) {
    let words = [
        "machine", "timeline", &machine, "--follow", "--output", "json",
    ];
    loop {
        if let Ok(mut child) = client.command(&words).spawn()
            && let Some(output) = child.stdout.take()
        {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(event) = serde_json::from_str::<Event>(&line) else {
                    continue;
                };
                // What was read at once comes in the order of time, not of its numbers.
                let is_known = sender.borrow().contains(&event);
                if !is_known {
                    // A full disk must not stop the scenario.
                    let _ = writeln!(copy, "{line}");
                    sender.send_modify(|events| events.push(event));
                }
            }
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// How soon a daemon that went is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(200);
