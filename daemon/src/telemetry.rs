//! The daemon's own log: for people on a terminal, JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::settings::{LogFormat, Settings};

/// Starts logging to standard error.
pub fn start(settings: &Settings) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&settings.log_level)?;
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
        // The list has the span around a line, too: it once is enough.
        let log = log.json().flatten_event(true).with_current_span(false);
        log.init();
    } else {
        log.with_target(false).with_ansi(is_terminal).init();
    }
    Ok(())
}
