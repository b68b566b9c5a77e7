//! From the file to checked settings: every value that can be wrong is looked at here.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use config_render::talos::machine::is_image;
use machine_core::hardware::Arch;
use machine_core::network::{AddressRange, DhcpMode, SubnetName, UnknownPolicy};
use machine_core::plan::work::CONFIG_REQUEST_TIMEOUT;
use machine_store::location::Location;
use pxe_loader::command_line::Argument;
use pxe_server::foreign_server::PATIENCE;
use serde_saphyr::Spanned;

use crate::settings::checker::Checker;
use crate::settings::file::{
    HttpSection, ImageSection, InstallSection, LogSection, RetentionSection, SettingsFile,
    StateSection, SubnetSection, TalosSection,
};
use crate::settings::form::INSTALLER;
use crate::settings::{
    ImageFile, ImageSettings, LogFormat, Place, Settings, SettingsError, SubnetSettings,
};
use fleet::error::chain;
use fleet::expiry::retention::Retention;
use fleet::site::Ports;

/// Checks what the file says by itself; interfaces and files are looked at when they are used.
pub fn check(source: &str, file: SettingsFile) -> Result<Settings, SettingsError> {
    let checker = Checker {
        source,
        elsewhere: &file.elsewhere,
    };
    let StateSection {
        directory,
        database,
    } = file.state;
    let LogSection { format, level } = file.log;
    let interval = file.reconcile.interval.as_ref();
    let sweep = checker.seconds(interval, "reconcile.interval", 30, 1..=86400)?;
    let config_request_timeout = checker.config_request_timeout(&file.install)?;
    let retention = checker.retention(&file.retention)?;
    let ports = checker.ports(&file.http, &file.talos)?;
    let tftp_port = file.tftp.port.as_ref();
    Ok(Settings {
        state_directory: PathBuf::from(value_or(directory, || "/var/lib/drover".to_owned())),
        database: checker.database(database)?,
        http_port: ports.http,
        tftp_port: checker.port(tftp_port, "tftp.port", 69, DHCP_PORTS)?,
        loaders: PathBuf::from(value_or(file.loaders.directory, || {
            "/usr/lib/ipxe".to_owned()
        })),
        event_sink_port: ports.event_sink,
        log_port: ports.log,
        sweep: Duration::from_secs(sweep),
        config_request_timeout,
        retention,
        log_format: checker.choice(format.as_ref(), "log.format", LogFormat::Auto, LOG_FORMATS)?,
        log_level: checker.log_level(level.as_ref())?,
        subnets: checker.subnets(&file.subnets)?,
        images: checker.images(&file.images)?,
    })
}

/// Other UDP ports that Drover has.
const DHCP_PORTS: &[(&str, u16)] = &[("DHCP", 67), ("proxy DHCP", 4011)];

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
/// Bytes of DHCP's option 6 by those of an address (RFC 2132 §2, §3.8).
const MOST_NAME_SERVERS: usize = 255 / 4;

/// What Drover itself gives of a kernel line: with another value a machine would fetch another
/// config, report to somebody else, or erase what no permission names.
const OWNED_ARGUMENTS: [&str; 10] = [
    "drover.",
    "talos.platform",
    "talos.config",
    "talos.events.sink",
    "talos.logging.kernel",
    "talos.experimental.wipe",
    "talos.halt_if_installed",
    "ignition.config.url",
    "flatcar.first_boot",
    "siderolink.api",
];

/// SHA-256 of no bytes: that of a file which a download left empty.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A kernel on x86 keeps 2 KiB; what Talos and Drover add has the other half.
const MOST_ARGUMENTS: usize = 1024;

const UNKNOWN_POLICIES: &[(&str, UnknownPolicy)] = &[
    ("ignore", UnknownPolicy::Ignore),
    ("inspect", UnknownPolicy::Inspect),
];

