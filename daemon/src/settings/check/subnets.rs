//! Subnets as the settings tell them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use machine_core::network::{AddressRange, DhcpMode, SubnetName, UnknownPolicy};
use pxe_server::foreign_server::PATIENCE;
use serde_saphyr::Spanned;

use crate::settings::check::twice;
use crate::settings::checker::Checker;
use crate::settings::file::SubnetSection;
use crate::settings::{SettingsError, SubnetSettings};

/// Seconds of a lease: an hour bears a restart of Drover, and gives an address back within the hour.
const LEASE: u64 = 3600;

/// A reply has room for 312 bytes of options (RFC 2131 §2), and all that machines boot by is among
/// them. Systems ask three name servers.
const MOST_NAME_SERVERS: usize = 8;

const UNKNOWN_POLICIES: &[(&str, UnknownPolicy)] = &[
    ("ignore", UnknownPolicy::Ignore),
    ("inspect", UnknownPolicy::Inspect),
];

impl Checker<'_> {
    /// The subnets that are right.
    pub(super) fn subnets(&self, sections: &[Spanned<SubnetSection>]) -> Vec<SubnetSettings> {
        let mut subnets: Vec<SubnetSettings> = Vec::new();
        for subnet in sections.iter().filter_map(|section| self.subnet(section)) {
            let mut earlier = subnets.iter();
            let same = earlier.find_map(|other| {
                if other.name == subnet.name {
                    Some(("subnets.name", subnet.name.as_str()))
                } else {
                    let is_same = other.interface == subnet.interface;
                    is_same.then_some(("subnets.interface", subnet.interface.as_str()))
                }
            });
            match same {
                Some((field, got)) => {
                    self.right::<()>(Err(twice(&subnet.place, field, got)));
                }
                None => subnets.push(subnet),
            }
        }
        subnets
    }

    fn subnet(&self, told: &Spanned<SubnetSection>) -> Option<SubnetSettings> {
        let section = &told.value;
        let interface = section.interface.as_ref().ok_or_else(|| {
            self.missing(
                told,
                "subnets.interface",
                "the name of a network interface such as eth1",
            )
        });
        let interface = self.right(interface);
        let mode = self.right(self.mode(told));
        let unknown = self.right(self.choice(
            section.unknown.as_ref(),
            "subnets.unknown",
            UnknownPolicy::Ignore,
            UNKNOWN_POLICIES,
        ));
        let router = self.right(self.router(section));
        let dns = self.right(self.name_servers(section));
        let lease_time = self.right(self.seconds(
            section.lease_time.as_ref(),
            "subnets.lease_time",
            LEASE,
            60..=u64::from(u32::MAX - 1),
        ));
        let foreign_server_wait = self.right(self.seconds(
            section.foreign_server_wait.as_ref(),
            "subnets.foreign_server_wait",
            PATIENCE.as_secs(),
            1..=60,
        ));
        let options = self.right(self.lease_options(section));
        let probe = section.probe_addresses.as_ref();
        let interface = interface?;
        let name = section
            .name
            .as_ref()
            .map_or(&interface.value, |name| &name.value);
        Some(SubnetSettings {
            place: self.place(interface, "subnets.interface"),
            name: SubnetName::new(name.clone()),
            interface: interface.value.clone(),
            mode: mode?,
            unknown: unknown?,
            router: router?,
            dns: dns?,
            lease_time: Duration::from_secs(lease_time?),
            options: options?,
            probe_addresses: probe.is_none_or(|told| told.value),
            foreign_server_wait: Duration::from_secs(foreign_server_wait?),
        })
    }

    fn router(&self, section: &SubnetSection) -> Result<Option<IpAddr>, SettingsError> {
        let told = section.router.as_ref();
        let parsed = |it| self.parsed(it, "subnets.router", "an address such as 10.77.0.1");
        told.map(parsed).transpose()
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
        let ranges = self.ranges(section)?;
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

    fn ranges(&self, section: &SubnetSection) -> Result<Vec<AddressRange>, SettingsError> {
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
        Ok(ranges)
    }
}
