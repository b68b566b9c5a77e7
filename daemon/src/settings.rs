//! What `drover serve` is told: from one YAML file, the environment and flags, in this order of
//! growing weight. [`Settings`] are checked: what can be wrong in them is found here, with the file
//! and the line, what was wanted and what came.

pub mod check;
mod checker;
pub mod file;
mod form;
mod lease_options;
pub mod sample;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use api_server::yaml::reading::read;
use fleet::expiry::retention::Retention;
use machine_core::hardware::Arch;
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, SubnetName, UnknownPolicy};
use thiserror::Error;

use crate::settings::file::{SINGLE_SECTIONS, SettingsFile};
use crate::settings::form::SETTINGS;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, the environment variable or the flag.
    pub source: String,
    /// The line in the file, from 1; 0 if there is none.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.source),
            line => write!(f, "{}:{line}", self.source),
        }
    }
}

/// Settings that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The file can't be read.
    #[error("can't read the settings file {path}: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// It is not YAML, or has a field that is not known, or one of the wrong kind.
    #[error("{place}: {why}")]
    Malformed {
        /// Where.
        place: Place,
        /// What was wanted and what came.
        why: String,
    },
    /// A value is not what it should be.
    #[error("{place}: {field}: wanted {wanted}, got {got:?}")]
    Value {
        /// Where.
        place: Place,
        /// Which setting.
        field: String,
        /// What would have been accepted.
        wanted: String,
        /// What came.
        got: String,
    },
    /// Something that is needed is not there.
    #[error("{place}: {what} is missing: {wanted}")]
    Missing {
        /// Where the section stands that it should be in.
        place: Place,
        /// Which setting.
        what: String,
        /// What would have been accepted.
        wanted: String,
    },
}

/// How Drover writes its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A subnet as the settings describe it: its network and our address in it come from the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetSettings {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: SubnetName,
    /// The interface that is in it.
    pub interface: String,
    /// How its DHCP is done.
    pub mode: DhcpMode,
    /// What unknown machines get.
    pub unknown: UnknownPolicy,
    /// The default gateway of leases.
    pub router: Option<IpAddr>,
    /// The name servers of leases.
    pub dns: Vec<IpAddr>,
    /// How long a lease lasts.
    pub lease_time: Duration,
    /// What leases say beside.
    pub options: LeaseOptions,
    /// How long to listen for another DHCP server first.
    pub foreign_server_wait: Duration,
}

/// A file of an image, with the hash that it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// Where it stands.
    pub place: Place,
    /// Where it is.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// An image that machines can boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSettings {
    /// Where it stands.
    pub place: Place,
    /// What clusters call it.
    pub name: String,
    /// For which machines.
    pub arch: Arch,
    /// The kernel.
    pub kernel: ImageFile,
    /// The initial RAM disk.
    pub initrd: ImageFile,
    /// Further kernel arguments.
    pub arguments: Vec<String>,
    /// The container image that installs the system, if it is not the usual one.
    pub installer: Option<String>,
}

/// Checked settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Directory of all state.
    pub state_directory: PathBuf,
    /// A PostgreSQL URL, if the state is not in SQLite. May hold a password.
    pub database: Option<String>,
    /// TCP port of the boot plane's HTTP.
    pub http_port: u16,
    /// UDP port of TFTP.
    pub tftp_port: u16,
    /// Directory of the bootloaders.
    pub loaders: PathBuf,
    /// TCP port of the event sink.
    pub event_sink_port: u16,
    /// TCP port of the logs.
    pub log_port: u16,
    /// Between two sweeps of the reconcile loop.
    pub sweep: Duration,
    /// How long a system that was started from the network may take to ask for its config.
    pub config_request_timeout: Duration,
    /// For how long what happened is kept.
    pub retention: Retention,
    /// How to log.
    pub log_format: LogFormat,
    /// What to log.
    pub log_level: String,
    /// The subnets.
    pub subnets: Vec<SubnetSettings>,
    /// The images.
    pub images: Vec<ImageSettings>,
}

/// Everything but the database's URL, which may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("state_directory", &self.state_directory)
            .field("database", &self.database.as_ref().map(|_| "(set)"))
            .field("http_port", &self.http_port)
            .field("subnets", &self.subnets)
            .field("images", &self.images)
            .finish_non_exhaustive()
    }
}

/// Reads a settings file's text; one that says nothing leaves every setting as it is.
pub fn parse(source: &str, text: &str) -> Result<SettingsFile, SettingsError> {
    let malformed = |line, why| SettingsError::Malformed {
        place: Place {
            source: source.to_owned(),
            line,
        },
        why,
    };
    let documents = read::<SettingsFile>(text, &SETTINGS);
    let mut documents = documents
        .map_err(|it| malformed(it.line, it.why))?
        .into_iter();
    let first = documents.next();
    match documents.next() {
        None => Ok(first.map_or_else(SettingsFile::default, |it| it.value)),
        Some(second) => {
            let why = "a second document begins here: wanted all settings in one, without --- \
                       between them";
            Err(malformed(second.referenced.line(), why.to_owned()))
        }
    }
}

/// The settings that `DROVER_SECTION_FIELD` variables make, over those of `below`.
pub fn with_environment(
    below: SettingsFile,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<SettingsFile, SettingsError> {
    let mut settings = below;
    for (section, _, fields) in SINGLE_SECTIONS {
        for field in fields {
            let name = format!("DROVER_{section}_{}", field.name).to_uppercase();
            let Some(value) = variable(&name) else {
                continue;
            };
            let quoted = value.replace('\'', "''");
            let plain = value.bytes().all(|byte| byte.is_ascii_digit());
            let scalar = if plain { value } else { format!("'{quoted}'") };
            let text = format!("{section}:\n  {}: {scalar}\n", field.name);
            let source = format!("environment variable {name}");
            let mut told = parse(&source, &text).map_err(SettingsError::without_line)?;
            let setting = format!("{section}.{}", field.name);
            told.elsewhere.insert(setting, source);
            settings = told.over(settings);
        }
    }
    Ok(settings)
}

/// The settings that `--interface` makes: one proxy subnet. Only without subnets in the file.
pub fn with_interface(below: SettingsFile, interface: &str) -> Result<SettingsFile, SettingsError> {
    if !below.subnets.is_empty() {
        return Err(SettingsError::Value {
            place: Place {
                source: "--interface".to_owned(),
                line: 0,
            },
            field: "subnets".to_owned(),
            wanted: "either --interface or subnets in the settings file".to_owned(),
            got: "both".to_owned(),
        });
    }
    let quoted = interface.replace('\'', "''");
    let text = format!("subnets:\n  - interface: '{quoted}'\n");
    let mut told = parse("--interface", &text)?;
    told.elsewhere
        .insert("subnets".to_owned(), "--interface".to_owned());
    Ok(told.over(below))
}

impl SettingsError {
    fn without_line(self) -> Self {
        match self {
            Self::Malformed { place, why } => Self::Malformed {
                place: Place { line: 0, ..place },
                why,
            },
            Self::Unreadable { .. } | Self::Value { .. } | Self::Missing { .. } => self,
        }
    }
}

#[cfg(test)]
mod tests;
