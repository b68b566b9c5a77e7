//! Settings by the environment: `DROVER_SECTION_FIELD` for each single value.
//!
//! A variable that begins with `DROVER_` and is no setting is a mistake: whoever mistyped
//! `DROVER_STATE_DIRECTORY` would otherwise work on another state directory than he thinks.

use api_server::yaml::nearest::nearest;

use crate::settings::file::{LIST_SECTIONS, SINGLE_SECTIONS, SettingsFile};
use crate::settings::reading::parse;
use crate::settings::{Place, SettingsError};

/// What begins with it is meant for Drover.
const PREFIX: &str = "DROVER_";

/// Variables of Drover that are no settings of the daemon: those of the commands, and those of the
/// project's own tests, which start daemons.
const OTHERS: [&str; 9] = [
    "DROVER_CONFIG",
    "DROVER_SOCKET",
    "DROVER_REASON",
    "DROVER_ARTEFACTS",
    "DROVER_BIN",
    "DROVER_BINARY",
    "DROVER_SEED",
    "DROVER_STEP_MINUTES",
    "DROVER_TOTAL_MINUTES",
];
/// What variables of tests within the daemon's crates begin with.
const OF_TESTS: &str = "DROVER_TEST_";

/// A single setting that a variable can make.
struct Variable {
    name: String,
    section: &'static str,
    field: &'static str,
}

/// The settings that these variables make, over those of `below`. Those that make none are mistakes.
pub fn with_environment(
    below: SettingsFile,
    variables: impl IntoIterator<Item = (String, String)>,
) -> SettingsFile {
    let known: Vec<Variable> = known().collect();
    let mut settings = below;
    for (name, value) in variables {
        if !name.starts_with(PREFIX) {
            continue;
        }
        match known.iter().find(|it| it.name == name) {
            Some(variable) => settings = variable.told(&value).over(settings),
            None if OTHERS.contains(&name.as_str()) || name.starts_with(OF_TESTS) => {}
            None => settings.mistakes.push(SettingsError::Malformed {
                place: source(&name),
                why: unknown(&name, &known),
            }),
        }
    }
    settings
}

fn known() -> impl Iterator<Item = Variable> {
    SINGLE_SECTIONS
        .into_iter()
        .flat_map(|(section, _, fields)| {
            fields.iter().map(move |field| Variable {
                name: format!("{PREFIX}{section}_{}", field.name).to_uppercase(),
                section,
                field: field.name,
            })
        })
}

impl Variable {
    fn told(&self, value: &str) -> SettingsFile {
        let (section, field) = (self.section, self.field);
        let quoted = value.replace('\'', "''");
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let scalar = if is_number {
            value.to_owned()
        } else {
            format!("'{quoted}'")
        };
        let place = source(&self.name);
        let mut told = parse(&place.source, &format!("{section}:\n  {field}: {scalar}\n"));
        // The line is one of the text that was made here.
        for mistake in &mut told.mistakes {
            if let SettingsError::Malformed { place: at, .. } = mistake {
                at.line = 0;
            }
        }
        told.elsewhere
            .insert(format!("{section}.{field}"), place.source);
        told
    }
}

/// What to do about a variable that no setting has. Its value is not repeated: it may be secret.
fn unknown(name: &str, known: &[Variable]) -> String {
    let is_of = |section: &str| {
        let list = format!("{PREFIX}{section}").to_uppercase();
        name == list || name.starts_with(&format!("{list}_"))
    };
    if let Some((section, ..)) = LIST_SECTIONS.iter().find(|(section, ..)| is_of(section)) {
        return format!("{section} can only be told by the settings file (--config)");
    }
    let names = known.iter().map(|it| it.name.as_str());
    match nearest(name, names).first() {
        Some(meant) => format!("no setting has this name: did you mean {meant}?"),
        None => {
            "no setting has this name: `drover settings` prints all of them, and a single value \
                 of a section is DROVER_SECTION_FIELD"
                .to_owned()
        }
    }
}

fn source(name: &str) -> Place {
    Place {
        source: format!("environment variable {name}"),
        line: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::settings::check::check;

    fn with(below: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let file = with_environment(parse("drover.yaml", below), variables.iter().map(owned));
        check("drover.yaml", file).map_err(|it| it.to_string())
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let variables = [
            ("DROVER_HTTP_PORT", "80"),
            ("DROVER_STATE_DIRECTORY", "/it's: here"),
        ];
        let settings = with("http:\n  port: 1\ntftp:\n  port: 2\n", &variables).unwrap();
        assert_eq!((settings.http_port, settings.tftp_port), (80, 2));
        assert_eq!(settings.state_directory.to_str(), Some("/it's: here"));
    }

    #[test]
    fn a_bad_variable_is_named() {
        let error = with("", &[("DROVER_HTTP_PORT", "web")]).unwrap_err();
        let wanted = "environment variable DROVER_HTTP_PORT: http.port: wanted a port";
        assert!(error.starts_with(wanted), "{error}");
    }

    #[test]
    fn a_variable_that_is_no_setting_is_refused_with_the_nearest_name_and_without_its_value() {
        for (name, wanted) in [
            (
                "DROVER_HTTP_PROT",
                "no setting has this name: did you mean DROVER_HTTP_PORT?",
            ),
            (
                "DROVER_STATE_DATABSE",
                "no setting has this name: did you mean DROVER_STATE_DATABASE?",
            ),
            (
                "DROVER_SUBNETS",
                "subnets can only be told by the settings file (--config)",
            ),
            (
                "DROVER_IMAGES_NAME",
                "images can only be told by the settings file (--config)",
            ),
            (
                "DROVER_COLOUR",
                "no setting has this name: `drover settings`",
            ),
        ] {
            let error = with("", &[(name, "canary")]).unwrap_err();
            let wanted = format!("environment variable {name}: {wanted}");
            assert!(error.starts_with(&wanted), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn variables_of_the_commands_and_of_others_are_passed_over() {
        for name in ["DROVER_SOCKET", "DROVER_REASON", "DROVER_TEST_X", "PATH"] {
            assert!(with("", &[(name, "x")]).is_ok(), "{name}");
        }
    }

    #[test]
    fn all_mistakes_of_the_environment_and_the_file_are_told_at_once() {
        let variables = [("DROVER_TFTP_PORT", "0"), ("DROVER_HTTP_PROT", "1")];
        let error = with("log:\n  format: xml\n", &variables).unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), 3, "{error}");
        assert!(lines[2].starts_with("drover.yaml:2: log.format"), "{error}");
    }
}
