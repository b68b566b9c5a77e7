//! From the file to checked settings: every value that can be wrong is looked at here, and all that
//! are wrong are told at once.

mod images;
mod reach;
mod subnets;

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use machine_core::plan::work::CONFIG_REQUEST_TIMEOUT;
use machine_store::location::Location;
use serde_saphyr::Spanned;

use crate::settings::checker::Checker;
use crate::settings::file::{
    HttpSection, InstallSection, ReconcileSection, RetentionSection, SettingsFile, TalosSection,
};
use crate::settings::{LogFormat, Mistakes, Place, Settings, SettingsError};
use fleet::error::chain;
use fleet::expiry::retention::Retention;
use fleet::site::Ports;

/// Checks what the file says by itself; interfaces and files are looked at when they are used. All
/// mistakes are told, those of the reader too.
pub fn check(source: &str, file: &SettingsFile) -> Result<Settings, Mistakes> {
    let checker = Checker {
        source,
        elsewhere: &file.elsewhere,
        mistakes: RefCell::new(file.mistakes.clone()),
    };
    let settings = checker.settings(file);
    let told = checker.mistakes.into_inner();
    if told.is_empty() {
        Ok(settings)
    } else {
        Err(Mistakes::new(told, settings))
    }
}

/// Other UDP ports that Drover has.
const DHCP_PORTS: &[(&str, u16)] = &[("DHCP", 67), ("proxy DHCP", 4011)];

/// The port of RFC 1350 §4.
const TFTP: u16 = 69;

/// Seconds between two sweeps: what nobody tells of, such as a machine that was switched off by hand,
/// is seen within half a minute.
const SWEEP: u64 = 30;

const LOG_FORMATS: &[(&str, LogFormat)] = &[
    ("auto", LogFormat::Auto),
    ("text", LogFormat::Text),
    ("json", LogFormat::Json),
];

/// How many seconds a system may take to ask for its config. Less than a minute cuts off a slow
/// start of its network; with more than half an hour the attempt would be over first.
const CONFIG_REQUEST_SECONDS: RangeInclusive<u64> = 60..=1800;

const SECONDS_A_DAY: u64 = 86400;
/// For how many days what happened may be kept. Within a day an install is over, and its timeline was
/// looked at; ten years are longer than a server lives.
const RETENTION_DAYS: RangeInclusive<u64> = 1..=3650;
impl Checker<'_> {
    /// The settings; where a value is wrong, the default.
    fn settings(&self, file: &SettingsFile) -> Settings {
        let ports = self.ports(&file.http, &file.talos);
        let level = self.right(self.log_level(file.log.level.as_ref()));
        Settings {
            state_directory: path(file.state.directory.as_ref(), "/var/lib/drover"),
            database: self
                .right(self.database(file.state.database.as_ref()))
                .flatten(),
            http_port: ports.http,
            tftp_port: self
                .right(self.port(file.tftp.port.as_ref(), "tftp.port", TFTP, DHCP_PORTS))
                .unwrap_or(TFTP),
            loaders: path(file.loaders.directory.as_ref(), "/usr/lib/ipxe"),
            event_sink_port: ports.event_sink,
            log_port: ports.log,
            sweep: self.sweep(&file.reconcile),
            config_request_timeout: self.config_request_timeout(&file.install),
            retention: self.retention(&file.retention),
            log_format: self
                .right(self.choice(
                    file.log.format.as_ref(),
                    "log.format",
                    LogFormat::Auto,
                    LOG_FORMATS,
                ))
                .unwrap_or(LogFormat::Auto),
            log_level: level.unwrap_or_else(|| "info".to_owned()),
            subnets: self.subnets(&file.subnets),
            images: self.images(&file.images),
        }
    }

    fn sweep(&self, reconcile: &ReconcileSection) -> Duration {
        let told = reconcile.interval.as_ref();
        let seconds = self.seconds(told, "reconcile.interval", SWEEP, 1..=86400);
        Duration::from_secs(self.right(seconds).unwrap_or(SWEEP))
    }

    fn config_request_timeout(&self, install: &InstallSection) -> Duration {
        let told = install.config_request_timeout.as_ref();
        let field = "install.config_request_timeout";
        let default = CONFIG_REQUEST_TIMEOUT.as_secs();
        let seconds = self.seconds(told, field, default, CONFIG_REQUEST_SECONDS);
        Duration::from_secs(self.right(seconds).unwrap_or(default))
    }

    fn retention(&self, told: &RetentionSection) -> Retention {
        let default = Retention::DEFAULT;
        let days = |told, field, default: Duration| {
            let default = default.as_secs() / SECONDS_A_DAY;
            let days = self.right(self.days(told, field, default, RETENTION_DAYS));
            Duration::from_secs(days.unwrap_or(default) * SECONDS_A_DAY)
        };
        Retention {
            events: days(told.events.as_ref(), "retention.events", default.events),
            boots: days(told.boots.as_ref(), "retention.boots", default.boots),
        }
    }

    /// The TCP ports. One that is not told gives way to none: the one that is told is named.
    fn ports(&self, http: &HttpSection, talos: &TalosSection) -> Ports {
        let told = [
            ("http.port", http.port.as_ref(), 8080),
            (
                "talos.event_sink_port",
                talos.event_sink_port.as_ref(),
                8081,
            ),
            ("talos.log_port", talos.log_port.as_ref(), 8082),
        ];
        let taken =
            told.map(|(field, port, default)| (field, port.map_or(default, |it| it.value.0)));
        let port = |(field, port, default)| {
            let is_other = |other: &&(&str, u16)| other.0 != field;
            let others: Vec<_> = taken.iter().filter(is_other).copied().collect();
            let port = self.right(self.port(port, field, default, &others));
            port.unwrap_or(default)
        };
        let [http, event_sink, log] = told.map(port);
        Ports {
            http,
            event_sink,
            log,
        }
    }

    /// The URL may hold a password: it is not repeated.
    fn database(&self, told: Option<&Spanned<String>>) -> Result<Option<String>, SettingsError> {
        let Some(told) = told else {
            return Ok(None);
        };
        let field = "state.database";
        match told.value.parse::<Location>() {
            Ok(Location::Postgres(_)) => Ok(Some(told.value.clone())),
            Ok(Location::SqliteFile(_) | Location::SqliteMemory) => Err(self.wrong(
                told,
                field,
                "a URL that begins with postgres://",
                "something else",
            )),
            Err(error) => {
                let why = chain(&error);
                Err(self.wrong(told, field, "the URL of a PostgreSQL database", &why))
            }
        }
    }
}

fn twice(place: &Place, field: &str, got: &str) -> SettingsError {
    SettingsError::Value {
        place: place.clone(),
        field: field.to_owned(),
        wanted: "something that stands here only once".to_owned(),
        got: got.to_owned(),
    }
}

fn path(told: Option<&Spanned<String>>, default: &str) -> PathBuf {
    PathBuf::from(told.map_or(default, |it| it.value.as_str()))
}