impl Checker<'_> {
    fn config_request_timeout(&self, install: &InstallSection) -> Result<Duration, SettingsError> {
        let told = install.config_request_timeout.as_ref();
        let field = "install.config_request_timeout";
        let default = CONFIG_REQUEST_TIMEOUT.as_secs();
        let seconds = self.seconds(told, field, default, CONFIG_REQUEST_SECONDS)?;
        Ok(Duration::from_secs(seconds))
    }

    fn retention(&self, told: &RetentionSection) -> Result<Retention, SettingsError> {
        let default = Retention::DEFAULT;
        let days = |told, field, default: Duration| {
            let default = default.as_secs() / SECONDS_A_DAY;
            let days = self.days(told, field, default, RETENTION_DAYS)?;
            Ok::<_, SettingsError>(Duration::from_secs(days * SECONDS_A_DAY))
        };
        Ok(Retention {
            events: days(told.events.as_ref(), "retention.events", default.events)?,
            boots: days(told.boots.as_ref(), "retention.boots", default.boots)?,
        })
    }

    /// The TCP ports. One that is not told gives way to none: the one that is told is named.
    fn ports(&self, http: &HttpSection, talos: &TalosSection) -> Result<Ports, SettingsError> {
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
            self.port(port, field, default, &others)
        };
        let [http, event_sink, log] = told;
        Ok(Ports {
            http: port(http)?,
            event_sink: port(event_sink)?,
            log: port(log)?,
        })
    }

    /// The URL may hold a password: it is not repeated.
    fn database(&self, told: Option<Spanned<String>>) -> Result<Option<String>, SettingsError> {
        let Some(told) = told else {
            return Ok(None);
        };
        let field = "state.database";
        match told.value.parse::<Location>() {
            Ok(Location::Postgres(_)) => Ok(Some(told.value)),
            Ok(Location::SqliteFile(_) | Location::SqliteMemory) => Err(self.wrong(
                &told,
                field,
                "a URL that begins with postgres://",
                "something else",
            )),
            Err(error) => {
                let why = chain(&error);
                Err(self.wrong(&told, field, "the URL of a PostgreSQL database", &why))
            }
        }
    }

    fn subnets(
        &self,
        sections: &[Spanned<SubnetSection>],
    ) -> Result<Vec<SubnetSettings>, SettingsError> {
        let subnets: Vec<SubnetSettings> = sections
            .iter()
            .map(|section| self.subnet(section))
            .collect::<Result<_, _>>()?;
        for (index, subnet) in subnets.iter().enumerate() {
            let earlier = subnets.iter().take(index);
            if earlier.clone().any(|other| other.name == subnet.name) {
                return Err(twice(&subnet.place, "subnets.name", subnet.name.as_str()));
            }
            if earlier
                .clone()
                .any(|other| other.interface == subnet.interface)
            {
                return Err(twice(&subnet.place, "subnets.interface", &subnet.interface));
            }
        }
        Ok(subnets)
    }

    fn subnet(&self, told: &Spanned<SubnetSection>) -> Result<SubnetSettings, SettingsError> {
        let section = &told.value;
        let interface = section.interface.as_ref().ok_or_else(|| {
            self.missing(
                told,
                "subnets.interface",
                "the name of a network interface such as eth1",
            )
        })?;
        let name = section
            .name
            .as_ref()
            .map_or(&interface.value, |name| &name.value);
        let address = "an address such as 10.77.0.1";
        let router = section.router.as_ref();
        Ok(SubnetSettings {
            place: self.place(interface, "subnets.interface"),
            name: SubnetName::new(name.clone()),
            interface: interface.value.clone(),
            mode: self.mode(told)?,
            unknown: self.choice(
                section.unknown.as_ref(),
                "subnets.unknown",
                UnknownPolicy::Ignore,
                UNKNOWN_POLICIES,
            )?,
            router: router
                .map(|it| self.parsed(it, "subnets.router", address))
                .transpose()?,
            dns: self.name_servers(section)?,
            options: self.lease_options(section)?,
            lease_time: Duration::from_secs(self.seconds(
                section.lease_time.as_ref(),
                "subnets.lease_time",
                3600,
                60..=u64::from(u32::MAX - 1),
            )?),
            foreign_server_wait: Duration::from_secs(self.seconds(
                section.foreign_server_wait.as_ref(),
                "subnets.foreign_server_wait",
                PATIENCE.as_secs(),
                1..=60,
            )?),
        })
    }

    fn name_servers(&self, section: &SubnetSection) -> Result<Vec<IpAddr>, SettingsError> {
        let field = "subnets.dns";
        let Some(told) = &section.dns else {
            return Ok(Vec::new());
        };
        if told.value.len() > MOST_NAME_SERVERS {
            let wanted = format!("at most {MOST_NAME_SERVERS} name servers");
            return Err(self.wrong(told, field, &wanted, &told.value.len().to_string()));
        }
        // A lease of IPv4 can't carry another address.
        let wanted = "an IPv4 address such as 10.77.0.1";
        let parsed = |it| -> Result<IpAddr, SettingsError> {
            let address: Ipv4Addr = self.parsed(it, field, wanted)?;
            Ok(address.into())
        };
        told.value.iter().map(parsed).collect()
    }

    fn mode(&self, told: &Spanned<SubnetSection>) -> Result<DhcpMode, SettingsError> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mode {
            Authoritative,
            Proxy,
            Off,
        }
        let modes = [
            ("proxy", Mode::Proxy),
            ("authoritative", Mode::Authoritative),
            ("off", Mode::Off),
        ];
        let section = &told.value;
        let mode = self.choice(section.mode.as_ref(), "subnets.mode", Mode::Proxy, &modes)?;
        let wanted = "a range such as 10.77.0.50-10.77.0.200";
        let ranges = section.ranges.iter().flat_map(|list| &list.value);
        let ranges: Vec<AddressRange> = ranges
            .map(|range| self.parsed(range, "subnets.ranges", wanted))
            .collect::<Result<_, _>>()?;
        let listed = section.ranges.iter().flat_map(|list| &list.value);
        for (index, (range, told)) in ranges.iter().zip(listed).enumerate() {
            let mut before = ranges.iter().take(index);
            let meets = |other: &&AddressRange| {
                other.contains(range.first()) || range.contains(other.first())
            };
            if let Some(other) = before.find(meets) {
                let wanted = format!("a range apart from {other}");
                return Err(self.wrong(told, "subnets.ranges", &wanted, &told.value));
            }
        }
        match (mode, &section.ranges) {
            (Mode::Authoritative, _) if ranges.is_empty() => Err(self.missing(
                told,
                "subnets.ranges",
                "an authoritative subnet says what it may lease: [10.77.0.50-10.77.0.200]",
            )),
            (Mode::Authoritative, _) => Ok(DhcpMode::Authoritative { ranges }),
            (Mode::Proxy | Mode::Off, Some(given)) => Err(self.wrong(
                given,
                "subnets.ranges",
                "no ranges, or mode: authoritative",
                "ranges in a subnet that leases nothing",
            )),
            (Mode::Proxy, None) => Ok(DhcpMode::Proxy),
            (Mode::Off, None) => Ok(DhcpMode::Off),
        }
    }

    fn images(
        &self,
        sections: &[Spanned<ImageSection>],
    ) -> Result<Vec<ImageSettings>, SettingsError> {
        let images: Vec<ImageSettings> = sections
            .iter()
            .map(|section| self.image(section))
            .collect::<Result<_, _>>()?;
        for (index, image) in images.iter().enumerate() {
            let same = |other: &ImageSettings| other.name == image.name && other.arch == image.arch;
            if images.iter().take(index).any(same) {
                return Err(twice(&image.place, "images.name", &image.name));
            }
        }
        Ok(images)
    }

    fn image(&self, told: &Spanned<ImageSection>) -> Result<ImageSettings, SettingsError> {
        let section = &told.value;
        let name = section
            .name
            .as_ref()
            .ok_or_else(|| self.missing(told, "images.name", "a name such as talos-1.13.9"))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_one_word = name.value.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && name.value.bytes().all(allowed);
        if !is_one_word {
            let wanted = "letters, digits, dots, hyphens and underscores, such as talos-1.13.9";
            return Err(self.wrong(name, "images.name", wanted, &name.value));
        }
        let arch = section.arch.as_ref();
        Ok(ImageSettings {
            place: self.place(name, "images.name"),
            name: name.value.clone(),
            arch: arch
                .map(|arch| self.parsed(arch, "images.arch", "amd64 or arm64"))
                .transpose()?
                .unwrap_or(Arch::X86_64),
            kernel: self.image_file(
                told,
                "kernel",
                section.kernel.as_ref(),
                section.kernel_sha256.as_ref(),
            )?,
            initrd: self.image_file(
                told,
                "initrd",
                section.initrd.as_ref(),
                section.initrd_sha256.as_ref(),
            )?,
            arguments: self.arguments(section)?,
            installer: self.installer(section)?,
        })
    }

    fn installer(&self, section: &ImageSection) -> Result<Option<String>, SettingsError> {
        let Some(told) = &section.installer else {
            return Ok(None);
        };
        if !is_image(&told.value) {
            return Err(self.wrong(told, "images.installer", INSTALLER, &told.value));
        }
        Ok(Some(told.value.clone()))
    }

    /// By the rule of whoever writes the script: what he would refuse is refused here, where there
    /// is a line to name.
    fn arguments(&self, section: &ImageSection) -> Result<Vec<String>, SettingsError> {
        let Some(told) = &section.arguments else {
            return Ok(Vec::new());
        };
        let field = "images.arguments";
        for argument in &told.value {
            if OWNED_ARGUMENTS
                .iter()
                .any(|it| argument.value.starts_with(it))
            {
                let wanted = "none that says which config a machine gets, to whom it reports, or \
                              what it erases: those are given by Drover";
                return Err(self.wrong(argument, field, wanted, &argument.value));
            }
            let parsed: Result<Argument, _> = argument.value.parse();
            if let Err(why) = parsed {
                return Err(SettingsError::Malformed {
                    place: self.place(argument, field),
                    why: format!("{field}: {why}"),
                });
            }
        }
        let text = |argument: &Spanned<String>| argument.value.clone();
        let texts: Vec<String> = told.value.iter().map(text).collect();
        let length = texts.join(" ").len();
        if length > MOST_ARGUMENTS {
            let wanted = format!("at most {MOST_ARGUMENTS} bytes");
            return Err(self.wrong(told, field, &wanted, &format!("{length} bytes")));
        }
        Ok(texts)
    }

    fn image_file(
        &self,
        told: &Spanned<ImageSection>,
        what: &str,
        path: Option<&Spanned<String>>,
        sha256: Option<&Spanned<String>>,
    ) -> Result<ImageFile, SettingsError> {
        let field = format!("images.{what}");
        let path = path.ok_or_else(|| self.missing(told, &field, "the path of a file"))?;
        let place = self.place(path, &field);
        let field = format!("images.{what}_sha256");
        let wanted = "64 hexadecimal digits, as sha256sum prints";
        let sha256 = sha256.ok_or_else(|| self.missing(told, &field, wanted))?;
        if sha256.value.eq_ignore_ascii_case(OF_NOTHING) {
            let wanted = "the digest of a whole file";
            return Err(self.wrong(sha256, &field, wanted, "that of an empty one"));
        }
        let digest = parse_sha256(&sha256.value)
            .ok_or_else(|| self.wrong(sha256, &field, wanted, &sha256.value))?;
        Ok(ImageFile {
            place,
            path: PathBuf::from(&path.value),
            sha256: digest,
        })
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

fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| {
            if let [high, low] = pair {
                Some(high << 4 | low)
            } else {
                None
            }
        })
        .collect();
    (digits.len() == 64)
        .then(|| bytes.try_into().ok())
        .flatten()
}

fn value_or<T>(value: Option<Spanned<T>>, default: impl FnOnce() -> T) -> T {
    value.map_or_else(default, |value| value.value)
}
