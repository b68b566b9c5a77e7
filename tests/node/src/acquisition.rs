//! How the node gets its config over the network: download, load, validate, and all of it again when
//! one of them fails.
//!
//! A download that fails is repeated as [`crate::fetch`] says. A config that is refused, by whatever
//! rule, is reported to the event sink; the controller that gets it is then run again after a pause,
//! from the start. So each refusal is one download and one event.

use crate::action::Action;
use crate::config::MachineConfig;
use crate::config_error::ConfigRefused;
use crate::config_url::{self, UrlValues};
use crate::disk::Disk;
use crate::event::Event;
use crate::event_stream::restart_pause;
use crate::fetch::{Answer, Fetch, FetchStep};
use crate::messages::ConfigLoadErrorEvent;
use crate::validation::{self, Accepted};
use machine_core::time::Timestamp;
use std::time::Duration;

/// The way to a config.
#[derive(Debug, Clone)]
pub struct Acquisition {
    url: String,
    /// How long Talos waits for the variables of the URL before it asks without them.
    patience: Duration,
    disks: Vec<Disk>,
    fetch: Fetch,
    refusals: u32,
}

/// What an answer led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Acquired {
    /// Nothing yet: do this.
    NotYet(Vec<Action>),
    /// A config that says nothing of the machine: the rest has to come from a person.
    Partial,
    /// A config that was accepted, and its bytes.
    Config(Box<MachineConfig>, Vec<u8>),
}

impl Acquisition {
    /// Asks for the first time. `url` is `talos.config`, as it stands on the command line; the config
    /// is to fit these disks.
    pub fn begin(url: &str, values: &UrlValues, disks: &[Disk], now: Timestamp) -> (Self, Action) {
        let patience = if config_url::lacks_a_value(url, values) {
            VARIABLES
        } else {
            Duration::ZERO
        };
        let first = now.plus(patience);
        let acquisition = Self {
            url: config_url::fill(url, values),
            patience,
            disks: disks.to_vec(),
            fetch: Fetch::begin(first),
            refusals: 0,
        };
        let ask = acquisition.ask(first);
        (acquisition, ask)
    }

    /// Takes an answer.
    pub fn answered(&mut self, answer: Answer, jitter: Duration, now: Timestamp) -> Acquired {
        match self.fetch.answered(answer, now, jitter) {
            FetchStep::RetryAt { at, reason } => {
                let say = Action::Say(format!("config not there yet: {reason}"));
                Acquired::NotYet(vec![say, self.ask(at)])
            }
            FetchStep::GiveUp { reason } => {
                let error = format!("failed to download config: {reason}");
                let event = Event::LoadError(ConfigLoadErrorEvent { error });
                self.ask_anew(vec![Action::Publish(event)], jitter, now)
            }
            FetchStep::Load(bytes) => match validation::accept_for(&bytes, &self.disks) {
                Ok(Accepted::Partial) => Acquired::Partial,
                Ok(Accepted::Whole(config)) => Acquired::Config(config, bytes),
                Err(refused) => self.ask_anew(report(&refused), jitter, now),
            },
        }
    }

    fn ask(&self, at: Timestamp) -> Action {
        Action::Fetch {
            url: self.url.clone(),
            at,
        }
    }

    fn ask_anew(&mut self, mut actions: Vec<Action>, jitter: Duration, now: Timestamp) -> Acquired {
        let pause = restart_pause(self.refusals, jitter.subsec_millis());
        let at = now.plus(pause.saturating_add(self.patience));
        self.refusals = self.refusals.saturating_add(1);
        self.fetch = Fetch::begin(at);
        actions.push(self.ask(at));
        Acquired::NotYet(actions)
    }
}

/// Tells that a config was refused.
pub fn report(refused: &ConfigRefused) -> Vec<Action> {
    let error = refused.to_string();
    let line: Vec<&str> = error.split_whitespace().collect();
    vec![
        Action::Say(format!("config refused: {}", line.join(" "))),
        Action::Publish(Event::LoadError(ConfigLoadErrorEvent { error })),
    ]
}

/// Seen on Talos: a URL with a variable that never gets its value is asked for after 90 seconds.
const VARIABLES: Duration = Duration::from_secs(90);
