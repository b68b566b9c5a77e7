//! The daemon's own log: for people on a terminal, JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};

/// Starts logging to standard error. A filter that can't be read becomes `info`, and is told.
pub fn start(settings: &Settings) {
    let (filter, complaint) = match EnvFilter::try_new(&settings.log_level) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error.to_string())),
    };
    let is_terminal = std::io::stderr().is_terminal();
    let is_json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !is_terminal,
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if is_json {
        log.json().flatten_event(true).init();
    } else {
        log.with_target(false).with_ansi(is_terminal).init();
    }
    if let Some(complaint) = complaint {
        tracing::warn!(
            level = settings.log_level,
            complaint,
            "log.level is not a filter: using info"
        );
    }
}
