//! What `drover serve` is told: from one YAML file, the environment and flags, in this order of
//! growing weight. [`Settings`] are checked: all that can be wrong in them is found here, each mistake
//! with the file and the line, what was wanted and what came.

pub mod check;
mod checker;
pub mod environment;
pub mod file;
mod form;
mod lease_options;
pub mod reading;
pub mod sample;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use fleet::expiry::retention::Retention;
use machine_core::hardware::Arch;
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Network, SubnetName, UnknownPolicy};
use pxe_loader::loader_choice::LoaderChoice;
use thiserror::Error;

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

/// A subnet as the settings describe it: our address for it comes from the system, and mostly its
/// network, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetSettings {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: SubnetName,
    /// The interface by which its machines reach us.
    pub interface: String,
    /// Its network, if that is not the first of the interface.
    pub network: Option<Network>,
    /// The relays behind which it is, if it is not on the link of the interface.
    pub relays: Option<Vec<IpAddr>>,
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
    /// Which loader machines are given.
    pub loader: LoaderChoice,
    /// Whether an address is looked at by ARP before it is offered for the first time.
    pub probe_addresses: bool,
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

impl SettingsError {
    /// The line where it stands; 0 if there is none.
    const fn line(&self) -> u64 {
        match self {
            Self::Malformed { place, .. }
            | Self::Value { place, .. }
            | Self::Missing { place, .. } => place.line,
            Self::Unreadable { .. } => 0,
        }
    }
}

/// All mistakes of the settings, a line each, and what is left of the settings without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    /// The mistakes, in the order of their lines.
    pub told: Vec<SettingsError>,
    /// The images that are right, the subnets whose interface is known, and defaults in place of
    /// single values that are wrong.
    /// Nothing may be started with them: they are for whoever looks whether the host has mistakes,
    /// too.
    pub rest: Box<Settings>,
}

impl Mistakes {
    /// These mistakes of settings of which the rest is right.
    pub fn new(mut told: Vec<SettingsError>, rest: Settings) -> Self {
        told.sort_by_key(SettingsError::line);
        Self {
            told,
            rest: Box::new(rest),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.told.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests;
