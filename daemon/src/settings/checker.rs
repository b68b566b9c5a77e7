//! What a single setting is checked with: it knows where each value was told, for its messages.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;

use api_server::yaml::plain::Number;
use serde_saphyr::Spanned;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::settings::{Place, SettingsError};

/// Checks values, knows where they were told, and gathers what is wrong.
#[derive(Debug)]
pub(crate) struct Checker<'a> {
    /// The settings file.
    pub(crate) source: &'a str,
    /// The settings that were told elsewhere: by a variable or a flag.
    pub(crate) elsewhere: &'a BTreeMap<String, String>,
    /// What was found wrong until now.
    pub(crate) mistakes: RefCell<Vec<SettingsError>>,
}

impl Checker<'_> {
    /// The value, if it is right; what is wrong with it is kept.
    pub(crate) fn right<T>(&self, checked: Result<T, SettingsError>) -> Option<T> {
        checked.map_err(|mistake| self.keep(mistake)).ok()
    }

    fn keep(&self, mistake: SettingsError) {
        let is_unread = match &mistake {
            SettingsError::Missing { what, .. } => self.is_unread(what),
            _ => false,
        };
        if !is_unread {
            self.mistakes.borrow_mut().push(mistake);
        }
    }

    /// Whether this field stands somewhere and could not be read, or was probably meant by a name
    /// that is not known: that it is missing is not said then.
    pub(crate) fn is_unread(&self, field: &str) -> bool {
        let name = field.rsplit('.').next().unwrap_or(field);
        let meant = format!("did you mean {name}?");
        self.mistakes.borrow().iter().any(|mistake| match mistake {
            SettingsError::Malformed { why, .. } => {
                why.starts_with(&format!("{field}:")) || why.contains(&meant)
            }
            _ => false,
        })
    }

    /// Where the value of this field was told.
    pub(crate) fn place<T>(&self, value: &Spanned<T>, field: &str) -> Place {
        let section = field.split('.').next().unwrap_or(field);
        let elsewhere = self.elsewhere.get(field);
        match elsewhere.or_else(|| self.elsewhere.get(section)) {
            Some(source) => Place {
                source: source.clone(),
                line: 0,
            },
            None => Place {
                source: self.source.to_owned(),
                line: value.referenced.line(),
            },
        }
    }

    pub(crate) fn wrong<T>(
        &self,
        value: &Spanned<T>,
        field: &str,
        wanted: &str,
        got: &str,
    ) -> SettingsError {
        SettingsError::Value {
            place: self.place(value, field),
            field: field.to_owned(),
            wanted: wanted.to_owned(),
            got: got.to_owned(),
        }
    }

    /// Something is not in this section.
    pub(crate) fn missing<T>(
        &self,
        section: &Spanned<T>,
        what: &str,
        wanted: &str,
    ) -> SettingsError {
        SettingsError::Missing {
            place: self.place(section, what),
            what: what.to_owned(),
            wanted: wanted.to_owned(),
        }
    }

    pub(crate) fn choice<T: Copy>(
        &self,
        value: Option<&Spanned<String>>,
        field: &str,
        default: T,
        choices: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let Some(value) = value else {
            return Ok(default);
        };
        let chosen = choices.iter().find(|(name, _)| *name == value.value);
        chosen.map(|(_, it)| *it).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let wanted = format!("one of {}", names.join(", "));
            self.wrong(value, field, &wanted, &value.value)
        })
    }

    pub(crate) fn parsed<T: FromStr>(
        &self,
        value: &Spanned<String>,
        field: &str,
        wanted: &str,
    ) -> Result<T, SettingsError> {
        value
            .value
            .parse()
            .map_err(|_| self.wrong(value, field, wanted, &value.value))
    }

    /// A number of seconds within this range.
    pub(crate) fn seconds(
        &self,
        value: Option<&Spanned<Number<u64>>>,
        field: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SettingsError> {
        self.number((value, "seconds"), field, default, range)
    }

    pub(crate) fn days(
        &self,
        value: Option<&Spanned<Number<u64>>>,
        field: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SettingsError> {
        self.number((value, "days"), field, default, range)
    }

    fn number(
        &self,
        (value, unit): (Option<&Spanned<Number<u64>>>, &str),
        field: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SettingsError> {
        let Some(value) = value else {
            return Ok(default);
        };
        let Number(number) = value.value;
        if range.contains(&number) {
            return Ok(number);
        }
        let wanted = format!("{} to {} {unit}", range.start(), range.end());
        Err(self.wrong(value, field, &wanted, &number.to_string()))
    }

    /// A port that none of `others` has. 0 would be any port, which no machine could know.
    pub(crate) fn port(
        &self,
        value: Option<&Spanned<Number<u16>>>,
        field: &str,
        default: u16,
        others: &[(&str, u16)],
    ) -> Result<u16, SettingsError> {
        let Some(value) = value else {
            return Ok(default);
        };
        let Number(port) = value.value;
        let got = port.to_string();
        if port == 0 {
            return Err(self.wrong(value, field, "a port from 1 to 65535", &got));
        }
        match others.iter().find(|(_, other)| *other == port) {
            Some((owner, _)) => {
                let wanted = format!("another port than that of {owner}");
                Err(self.wrong(value, field, &wanted, &got))
            }
            None => Ok(port),
        }
    }

    /// A filter of the log. `tracing` takes a word that is no level for the name of a program part,
    /// and then says nothing: so a word alone has to be a level.
    pub(crate) fn log_level(
        &self,
        value: Option<&Spanned<String>>,
    ) -> Result<String, SettingsError> {
        let Some(value) = value else {
            return Ok("info".to_owned());
        };
        let text = &value.value;
        let mut parts = text.split(',');
        let is_plain = parts.all(|it| it.contains('=') || it.parse::<LevelFilter>().is_ok());
        if is_plain && EnvFilter::try_new(text).is_ok() {
            return Ok(text.clone());
        }
        let wanted = "error, warn, info, debug or trace, or a filter such as info,pxe_server=debug";
        Err(self.wrong(value, "log.level", wanted, text))
    }
}
