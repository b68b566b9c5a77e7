//! How the node gets its config over the network: download, load, validate, and all of it again when
//! one of them fails.
//!
//! A download that fails is repeated as [`crate::fetch`] says. A config that is refused is reported to
//! the event sink; the controller that gets it is then run again after a pause, from the start.

use crate::action::Action;
use crate::config::MachineConfig;
use crate::config_error::ConfigRefused;
use crate::config_url::{self, UrlValues};
use crate::event::Event;
use crate::event_stream::restart_pause;
use crate::fetch::{Answer, Fetch, FetchStep};
use crate::messages::{ConfigLoadErrorEvent, ConfigValidationErrorEvent};
use crate::validation;
use machine_core::time::Timestamp;
use std::time::Duration;

/// The way to a config.
#[derive(Debug, Clone)]
pub struct Acquisition {
    url: String,
    fetch: Fetch,
    refusals: u32,
}

/// What an answer led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Acquired {
    /// Nothing yet: do this.
    NotYet(Vec<Action>),
    /// A config that was accepted, and its bytes.
    Config(Box<MachineConfig>, Vec<u8>),
}

impl Acquisition {
    /// Asks for the first time. `url` is `talos.config`, as it stands on the command line.
    pub fn begin(url: &str, values: &UrlValues, now: Timestamp) -> (Self, Action) {
        let acquisition = Self {
            url: url.to_owned(),
            fetch: Fetch::begin(now),
            refusals: 0,
        };
        let ask = acquisition.ask(values, now);
        (acquisition, ask)
    }

    /// Takes an answer.
    pub fn answered(
        &mut self,
        answer: Answer,
        jitter: Duration,
        values: &UrlValues,
        now: Timestamp,
    ) -> Acquired {
        match self.fetch.answered(answer, now, jitter) {
            FetchStep::RetryAt { at, reason } => {
                let say = Action::Say(format!("config not there yet: {reason}"));
                Acquired::NotYet(vec![say, self.ask(values, at)])
            }
            FetchStep::GiveUp { reason } => {
                let error = format!("failed to download config: {reason}");
                let event = Event::LoadError(ConfigLoadErrorEvent { error });
                self.ask_anew(vec![Action::Publish(event)], jitter, values, now)
            }
            FetchStep::Load(bytes) => match validation::accept(&bytes) {
                Ok(config) => Acquired::Config(Box::new(config), bytes),
                Err(refused) => self.ask_anew(report(&refused), jitter, values, now),
            },
        }
    }

    fn ask(&self, values: &UrlValues, at: Timestamp) -> Action {
        Action::Fetch {
            url: config_url::fill(&self.url, values),
            at,
        }
    }

    fn ask_anew(
        &mut self,
        mut actions: Vec<Action>,
        jitter: Duration,
        values: &UrlValues,
        now: Timestamp,
    ) -> Acquired {
        let at = now.plus(restart_pause(self.refusals, jitter.subsec_millis()));
        self.refusals = self.refusals.saturating_add(1);
        self.fetch = Fetch::begin(at);
        actions.push(self.ask(values, at));
        Acquired::NotYet(actions)
    }
}

/// Tells that a config was refused: as load error or as validation error.
pub fn report(refused: &ConfigRefused) -> Vec<Action> {
    let error = refused.to_string();
    let say = Action::Say(format!("config refused: {error}"));
    let event = match refused {
        ConfigRefused::Load(_) => Event::LoadError(ConfigLoadErrorEvent { error }),
        ConfigRefused::Validation(_) => {
            Event::ValidationError(ConfigValidationErrorEvent { error })
        }
    };
    vec![say, Action::Publish(event)]
}
