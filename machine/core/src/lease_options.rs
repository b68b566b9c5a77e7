//! What leases of a subnet say of its network beside addresses, router and name servers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// What leases say where the settings of the subnet say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaseOptions {
    /// The domain of the hosts (DHCP option 15).
    pub domain: Option<DomainName>,
    /// Where hosts look for names without dots, in this order (option 119).
    pub search: Vec<DomainName>,
    /// The largest packet of the link in bytes (option 26).
    pub mtu: Option<u16>,
    /// The time servers (NTP, option 42), the best first.
    pub time_servers: Vec<IpAddr>,
}

/// A text that is no domain name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted a domain such as lab.example, got {got:?}")]
pub struct ParseDomainError {
    /// What came, at most its first 64 characters.
    pub got: String,
}

/// A domain name: letters, digits and hyphens in labels of 1 to 63, dots between, 253 in all
/// (RFC 1123 §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

impl DomainName {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its labels, the leftmost first.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = ParseDomainError;

    fn from_str(text: &str) -> Result<Self, ParseDomainError> {
        if text.len() <= 253 && text.split('.').all(is_label) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseDomainError {
            got: text.chars().take(64).collect(),
        })
    }
}

fn is_label(label: &str) -> bool {
    let hyphen_at_an_end = label.starts_with('-') || label.ends_with('-');
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len()) && !hyphen_at_an_end && label.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_labels_with_dots_between() {
        let long = ["a".repeat(63).as_str(); 3].join(".");
        for text in ["lab", "lab.example", "A-1.example", long.as_str()] {
            let domain: DomainName = text.parse().unwrap();
            assert_eq!(domain.labels().collect::<Vec<_>>().join("."), text);
        }
        let label = "a".repeat(64);
        let whole = [long.as_str(), long.as_str()].join(".");
        for text in [
            "", "lab.", ".lab", "a..b", "-a", "a-", "a b", "a_b", "ä", &label, &whole,
        ] {
            let error = text.parse::<DomainName>().unwrap_err();
            assert!(error.to_string().starts_with("wanted a domain"), "{error}");
        }
    }
}
