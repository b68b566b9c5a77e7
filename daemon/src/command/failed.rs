//! How a command that failed is told: to a person in a sentence, to a program in an object.

use api_cli::command::output_format::OutputFormat;
use api_cli::error::CommandError;
use api_proto::error_class::ErrorClass;
use fleet::error::chain;

use crate::start_error::StartError;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The line on standard error: one sentence for the person who typed it, or an object for the
    /// program that did.
    pub line: String,
    /// What the program ends with.
    pub exit_code: u8,
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self {
            line: format!("drover: {why}"),
            exit_code: 1,
        }
    }
}

impl From<StartError> for Failed {
    fn from(error: StartError) -> Self {
        let why = chain(&error);
        if error.is_wrong_input() {
            Self::wrong_input(&why)
        } else {
            why.into()
        }
    }
}

impl Failed {
    /// The failure of a command that was given what can't be right: settings, files, flags. Whoever
    /// starts it again changes them first.
    pub(super) fn wrong_input(why: &str) -> Self {
        Self {
            line: format!("drover: {why}"),
            exit_code: ErrorClass::Usage.exit_code(),
        }
    }

    /// The failure of a command of the client, told in the format that is wanted.
    pub(super) fn told(error: &CommandError, output: OutputFormat) -> Self {
        let why = chain(error);
        let line = match output {
            // One object on one line is YAML, too.
            OutputFormat::Json | OutputFormat::Yaml => error.as_json(&why),
            OutputFormat::Table | OutputFormat::Wide | OutputFormat::Name => {
                format!("drover: {why}")
            }
        };
        Self {
            line,
            exit_code: error.exit_code(),
        }
    }
}
