//! From the file to checked settings: every value that can be wrong is looked at here.

use std::path::PathBuf;
use std::time::Duration;

use machine_core::hardware::Arch;
use machine_core::network::{AddressRange, DhcpMode, SubnetName, UnknownPolicy};
use serde_saphyr::Spanned;

use crate::settings::file::{ImageSection, LogSection, SettingsFile, StateSection, SubnetSection};
use crate::settings::{
    ImageFile, ImageSettings, LogFormat, Place, Settings, SettingsError, SubnetSettings,
};

/// Checks what the file says by itself; interfaces and files are looked at when they are used.
pub fn check(source: &str, file: SettingsFile) -> Result<Settings, SettingsError> {
    let checker = Checker { source };
    let StateSection {
        directory,
        database,
    } = file.state;
    let LogSection { format, level } = file.log;
    Ok(Settings {
        state_directory: PathBuf::from(value_or(directory, || "/var/lib/drover".to_owned())),
        database: database.map(|database| database.value),
        http_port: value_or(file.http.port, || 8080),
        tftp_port: value_or(file.tftp.port, || 69),
        loaders: PathBuf::from(value_or(file.loaders.directory, || {
            "/usr/lib/ipxe".to_owned()
        })),
        event_sink_port: value_or(file.talos.event_sink_port, || 8081),
        log_port: value_or(file.talos.log_port, || 8082),
        sweep: Duration::from_secs(value_or(file.reconcile.interval, || 30).max(1)),
        log_format: checker.choice(format.as_ref(), "log.format", LogFormat::Auto, LOG_FORMATS)?,
        log_level: value_or(level, || "info".to_owned()),
        subnets: checker.subnets(&file.subnets)?,
        images: checker.images(&file.images)?,
    })
}

const LOG_FORMATS: &[(&str, LogFormat)] = &[
    ("auto", LogFormat::Auto),
    ("text", LogFormat::Text),
    ("json", LogFormat::Json),
];

const UNKNOWN_POLICIES: &[(&str, UnknownPolicy)] = &[
    ("ignore", UnknownPolicy::Ignore),
    ("inspect", UnknownPolicy::Inspect),
];

/// Checks values, and knows the file for its messages.
struct Checker<'a> {
    source: &'a str,
}

impl Checker<'_> {
    fn place<T>(&self, value: &Spanned<T>) -> Place {
        Place {
            source: self.source.to_owned(),
            line: value.referenced.line(),
        }
    }

    fn wrong<T>(&self, value: &Spanned<T>, field: &str, wanted: &str, got: &str) -> SettingsError {
        SettingsError::Value {
            place: self.place(value),
            field: field.to_owned(),
            wanted: wanted.to_owned(),
            got: got.to_owned(),
        }
    }

    fn missing(&self, what: &str, wanted: &str) -> SettingsError {
        SettingsError::Missing {
            source_name: self.source.to_owned(),
            what: what.to_owned(),
            wanted: wanted.to_owned(),
        }
    }

    fn choice<T: Copy>(
        &self,
        value: Option<&Spanned<String>>,
        field: &str,
        default: T,
        choices: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let Some(value) = value else {
            return Ok(default);
        };
        choices
            .iter()
            .find(|(name, _)| *name == value.value)
            .map(|(_, it)| *it)
            .ok_or_else(|| {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                self.wrong(
                    value,
                    field,
                    &format!("one of {}", names.join(", ")),
                    &value.value,
                )
            })
    }

    fn parsed<T: std::str::FromStr>(
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

    fn subnets(&self, sections: &[SubnetSection]) -> Result<Vec<SubnetSettings>, SettingsError> {
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

    fn subnet(&self, section: &SubnetSection) -> Result<SubnetSettings, SettingsError> {
        let interface = section.interface.as_ref().ok_or_else(|| {
            self.missing(
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
        let dns = section.dns.iter().flat_map(|list| &list.value);
        Ok(SubnetSettings {
            place: self.place(interface),
            name: SubnetName::new(name.clone()),
            interface: interface.value.clone(),
            mode: self.mode(section)?,
            unknown: self.choice(
                section.unknown.as_ref(),
                "subnets.unknown",
                UnknownPolicy::Ignore,
                UNKNOWN_POLICIES,
            )?,
            router: router
                .map(|it| self.parsed(it, "subnets.router", address))
                .transpose()?,
            dns: dns
                .map(|it| self.parsed(it, "subnets.dns", address))
                .collect::<Result<_, _>>()?,
            lease_time: self.lease_time(section)?,
        })
    }

    fn lease_time(&self, section: &SubnetSection) -> Result<Duration, SettingsError> {
        let Some(value) = &section.lease_time else {
            return Ok(Duration::from_hours(1));
        };
        if (60..=u64::from(u32::MAX - 1)).contains(&value.value) {
            return Ok(Duration::from_secs(value.value));
        }
        let wanted = "60 to 4294967294 seconds";
        Err(self.wrong(
            value,
            "subnets.lease_time",
            wanted,
            &value.value.to_string(),
        ))
    }

    fn mode(&self, section: &SubnetSection) -> Result<DhcpMode, SettingsError> {
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
        let mode = self.choice(section.mode.as_ref(), "subnets.mode", Mode::Proxy, &modes)?;
        let wanted = "a range such as 10.77.0.50-10.77.0.200";
        let ranges = section.ranges.iter().flat_map(|list| &list.value);
        let ranges: Vec<AddressRange> = ranges
            .map(|range| self.parsed(range, "subnets.ranges", wanted))
            .collect::<Result<_, _>>()?;
        match (mode, &section.ranges) {
            (Mode::Authoritative, _) if ranges.is_empty() => Err(self.missing(
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

    fn images(&self, sections: &[ImageSection]) -> Result<Vec<ImageSettings>, SettingsError> {
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

    fn image(&self, section: &ImageSection) -> Result<ImageSettings, SettingsError> {
        let name = section
            .name
            .as_ref()
            .ok_or_else(|| self.missing("images.name", "a name such as talos-1.13.9"))?;
        let arch = section.arch.as_ref();
        let arguments = section.arguments.iter().flat_map(|list| &list.value);
        Ok(ImageSettings {
            place: self.place(name),
            name: name.value.clone(),
            arch: arch
                .map(|arch| self.parsed(arch, "images.arch", "amd64 or arm64"))
                .transpose()?
                .unwrap_or(Arch::X86_64),
            kernel: self.image_file(
                "kernel",
                section.kernel.as_ref(),
                section.kernel_sha256.as_ref(),
            )?,
            initrd: self.image_file(
                "initrd",
                section.initrd.as_ref(),
                section.initrd_sha256.as_ref(),
            )?,
            arguments: arguments.map(|argument| argument.value.clone()).collect(),
        })
    }

    fn image_file(
        &self,
        what: &str,
        path: Option<&Spanned<String>>,
        sha256: Option<&Spanned<String>>,
    ) -> Result<ImageFile, SettingsError> {
        let path =
            path.ok_or_else(|| self.missing(&format!("images.{what}"), "the path of a file"))?;
        let field = format!("images.{what}_sha256");
        let sha256 = sha256
            .ok_or_else(|| self.missing(&field, "64 hexadecimal digits, as sha256sum prints"))?;
        let digest = parse_sha256(&sha256.value).ok_or_else(|| {
            self.wrong(
                sha256,
                &field,
                "64 hexadecimal digits, as sha256sum prints",
                &sha256.value,
            )
        })?;
        Ok(ImageFile {
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
