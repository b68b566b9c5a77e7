//! What the leases of a subnet say of its network beside addresses, router and name servers.

use std::net::{IpAddr, Ipv4Addr};

use api_server::yaml::plain::Number;
use machine_core::lease_options::{DomainName, LeaseOptions};
use serde_saphyr::Spanned;

use crate::settings::SettingsError;
use crate::settings::checker::Checker;
use crate::settings::file::SubnetSection;
use crate::settings::form::DOMAIN;

/// The smallest that every host has to take in one piece (RFC 791 §3.1); DHCP needs as much.
const LEAST_MTU: u16 = 576;
/// As many as resolvers took for long (`resolv.conf(5)`: six before glibc 2.26).
const MOST_DOMAINS: usize = 6;
/// As many as RFC 2132 §3.18 has room for are of no use; NTP asks for four or five.
const MOST_TIME_SERVERS: usize = 8;

impl Checker<'_> {
    /// The options of a subnet's leases, without what is wrong.
    pub(crate) fn lease_options(&self, section: &SubnetSection) -> LeaseOptions {
        let field = "subnets.time_servers";
        let most = (MOST_TIME_SERVERS, "time servers");
        let servers = self.right(self.at_most(section.time_servers.as_ref(), field, most));
        let time_servers = self.addresses(servers.unwrap_or_default(), field);
        let field = "subnets.search";
        let most = (MOST_DOMAINS, "domains");
        let search = self.right(self.at_most(section.search.as_ref(), field, most));
        let search = search.unwrap_or_default().iter();
        let search = search.filter_map(|it| self.right(self.parsed(it, field, DOMAIN)));
        let domain = section.domain.as_ref();
        let domain = domain.map(|it| self.parsed(it, "subnets.domain", DOMAIN));
        LeaseOptions {
            domain: domain.and_then(|it| self.right(it)),
            search: search.collect::<Vec<DomainName>>(),
            mtu: self.right(self.mtu(section.mtu.as_ref())).flatten(),
            time_servers,
        }
    }

    /// The addresses of a list that are right. A lease of IPv4 can't carry another address.
    pub(crate) fn addresses(&self, told: &[Spanned<String>], field: &str) -> Vec<IpAddr> {
        let wanted = "an IPv4 address such as 10.77.0.1";
        let address = |it| self.right(self.parsed::<Ipv4Addr>(it, field, wanted));
        told.iter().filter_map(address).map(IpAddr::V4).collect()
    }

    /// A list that is not longer than this.
    pub(crate) fn at_most<'a>(
        &self,
        told: Option<&'a Spanned<Vec<Spanned<String>>>>,
        field: &str,
        (most, what): (usize, &str),
    ) -> Result<&'a [Spanned<String>], SettingsError> {
        match told {
            Some(told) if told.value.len() > most => {
                let wanted = format!("at most {most} {what}");
                Err(self.wrong(told, field, &wanted, &told.value.len().to_string()))
            }
            told => Ok(told.map_or(&[], |told| &told.value)),
        }
    }

    fn mtu(&self, told: Option<&Spanned<Number<u16>>>) -> Result<Option<u16>, SettingsError> {
        let Some(told) = told else {
            return Ok(None);
        };
        let Number(mtu) = told.value;
        if mtu >= LEAST_MTU {
            return Ok(Some(mtu));
        }
        let wanted = format!("{LEAST_MTU} to 65535 bytes");
        Err(self.wrong(told, "subnets.mtu", &wanted, &mtu.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::check::check;
    use crate::settings::reading::parse;

    fn options(text: &str) -> Result<LeaseOptions, String> {
        let text = format!("subnets:\n  - interface: eth1\n    {text}\n");
        let file = parse("drover.yaml", &text);
        let settings = check("drover.yaml", &file).map_err(|error| error.to_string())?;
        Ok(settings.subnets.into_iter().next().unwrap().options)
    }

    #[test]
    fn what_leases_say_beside_is_set_by_subnet() {
        let text = "domain: lab.example\n    search: [lab.example, example]\n    mtu: 9000\n    \
                    time_servers: [10.77.0.3]";
        let wanted = LeaseOptions {
            domain: Some("lab.example".parse().unwrap()),
            search: vec!["lab.example".parse().unwrap(), "example".parse().unwrap()],
            mtu: Some(9000),
            time_servers: vec!["10.77.0.3".parse().unwrap()],
        };
        assert_eq!(options(text), Ok(wanted));
        assert_eq!(options("mode: proxy"), Ok(LeaseOptions::default()));
    }

    #[test]
    fn what_no_lease_can_carry_is_refused_with_its_line() {
        let many = |what: &str, times: usize| format!("[{}]", vec![what; times].join(", "));
        let (servers, domains) = (many("10.77.0.3", 9), many("example", 7));
        for (text, wanted) in [
            (
                "domain: lab_1",
                "subnets.domain: wanted a domain such as lab.example",
            ),
            (
                "search: [lab, '-']",
                "subnets.search: wanted a domain such as lab.example",
            ),
            (
                "mtu: 575",
                "subnets.mtu: wanted 576 to 65535 bytes, got \"575\"",
            ),
            (
                "time_servers: ['fd77::1']",
                "subnets.time_servers: wanted an IPv4 address",
            ),
            (
                &format!("time_servers: {servers}"),
                "subnets.time_servers: wanted at most 8 time servers, got \"9\"",
            ),
            (
                &format!("search: {domains}"),
                "subnets.search: wanted at most 6 domains, got \"7\"",
            ),
        ] {
            let error = options(text).unwrap_err();
            let wanted = format!("drover.yaml:3: {wanted}");
            assert!(
                error.starts_with(&wanted),
                "wanted {wanted:?}, got {error:?}"
            );
        }
    }
}
