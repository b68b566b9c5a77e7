//! A machine's timeline as a stream: what happened, and, for whoever follows it, what happens from
//! then on.
//!
//! A stream that is followed has no end of its own. It ends when nobody listens any more, and when
//! the daemon stops: a server that drains waits for its streams.

use std::time::Duration;

use api_proto::v1;
use api_proto::v1::WatchTimelineResponse;
use machine_core::id::MachineId;
use machine_store::events::RecordedEvent;
use tokio::sync::{mpsc, watch};
use tonic::Status;

use crate::caller::Caller;
use crate::operations::Operations;
use crate::view::event::event;

/// How often a timeline that is followed is read.
const FOLLOW: Duration = Duration::from_millis(300);
/// How many events may wait for a slow reader.
const WAITING: usize = 64;

/// What is said to who follows when the daemon stops.
const STOPPED: &str =
    "the daemon stopped, and the timeline ends here: follow it again when it runs";

/// What goes over the wire.
pub(crate) type Sent = Result<WatchTimelineResponse, Status>;

/// A timeline that somebody reads.
#[derive(Debug)]
pub(crate) struct Timeline {
    pub(crate) operations: Operations,
    pub(crate) caller: Caller,
    /// Whose: a name may be another's later.
    pub(crate) machine: MachineId,
    /// The number of the event after which it begins.
    pub(crate) after: i64,
    pub(crate) follow: bool,
    /// Turns true when the daemon stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What was read at once, by when it happened: steps of a boot are written down a moment later than
/// what is done for it.
fn in_order_of_time(events: &[RecordedEvent]) -> Vec<&RecordedEvent> {
    let mut ordered: Vec<&RecordedEvent> = events.iter().collect();
    ordered.sort_by_key(|it| (it.event.at, it.seq));
    ordered
}

impl Timeline {
    /// Begins to send it.
    pub(crate) fn spawn(self) -> mpsc::Receiver<Sent> {
        let (sender, events) = mpsc::channel(WAITING);
        tokio::spawn(self.send(sender));
        events
    }

    async fn send(self, sender: mpsc::Sender<Sent>) {
        let mut stopping = self.stopping.clone();
        let end = tokio::select! {
            end = self.send_events(&sender) => end,
            // An error means that the server is gone, which is as good.
            _ = stopping.wait_for(|stopping| *stopping) => {
                Err(Status::from(v1::Error {
                    code: v1::ErrorCode::Stopping.into(),
                    message: STOPPED.to_owned(),
                }))
            }
        };
        if let Err(status) = end {
            // A reader so slow that there is no place for this sees the stream break off.
            let _full = sender.try_send(Err(status));
        }
    }

    /// Sends events until there are no more, or, when it follows, until nobody listens.
    async fn send_events(&self, sender: &mpsc::Sender<Sent>) -> Result<(), Status> {
        let mut after = self.after;
        loop {
            let read = self.operations.timeline(&self.caller, self.machine, after);
            let events = read.await?;
            after = events.last().map_or(after, |last| last.seq);
            for recorded in in_order_of_time(&events) {
                let event = Some(event(recorded));
                let sent = sender.send(Ok(WatchTimelineResponse { event })).await;
                if sent.is_err() {
                    return Ok(());
                }
            }
            if !events.is_empty() {
                continue;
            }
            if !self.follow {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(FOLLOW) => {}
                () = sender.closed() => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use machine_core::intent::Actor;
    use machine_core::time::Timestamp;
    use machine_store::events::Event;

    use super::*;

    fn event(seq: i64, at: i64) -> RecordedEvent {
        RecordedEvent {
            seq,
            event: Event {
                at: Timestamp::from_millis(at),
                boot: None,
                machine: None,
                cluster: None,
                actor: Actor::Drover,
                kind: "install".to_owned(),
                detail: String::new(),
            },
        }
    }

    #[test]
    fn a_step_that_was_written_down_late_stands_where_it_happened() {
        let events = [event(1, 10), event(2, 30), event(3, 20), event(4, 30)];
        let ordered: Vec<i64> = in_order_of_time(&events).iter().map(|it| it.seq).collect();
        assert_eq!(ordered, [1, 3, 2, 4]);
    }
}
