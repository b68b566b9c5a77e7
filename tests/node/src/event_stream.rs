//! The events on their way to the sink: a ring that is replayed from boot, one event at a time, each
//! until the sink has acknowledged it.
//!
//! A refused event is sent again, so that order and number survive a sink that fails now and then.
//! Not so while the node shuts down: the first refusal then loses the rest (seen on Talos). When the
//! ring overflows, the oldest are lost.

use crate::event::Event;
use crate::event_id::EventIds;
use crate::messages::EventRequest;
use machine_core::time::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// The ring and how far the sink has got.
#[derive(Debug, Clone)]
pub struct EventStream {
    ids: EventIds,
    events: VecDeque<EventRequest>,
    unacknowledged: usize,
    failures: u32,
    closing: bool,
}

/// How many events Talos keeps.
pub const CAPACITY: usize = 1000;

impl EventStream {
    /// An empty stream of a boot.
    pub const fn new(ids: EventIds) -> Self {
        Self {
            ids,
            events: VecDeque::new(),
            unacknowledged: 0,
            failures: 0,
            closing: false,
        }
    }

    /// Adds an event.
    pub fn push(&mut self, event: &Event, now: Timestamp) {
        if self.events.len() >= CAPACITY {
            self.events.pop_front();
            self.unacknowledged = self.unacknowledged.min(self.events.len());
        }
        let id = self.ids.next(now);
        self.events.push_back(EventRequest {
            data: Some(event.to_any()),
            id,
            actor_id: String::new(),
        });
        self.unacknowledged = self.unacknowledged.saturating_add(1);
    }

    /// The event to send now: the same one until it is acknowledged.
    pub fn next(&self) -> Option<&EventRequest> {
        self.events
            .get(self.events.len().saturating_sub(self.unacknowledged))
    }

    /// The sink answered OK to the event with this id.
    pub fn acknowledged(&mut self, id: &str) {
        if self.next().is_some_and(|event| event.id == id) {
            self.unacknowledged = self.unacknowledged.saturating_sub(1);
            self.failures = 0;
        }
    }

    /// The sink could not be reached, or answered anything but OK: how long to wait before the same
    /// event goes out again. `jitter` is a number from 0 to 1000, drawn by the caller.
    pub fn refused(&mut self, jitter: u32) -> Duration {
        if self.closing {
            self.unacknowledged = 0;
        }
        let pause = restart_pause(self.failures, jitter);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// The node shuts down: what is left is sent, as long as the sink takes it.
    pub const fn close(&mut self) {
        self.closing = true;
    }

    /// Whether nothing is left to send.
    pub const fn is_drained(&self) -> bool {
        self.unacknowledged == 0
    }
}

/// How long one of Talos's controllers waits before it is run again: half a second, half as much more
/// each time, at most a minute, give or take half of it (`jitter` from 0 to 1000).
pub fn restart_pause(failures: u32, jitter: u32) -> Duration {
    let mut pause = 500_u64;
    for _ in 0..failures.min(20) {
        pause = (pause + pause / 2).min(60_000);
    }
    Duration::from_millis(pause / 2 + pause * u64::from(jitter.min(1000)) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::StepAction;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn stream(events: usize) -> EventStream {
        let mut stream = EventStream::new(EventIds::new([0; 5]));
        for number in 0..events {
            stream.push(
                &Event::phase(&format!("phase-{number}"), StepAction::Start),
                NOW,
            );
        }
        stream
    }

    /// Sends everything to a sink that refuses where `refuses` says so; returns what it took.
    fn send_all(stream: &mut EventStream, mut refuses: impl FnMut(usize) -> bool) -> Vec<String> {
        let mut taken = Vec::new();
        for call in 1..10_000 {
            let Some(event) = stream.next().cloned() else {
                break;
            };
            if refuses(call) {
                stream.refused(0);
            } else {
                taken.push(event.id.clone());
                stream.acknowledged(&event.id);
            }
        }
        taken
    }

    fn ids(stream: &EventStream) -> Vec<String> {
        stream.events.iter().map(|event| event.id.clone()).collect()
    }

    #[test]
    fn a_sink_that_refuses_every_fourth_call_gets_fifteen_of_fifteen_in_order() {
        let mut stream = stream(15);
        let sent = ids(&stream);
        assert_eq!(send_all(&mut stream, |call| call % 4 == 0), sent);
        assert!(stream.is_drained());
    }

    #[test]
    fn a_late_sink_gets_everything_since_boot() {
        let mut stream = stream(9);
        let sent = ids(&stream);
        assert_eq!(send_all(&mut stream, |call| call < 50), sent);
    }

    #[test]
    fn while_closing_the_first_refusal_loses_the_rest() {
        let mut stream = stream(6);
        stream.close();
        assert_eq!(send_all(&mut stream, |call| call == 3).len(), 2);
        assert!(stream.is_drained());
    }

    #[test]
    fn an_answer_to_another_event_acknowledges_nothing() {
        let mut stream = stream(2);
        let sent = ids(&stream);
        stream.acknowledged(&sent[1]);
        assert_eq!(stream.next().unwrap().id, sent[0]);
    }

    #[test]
    fn a_full_ring_loses_the_oldest_only() {
        let mut stream = stream(CAPACITY + 5);
        let sent = ids(&stream);
        assert_eq!(sent.len(), CAPACITY);
        assert_eq!(send_all(&mut stream, |_| false), sent);
    }

    proptest! {
        #[test]
        fn any_pattern_of_refusals_keeps_order_and_number(
            pattern in proptest::collection::vec(any::<bool>(), 1..20), events in 0_usize..40,
        ) {
            prop_assume!(pattern.iter().any(|refuse| !refuse));
            let mut stream = stream(events);
            let sent = ids(&stream);
            prop_assert_eq!(send_all(&mut stream, |call| pattern[call % pattern.len()]), sent);
        }

        #[test]
        fn pauses_stay_between_a_quarter_second_and_ninety(failures in any::<u32>(), jitter in any::<u32>()) {
            let pause = restart_pause(failures, jitter);
            prop_assert!(pause >= Duration::from_millis(250) && pause <= Duration::from_secs(90));
        }
    }
}
