//! Subnets as the settings tell them.

use std::net::IpAddr;
use std::time::Duration;

use machine_core::network::{AddressRange, DhcpMode, SubnetName, UnknownPolicy};
use pxe_loader::loader_choice::LoaderChoice;
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
    /// The subnets, with defaults in place of what is wrong in them; only whose interface is not
    /// known is left out.
    pub(super) fn subnets(&self, sections: &[Spanned<SubnetSection>]) -> Vec<SubnetSettings> {
        let mut subnets: Vec<SubnetSettings> = Vec::new();
        for subnet in sections.iter().filter_map(|section| self.subnet(section)) {
            let mut earlier = subnets.iter();
            let same = earlier.find_map(|other| {
                if other.name == subnet.name {
                    Some(("subnets.name", subnet.name.as_str()))
                } else {
                    let is_same = other.interface == subnet.interface
                        && other.network.is_none()
                        && subnet.network.is_none();
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
        let mode = self.mode(told);
        let unknown = self.right(self.choice(
            section.unknown.as_ref(),
            "subnets.unknown",
            UnknownPolicy::Ignore,
            UNKNOWN_POLICIES,
        ));
        let loader = self.loader(section);
        let router = self.right(self.router(section)).flatten();
        let dns = self.name_servers(section);
        let lease_time = self.right(self.seconds(
            section.lease_time.as_ref(),
            "subnets.lease_time",
            LEASE,
            60..=u64::from(u32::MAX - 1),
        ));
        let patience = PATIENCE.as_secs();
        let foreign_server_wait = self.right(self.seconds(
            section.foreign_server_wait.as_ref(),
            "subnets.foreign_server_wait",
            patience,
            1..=60,
        ));
        let network = self.network(section);
        let relays = self.relays(told, &mode);
        let options = self.lease_options(section);
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
            network,
            relays,
            mode,
            unknown: unknown.unwrap_or(UnknownPolicy::Ignore),
            router,
            dns,
            lease_time: Duration::from_secs(lease_time.unwrap_or(LEASE)),
            options,
            loader,
            probe_addresses: probe.is_none_or(|told| told.value),
            foreign_server_wait: Duration::from_secs(foreign_server_wait.unwrap_or(patience)),
        })
    }

    fn loader(&self, section: &SubnetSection) -> LoaderChoice {
        let told = section.loader.as_ref();
        let default = LoaderChoice::default();
        let choices = LoaderChoice::ALL.map(|it| (it.as_str(), it));
        let chosen = self.choice(told, "subnets.loader", default, &choices);
        self.right(chosen).unwrap_or(default)
    }

    fn router(&self, section: &SubnetSection) -> Result<Option<IpAddr>, SettingsError> {
        let told = section.router.as_ref();
        let parsed = |it| self.parsed(it, "subnets.router", "an address such as 10.77.0.1");
        told.map(parsed).transpose()
    }

    fn name_servers(&self, section: &SubnetSection) -> Vec<IpAddr> {
        let field = "subnets.dns";
        let told = section.dns.as_ref();
        let told = self.right(self.at_most(told, field, (MOST_NAME_SERVERS, "name servers")));
        self.addresses(told.unwrap_or_default(), field)
    }

    /// How its DHCP is done. Where that is wrong, ranges are looked at as those of a subnet that
    /// leases them.
    fn mode(&self, told: &Spanned<SubnetSection>) -> DhcpMode {
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
        let (section, field) = (&told.value, "subnets.mode");
        let mode = self.right(self.choice(section.mode.as_ref(), field, Mode::Proxy, &modes));
        let mode = mode.filter(|_| !self.is_unread(field));
        let ranges = self.ranges(section);
        let given = section.ranges.as_ref();
        match (mode, given) {
            (Some(Mode::Authoritative), given) => {
                if given.is_none_or(|it| it.value.is_empty()) {
                    self.right::<()>(Err(self.missing(
                        told,
                        "subnets.ranges",
                        "an authoritative subnet says what it may lease: [10.77.0.50-10.77.0.200]",
                    )));
                }
                DhcpMode::Authoritative { ranges }
            }
            (Some(Mode::Proxy | Mode::Off), Some(given)) => {
                self.right::<()>(Err(self.wrong(
                    given,
                    "subnets.ranges",
                    "no ranges, or mode: authoritative",
                    "ranges in a subnet that leases nothing",
                )));
                DhcpMode::Proxy
            }
            (None, Some(_)) => DhcpMode::Authoritative { ranges },
            (Some(Mode::Off), None) => DhcpMode::Off,
            (Some(Mode::Proxy) | None, None) => DhcpMode::Proxy,
        }
    }

    /// The ranges that are right, and apart from those before them.
    fn ranges(&self, section: &SubnetSection) -> Vec<AddressRange> {
        let mut ranges = Vec::new();
        for told in section.ranges.iter().flat_map(|list| &list.value) {
            ranges.extend(self.right(self.range(told, &ranges)));
        }
        ranges
    }

    fn range(
        &self,
        told: &Spanned<String>,
        before: &[AddressRange],
    ) -> Result<AddressRange, SettingsError> {
        let (field, wanted) = ("subnets.ranges", "a range such as 10.77.0.50-10.77.0.200");
        let range: AddressRange = self.parsed(told, field, wanted)?;
        let meets =
            |other: &&AddressRange| other.contains(range.first()) || range.contains(other.first());
        match before.iter().find(meets) {
            Some(other) => {
                let wanted = format!("a range apart from {other}");
                Err(self.wrong(told, field, &wanted, &told.value))
            }
            None => Ok(range),
        }
    }
}
