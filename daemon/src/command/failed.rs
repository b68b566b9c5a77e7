//! How a command that failed is told: to a person in a sentence, to a program in an object.

use std::ffi::OsString;

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
    /// A command that could not be understood: clap's own words for a person, and an object for a
    /// program. `None` if a help or the version was asked for, which is no failure.
    pub fn of_usage(error: &clap::Error, words: &[OsString]) -> Option<Self> {
        if !error.use_stderr() || !is_for_programs(words) {
            return None;
        }
        let text = error.to_string();
        // What is wrong, without the tip and the usage that follow.
        let lines = text.lines().map(str::trim).take_while(|it| !it.is_empty());
        let why = lines.collect::<Vec<_>>().join(" ");
        let why = why.strip_prefix("error: ").unwrap_or(&why).to_owned();
        Some(Self::told(&CommandError::Usage(why), OutputFormat::Json))
    }

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

/// Whether the words ask for JSON or YAML, as far as they can be understood.
fn is_for_programs(words: &[OsString]) -> bool {
    let words: Vec<&str> = words.iter().filter_map(|it| it.to_str()).collect();
    let is_structured = |it: &str| ["json", "yaml"].contains(&it.trim_start_matches('='));
    let joined = words.iter().any(|it| {
        let value = it
            .strip_prefix("--output")
            .or_else(|| it.strip_prefix("-o"));
        value.is_some_and(is_structured)
    });
    let mut pairs = words.iter().zip(words.iter().skip(1));
    joined
        || pairs.any(|(option, value)| ["--output", "-o"].contains(option) && is_structured(value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command::Arguments;

    fn told(words: &[&str]) -> Option<Failed> {
        let error = Arguments::try_parse_from(words).unwrap_err();
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        Failed::of_usage(&error, &words)
    }

    #[test]
    fn a_program_reads_a_usage_error_as_one_object() {
        for output in [
            &["-o", "json"][..],
            &["-ojson"],
            &["-o=yaml"],
            &["--output", "json"],
            &["--output=json"],
        ] {
            let words = [&["drover", "machine", "show"], output].concat();
            let failed = told(&words).unwrap();
            assert_eq!(failed.exit_code, 2, "{words:?}");
            let line = &failed.line;
            assert!(
                line.starts_with("{\"error\":{") && !line.contains('\n'),
                "{line}"
            );
            for said in [
                "\"invalid_argument\"",
                "\"exit_code\":2",
                "required",
                "<NAME>",
            ] {
                assert!(line.contains(said), "{line}");
            }
        }
    }

    #[test]
    fn a_person_reads_the_usage_and_a_help_is_no_error() {
        assert_eq!(told(&["drover", "machine", "show"]), None);
        assert_eq!(told(&["drover", "machine", "-o", "json", "--help"]), None);
    }
}
