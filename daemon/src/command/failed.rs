//! How a command that failed is told: to a person in a sentence, to a program in an object.

use api_cli::command::output_format::OutputFormat;
use api_cli::error::CommandError;
use fleet::error::chain;

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

impl Failed {
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
